"""The metrics that depend on the order of the scores only, for many weights at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from pytest_xraynoise.metrics.averages import ratio

if TYPE_CHECKING:
    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray

    Indices = npt.NDArray[np.intp]


def weighted_auroc_column(
    truth: FloatArray, scores: FloatArray, weights: FloatArray, members: Indices
) -> FloatArray:
    """AUROC of one label: the weighted share of (positive, negative) pairs in the right order.

    A pair with equal scores counts one half (Hanley and McNeil 1982, DOI
    10.1148/radiology.143.1.7063747).

    Args:
        truth: (M,) with 0 and 1.
        scores: (M,) float64, finite.
        weights: (B, N), not negative.
        members: (M,) which of the N samples these are.

    Returns:
        (B,) in [0, 1]; NaN where the weights leave one class only.
    """
    order = np.argsort(scores, kind="stable")
    first, last = _ties(scores[order])
    positive = np.flatnonzero(truth[order] == 1.0)
    w = weights[:, members[order]]
    w_positive = w[:, positive]
    # below[:, i] is the negative weight under the i-th score, with a zero put in front.
    below = np.zeros((len(w), w.shape[1] + 1))
    np.cumsum(np.where(truth[order] == 1.0, 0.0, w), axis=1, out=below[:, 1:])
    beaten = 0.5 * (below[:, first[positive]] + below[:, last[positive] + 1])
    pairs = w_positive.sum(axis=1) * below[:, -1]
    return ratio((w_positive * beaten).sum(axis=1), pairs)


def weighted_precision_column(
    truth: FloatArray, scores: FloatArray, weights: FloatArray, members: Indices
) -> FloatArray:
    """Average precision of one label: the mean over positives of the precision at their score.

    This is the sum over distinct scores of (R_n - R_(n-1)) P_n, equal scores being one step. Only
    steps at which a positive stands add to it, so the samples are first added up from one such step
    to the next, which a sparse matrix does for all resamples in one pass.

    Args:
        truth: (M,) with 0 and 1.
        scores: (M,) float64, finite.
        weights: (B, N), not negative; fastest in Fortran order.
        members: (M,) which of the N samples these are.

    Returns:
        (B,) in [0, 1]; NaN where the weights leave one class only.
    """
    order = np.argsort(-scores, kind="stable")
    first, _last = _ties(scores[order])
    positive = np.flatnonzero(truth[order] == 1.0)
    before = np.concatenate(
        [[0], np.cumsum(np.bincount(first[positive], minlength=len(order)) > 0)]
    )
    # The steps with a positive, counted from 0, and one more for the samples below all of them.
    step = before[first]
    by_sample = np.ascontiguousarray(weights.T)
    said = _sums(step, members[order], before[-1] + 1, len(by_sample)) @ by_sample
    hits = _sums(step[positive], members[order[positive]], before[-1] + 1, len(by_sample))
    hit = hits @ by_sample
    total = hit.sum(axis=0)
    precision = ratio(np.cumsum(hit, axis=0), np.cumsum(said, axis=0))
    area = np.where(hit > 0.0, hit * precision, 0.0).sum(axis=0)
    one_class = total >= said.sum(axis=0)
    return ratio(area, np.where(one_class, 0.0, total))


def weighted_sensitivity_column(
    truth: FloatArray,
    scores: FloatArray,
    weights: FloatArray,
    members: Indices,
    *,
    specificity: float,
) -> FloatArray:
    """Largest sensitivity on the ROC curve of one label at a specificity of at least so much.

    A point of the curve stands at each distinct score and is not interpolated. A positive counts
    where the threshold at its own score keeps the false-positive rate within 1 - specificity.

    Args:
        truth: (M,) with 0 and 1.
        scores: (M,) float64, finite.
        weights: (B, N), not negative.
        members: (M,) which of the N samples these are.
        specificity: in (0, 1].

    Returns:
        (B,) in [0, 1]; NaN where the weights leave one class only.
    """
    order = np.argsort(-scores, kind="stable")
    _first, last = _ties(scores[order])
    positive = np.flatnonzero(truth[order] == 1.0)
    w = weights[:, members[order]]
    w_positive = w[:, positive]
    alarms = np.cumsum(np.where(truth[order] == 1.0, 0.0, w), axis=1)
    negatives = alarms[:, -1:] if alarms.shape[1] else np.zeros((len(w), 1))
    # A level such as 1 - 0.9 is not exact: a billionth of the negatives is no sample.
    allowed = (1.0 - specificity + 1e-9) * negatives
    found = (w_positive * (alarms[:, last[positive]] <= allowed)).sum(axis=1)
    total = w_positive.sum(axis=1)
    return ratio(found, np.where(negatives[:, 0] > 0.0, total, 0.0))


def _sums(step: Indices, members: Indices, steps: int, samples: int) -> csr_array:
    """The matrix (steps, samples) that adds up the samples of each step; ``step`` is in order."""
    bounds = np.searchsorted(step, np.arange(steps + 1))
    return csr_array((np.ones(len(step)), members, bounds), shape=(steps, samples))


def _ties(ordered: FloatArray) -> tuple[Indices, Indices]:
    """First and last position of each element's run of equal values, (N,) each."""
    begins = np.ones(len(ordered), dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(ordered)))
    first = np.repeat(starts, lengths)
    return first, first + np.repeat(lengths, lengths) - 1
