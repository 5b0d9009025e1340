"""Expected calibration error and Brier score.

===========  ==================  ==================================================================
task         ``ece``             ``brier``
===========  ==================  ==================================================================
binary       of each label's     mean of (p - y)^2 of each label
multilabel   own probability     (Brier 1950, DOI 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2)
multiclass   of the top label's  half the sum over classes of (p_k - y_k)^2, so that two classes
             (Guo et al. 2017)   have the value of the binary task; a class by itself holds
                                 (p_k - y_k)^2
===========  ==================  ==================================================================

Both need one labelled sample. Multiclass values are taken over all samples, and the labels hold
each class against the rest.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from pytest_xraynoise.metrics.averages import mean_of_defined, ratio
from pytest_xraynoise.metrics.columns import Columns, as_columns
from pytest_xraynoise.metrics.per_sample import weighted_means
from pytest_xraynoise.metrics.reading import check_probabilities, read

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray, Reading, Weighted

BINS = 15
"""The bins of Guo et al. 2017 (arXiv 1706.04599)."""


def weighted_ece(
    targets: FloatArray, scores: FloatArray, weights: FloatArray, *, ece_bins: int = BINS
) -> tuple[FloatArray, FloatArray]:
    """Expected calibration error over bins that hold equally many samples.

    The sum over bins of |sum of (p - y)| / N: how far the mean probability of a bin is from the
    share that is present in it. Bins of equal mass do not leave most bins empty where most
    probabilities are small (Nixon et al. 2019, arXiv 1904.01685). Equal probabilities share a bin,
    so the order of the samples plays no part. The bins are those of the scores at hand, of each
    rung by itself, and the same in all resamples.

    Args:
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`.
        scores: (N,) or (N, K) probabilities, likewise.
        weights: (B, N), the weight of each sample in each of B resamples.
        ece_bins: how many bins.

    Returns:
        The macro value (B,) and the value of each label (B, K), NaN where undefined.
    """
    columns = as_columns(targets, scores)
    by_sample = np.ascontiguousarray(weights.T)
    truth = columns.truth.astype(np.float64)
    by_label = np.empty((len(weights), columns.scores.shape[1]))
    for k in range(by_label.shape[1]):
        known = np.flatnonzero(columns.labelled[:, k])
        by_label[:, k] = _ece(columns.scores[known, k], truth[known, k], known, by_sample, ece_bins)
    if not columns.exclusive:
        return mean_of_defined(by_label), by_label
    known = np.flatnonzero(columns.labelled[:, 0])
    top = columns.scores[known].argmax(axis=1)
    hit = truth[known, top]
    return _ece(columns.scores[known, top], hit, known, by_sample, ece_bins), by_label


def weighted_brier(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean squared distance of the probabilities from what is true.

    Arguments and result as in :func:`weighted_ece`.
    """
    columns = as_columns(targets, scores)
    squares = np.where(columns.labelled, (columns.scores - columns.truth) ** 2, np.nan)
    macro, by_label = weighted_means(squares, weights)
    if columns.exclusive:
        macro = weighted_means(0.5 * squares.sum(axis=1, keepdims=True), weights)[0]
    return macro, by_label


def ece(targets: FloatArray, scores: FloatArray, *, ece_bins: int = BINS) -> Reading:
    """Expected calibration error, 0 (calibrated) to 1.

    Raises:
        MetricError: if shapes or values do not fit, a score is no probability, or nothing is
            labelled.
    """
    return _read(partial(weighted_ece, ece_bins=ece_bins), targets, scores)


def brier(targets: FloatArray, scores: FloatArray) -> Reading:
    """Brier score, 0 to 1; equals ``sklearn.metrics.brier_score_loss(..., scale_by_half=True)``.

    Raises:
        MetricError: as :func:`ece` does.
    """
    return _read(weighted_brier, targets, scores)


def _read(weighted: Weighted, targets: FloatArray, scores: FloatArray) -> Reading:
    check_probabilities(scores, "to be compared with what is true")
    reading = read(weighted, targets, scores, needs="any")
    columns: Columns = as_columns(targets, scores)
    return replace(reading, excluded={}) if columns.exclusive else reading


def _ece(
    probability: FloatArray,
    truth: FloatArray,
    members: np.ndarray[tuple[int], np.dtype[np.intp]],
    by_sample: FloatArray,
    bins: int,
) -> FloatArray:
    """One column in all resamples; weights (N, B) with the samples along the rows."""
    count, order = len(probability), np.argsort(probability, kind="stable")
    if not count:
        return np.full(by_sample.shape[1], np.nan)
    ordered = probability[order]
    begins = np.ones(count, dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(count), 0))
    bounds = np.searchsorted(first * bins // count, np.arange(bins + 1))
    gaps = (probability - truth)[order]
    matrix = csr_array((gaps, members[order], bounds), shape=(bins, len(by_sample)))
    return ratio(np.abs(matrix @ by_sample).sum(axis=0), by_sample[members].sum(axis=0))
