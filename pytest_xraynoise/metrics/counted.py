"""The metrics that count right and wrong predictions at the threshold 0.5, as sums over samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.metrics.averages import mean_of_defined, ratio
from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.metrics.reading import THRESHOLD
from pytest_xraynoise.metrics.sums import Sums, means

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import Both, FloatArray


def accuracy_sums(targets: FloatArray, scores: FloatArray) -> Sums:
    """Accuracy; for multiclass over all samples, with the recall of each class."""
    columns = as_columns(targets, scores)
    predicted = columns.predicted(THRESHOLD)
    if not columns.exclusive:
        right = (predicted == columns.truth).astype(np.float64)
        return means(np.where(columns.labelled, right, np.nan))
    hit = predicted & columns.truth
    classes = hit.shape[1]

    def combine(sums: FloatArray) -> Both:
        by_label = ratio(sums[:, :classes], sums[:, classes : 2 * classes])
        return ratio(sums[:, -2], sums[:, -1]), by_label

    parts = [hit, columns.truth, hit.any(axis=1, keepdims=True), columns.labelled[:, :1]]
    return Sums(np.hstack(parts).astype(np.float64), combine)


def balanced_accuracy_sums(targets: FloatArray, scores: FloatArray) -> Sums:
    """Balanced accuracy; for multiclass the mean recall of the classes that occur."""
    columns = as_columns(targets, scores)
    predicted = columns.predicted(THRESHOLD)
    truth, absent = columns.truth, columns.labelled & ~columns.truth
    labels = truth.shape[1]
    exclusive = columns.exclusive

    def combine(sums: FloatArray) -> Both:
        found, present, spared, without = (sums[:, k * labels : (k + 1) * labels] for k in range(4))
        by_label = ratio(found, present)
        if not exclusive:
            by_label = 0.5 * (by_label + ratio(spared, without))
        return mean_of_defined(by_label), by_label

    parts = [predicted & truth, truth, absent & ~predicted, absent]
    return Sums(np.hstack(parts).astype(np.float64), combine)


def f1_sums(targets: FloatArray, scores: FloatArray) -> Sums:
    """F1, undefined where no positive sample is drawn."""
    columns = as_columns(targets, scores)
    predicted = columns.predicted(THRESHOLD) & columns.labelled
    labels = predicted.shape[1]

    def combine(sums: FloatArray) -> Both:
        hit, positive, said = (sums[:, k * labels : (k + 1) * labels] for k in range(3))
        by_label = ratio(2.0 * hit, positive + said)
        by_label[positive == 0.0] = np.nan
        return mean_of_defined(by_label), by_label

    parts = [predicted & columns.truth, columns.truth, predicted]
    return Sums(np.hstack(parts).astype(np.float64), combine)
