"""AUROC, average precision, accuracy and F1, for one set of weights or for thousands.

Each metric is written once, as a function of sample weights: with weights of one it gives the
value, with resampling counts the bootstrap. The macro value is the mean over the labels that define
the metric (over all samples for multiclass accuracy). Multiclass AUROC and average precision are
one class against the rest.

======================  ===========================================================================
``auroc``               needs a positive and a negative sample of the label
``average_precision``   the same; with positives only it would be 1 whatever the scores say
``accuracy``            needs a labelled sample, one class is enough
``f1``                  needs a positive sample: without one it is 0 or 0/0 whatever the scores say
======================  ===========================================================================
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.averages import mean_of_defined, ratio
from pytest_xraynoise.metrics.base import Reading
from pytest_xraynoise.metrics.columns import Columns, NoLabelLeftError, as_columns
from pytest_xraynoise.metrics.ranking import weighted_auroc_column, weighted_precision_column

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray, Weighted

THRESHOLD = 0.5
"""A label is said to be present where its probability is above this (the usual ``p > 0.5``)."""


def weighted_auroc(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Area under the ROC curve, ties counted as one half.

    Args:
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`.
        scores: (N,) or (N, K), likewise.
        weights: (B, N), the weight of each sample in each of B resamples.

    Returns:
        The macro value (B,) and the value of each label (B, K), NaN where undefined.
    """
    by_label = _by_ranking(weighted_auroc_column, as_columns(targets, scores), weights)
    return mean_of_defined(by_label), by_label


def weighted_average_precision(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Average precision: the area under the precision-recall curve in steps, not interpolated.

    Arguments and result as in :func:`weighted_auroc`.
    """
    by_label = _by_ranking(weighted_precision_column, as_columns(targets, scores), weights)
    return mean_of_defined(by_label), by_label


def weighted_accuracy(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of labelled samples that are predicted right at the threshold 0.5.

    Multiclass: top-1 accuracy over all samples, and the recall of each class as its value.
    Arguments and result as in :func:`weighted_auroc`.
    """
    columns = as_columns(targets, scores)
    predicted = columns.predicted(THRESHOLD)
    if columns.exclusive:
        hit = predicted & columns.truth
        by_label = ratio(weights @ hit.astype(float), weights @ columns.truth.astype(float))
        labelled = columns.labelled[:, 0].astype(float)
        return ratio(weights @ hit.any(axis=1).astype(float), weights @ labelled), by_label
    right = (predicted == columns.truth) & columns.labelled
    by_label = ratio(weights @ right.astype(float), weights @ columns.labelled.astype(float))
    return mean_of_defined(by_label), by_label


def weighted_f1(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), at the threshold 0.5.

    Arguments and result as in :func:`weighted_auroc`.
    """
    columns = as_columns(targets, scores)
    predicted = columns.predicted(THRESHOLD) & columns.labelled
    positive = weights @ columns.truth.astype(float)
    hit = weights @ (predicted & columns.truth).astype(float)
    by_label = ratio(2.0 * hit, positive + weights @ predicted.astype(float))
    by_label[positive == 0.0] = np.nan
    return mean_of_defined(by_label), by_label


def auroc(targets: FloatArray, scores: FloatArray) -> Reading:
    """Area under the ROC curve; equals ``sklearn.metrics.roc_auc_score`` of each label.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    return _read(weighted_auroc, targets, scores, needs_both=True)


def average_precision(targets: FloatArray, scores: FloatArray) -> Reading:
    """Average precision; equals ``sklearn.metrics.average_precision_score`` of each label.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    return _read(weighted_average_precision, targets, scores, needs_both=True)


def accuracy(targets: FloatArray, scores: FloatArray) -> Reading:
    """Accuracy at the threshold 0.5, top-1 for multiclass (then labels hold the recall of a class).

    Raises:
        MetricError: if shapes or values do not fit, a score is no probability, or nothing is
            labelled.
    """
    _check_probabilities(scores)
    reading = _read(weighted_accuracy, targets, scores)
    if as_columns(targets, scores).exclusive:  # over all samples: no class is left out of it
        return replace(reading, excluded={})
    return reading


def f1(targets: FloatArray, scores: FloatArray) -> Reading:
    """F1 at the threshold 0.5 (argmax for multiclass), averaged over labels that have a positive.

    Raises:
        MetricError: if shapes or values do not fit, a score is no probability, or no label has a
            positive sample.
    """
    _check_probabilities(scores)
    return _read(weighted_f1, targets, scores)


def _by_ranking(
    of_column: Callable[[FloatArray, FloatArray, FloatArray, npt.NDArray[np.intp]], FloatArray],
    columns: Columns,
    weights: FloatArray,
) -> FloatArray:
    values = np.full((len(weights), columns.scores.shape[1]), np.nan)
    for k in range(values.shape[1]):
        known = np.flatnonzero(columns.labelled[:, k])
        truth = columns.truth[known, k].astype(np.float64)
        values[:, k] = of_column(truth, columns.scores[known, k], weights, known)
    return values


def _read(
    weighted: Weighted, targets: FloatArray, scores: FloatArray, *, needs_both: bool = False
) -> Reading:
    columns = as_columns(targets, scores)
    macro, by_label = weighted(targets, scores, np.ones((1, len(columns.scores))))
    values = by_label[0]
    reasons: dict[int | str, str] = {
        int(k): _why(int(columns.positives[k]), int(columns.negatives[k]), needs_both)
        for k in np.flatnonzero(np.isnan(values))
    }
    if len(reasons) == len(values):
        raise NoLabelLeftError(reasons)
    labels: dict[int | str, float] = {k: float(v) for k, v in enumerate(values) if not np.isnan(v)}
    return Reading(float(macro[0]), labels, reasons)


def _why(positives: int, negatives: int, needs_both: bool) -> str:
    have = f"{positives} positive and {negatives} negative labelled samples"
    if needs_both:
        return f"{have}, both are needed"
    if positives + negatives == 0:
        return "no labelled sample"
    return f"{have}, a positive one is needed"


def _check_probabilities(scores: FloatArray) -> None:
    s = np.asarray(scores, dtype=np.float64)
    if s.size and not (s.min() >= 0.0 and s.max() <= 1.0):
        raise MetricError(
            f"scores must be probabilities in [0, 1] to be held against the threshold {THRESHOLD}; "
            f"got {s.min():g} to {s.max():g}. Apply a sigmoid or softmax to logits first"
        )
