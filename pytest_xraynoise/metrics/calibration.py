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
from pytest_xraynoise.metrics.reading import check_probabilities, read
from pytest_xraynoise.metrics.sums import Sums, means

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import Both, FloatArray, Reading, Weighted

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
    return ece_of(targets, scores, ece_bins)(np.ascontiguousarray(weights.T))


def ece_of(
    targets: FloatArray, scores: FloatArray, bins: int
) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """The bins of :func:`weighted_ece`, made once.

    Returns:
        A function of weights (N, B) in C order, that gives the macro value and those of the labels.
    """
    columns = as_columns(targets, scores)
    known = [np.flatnonzero(each) for each in columns.labelled.T]
    truth = columns.truth.astype(np.float64)
    parts = [(columns.scores[m, k], truth[m, k], m) for k, m in enumerate(known)]
    if columns.exclusive:  # and the top class, after all of them
        top = columns.scores[known[0]].argmax(axis=1)
        parts.append((columns.scores[known[0], top], truth[known[0], top], known[0]))
    matrices = [_gaps(*part, bins, len(truth)) for part in parts]
    labelled = np.zeros((len(parts), len(truth)))
    for row, (_, _, members) in zip(labelled, parts, strict=True):
        row[members] = 1.0

    def weighted(by_sample: FloatArray) -> tuple[FloatArray, FloatArray]:
        gaps = np.stack([np.abs(each @ by_sample).sum(axis=0) for each in matrices])
        values = ratio(gaps, labelled @ by_sample).T
        if columns.exclusive:
            return values[:, -1], values[:, :-1]
        return mean_of_defined(values), values

    return weighted


def weighted_brier(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean squared distance of the probabilities from what is true.

    Arguments and result as in :func:`weighted_ece`.
    """
    return brier_sums(targets, scores).weighted(weights)


def brier_sums(targets: FloatArray, scores: FloatArray) -> Sums:
    """The Brier score, as sums over samples."""
    columns = as_columns(targets, scores)
    squares = np.where(columns.labelled, (columns.scores - columns.truth) ** 2, np.nan)
    if not columns.exclusive:
        return means(squares)
    both = means(np.column_stack([0.5 * squares.sum(axis=1), squares]))

    def combine(sums: FloatArray) -> Both:
        values = both.combine(sums)[1]
        return values[:, 0], values[:, 1:]

    return Sums(both.columns, combine)


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


def _gaps(
    probability: FloatArray, truth: FloatArray, members: npt.NDArray[np.intp], bins: int, size: int
) -> csr_array:
    """The matrix (bins, N) that adds up what each bin's probabilities are above the truth."""
    count, order = len(probability), np.argsort(probability, kind="stable")
    ordered = probability[order]
    begins = np.ones(count, dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(count), 0))
    bounds = np.searchsorted(first * bins // max(count, 1), np.arange(bins + 1))
    gaps = (probability - truth)[order]
    return csr_array((gaps, members[order], bounds), shape=(bins, size))
