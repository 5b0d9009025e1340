"""Interval of the difference of two AUROCs measured on the same samples.

DeLong, DeLong and Clarke-Pearson 1988 (DOI 10.2307/2531595), computed from midranks in O(n log n)
as in Sun and Xu 2014 (DOI 10.1109/LSP.2014.2337313).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.results import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Components:
    """Structural components of one AUROC on N samples.

    Attributes:
        auroc: the area, ties counted as one half.
        placement: (N,) float64. For a positive, the share of negatives that it beats; for a
            negative, the share of positives that beat it; NaN where the sample is not labelled.
        positive: (N,) bool.
        negative: (N,) bool.
    """

    auroc: float
    placement: FloatArray
    positive: npt.NDArray[np.bool_]
    negative: npt.NDArray[np.bool_]


def components(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Components:
    """Structural components of an AUROC, by midranks.

    Args:
        targets: (N,) with 0, 1, and NaN or -1 for not labelled.
        scores: (N,), finite where labelled; larger means more likely positive.

    Raises:
        MetricError: if shapes differ, a target is another value, a score is not finite, or a class
            is missing.
    """
    y, s = _checked(targets, scores)
    positive, negative = y == 1.0, y == 0.0
    x, z = s[positive], s[negative]
    if not (len(x) and len(z)):
        raise MetricError(
            f"an AUROC needs both classes; got {len(x)} positive and {len(z)} negative samples"
        )
    ranks = midranks(np.concatenate([x, z]))
    placement = np.full(len(y), np.nan)
    placement[positive] = (ranks[: len(x)] - midranks(x)) / len(z)
    placement[negative] = 1.0 - (ranks[len(x) :] - midranks(z)) / len(x)
    return Components(float(placement[positive].mean()), placement, positive, negative)


def midranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, equal values sharing the mean of their ranks. (N,) to (N,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - 0.5 * (counts - 1)
    ranks: FloatArray = mean_rank[inverse]
    return ranks


def difference(
    clean: Sequence[Components], noisy: Sequence[Components], confidence: float = 0.95
) -> Interval:
    """Interval of mean AUROC(clean) - mean AUROC(noisy) over one or more labels.

    The deviations of the structural components are added up over labels for each sample before
    they are squared, so that the correlation between clean and noisy scores, and between labels
    that share samples, is in the variance. For one label this is DeLong's variance exactly.

    Args:
        clean: the components of each label on clean images.
        noisy: the same labels in the same order, of the same samples.
        confidence: level of the two-sided interval, in (0, 1).

    Raises:
        MetricError: if a label has fewer than two positives or two negatives; its variance is then
            not defined.
        SpecError: if ``confidence`` is not in (0, 1).
    """
    check_confidence(confidence)
    deviation = np.zeros(len(clean[0].placement))
    estimate = 0.0
    for k, (a, b) in enumerate(zip(clean, noisy, strict=True)):
        gap = a.placement - b.placement
        estimate += (a.auroc - b.auroc) / len(clean)
        for members in (a.positive, a.negative):
            n = int(members.sum())
            if n < 2:
                raise MetricError(
                    "the variance of an AUROC needs two positive and two negative samples; label "
                    f"{k} has {int(a.positive.sum())} positive and {int(a.negative.sum())} negative"
                )
            centred = gap[members] - gap[members].mean()
            deviation[members] += centred / (math.sqrt(n * (n - 1)) * len(clean))
    error = float(np.sqrt(np.sum(deviation**2)))
    half = NormalDist().inv_cdf(0.5 + confidence / 2.0) * error
    return Interval(estimate, estimate - half, estimate + half, confidence, "delong")


def delong(
    targets: npt.ArrayLike,
    clean_scores: npt.ArrayLike,
    noisy_scores: npt.ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """AUROC(clean) - AUROC(noisy) on the same samples, with DeLong's interval.

    The interval is the normal one, estimate -+ z SE, and is not cut to [-1, 1].

    Args:
        targets: (N,) with 0, 1, and NaN or -1 for not labelled (such samples are left out).
        clean_scores: (N,), larger means more likely positive.
        noisy_scores: (N,), of the same samples.
        confidence: level of the two-sided interval, in (0, 1).

    Raises:
        MetricError: if shapes or values do not fit, or there are fewer than two positives or two
            negatives.
        SpecError: if ``confidence`` is not in (0, 1).
    """
    clean, noisy = components(targets, clean_scores), components(targets, noisy_scores)
    return difference([clean], [noisy], confidence)


def delong_macro(
    targets: npt.ArrayLike,
    clean_scores: npt.ArrayLike,
    noisy_scores: npt.ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Macro AUROC(clean) - macro AUROC(noisy), labels correlated through the samples they share.

    Args:
        targets: (N, K) with 0, 1, and NaN or -1 for not labelled.
        clean_scores: (N, K), larger means more likely positive.
        noisy_scores: (N, K), of the same samples.
        confidence: level of the two-sided interval, in (0, 1).

    Raises:
        MetricError: if shapes or values do not fit, or a label has fewer than two positives or two
            negatives: leave such labels out of all three arrays.
        SpecError: if ``confidence`` is not in (0, 1).
    """
    y, a, b = (np.asarray(v, dtype=np.float64) for v in (targets, clean_scores, noisy_scores))
    if not y.shape == a.shape == b.shape or len(y.shape) != 2 or not y.shape[1]:
        raise MetricError(
            f"expected targets and scores of one shape (N, K), got {y.shape}, {a.shape}, {b.shape}"
        )
    clean = [components(y[:, k], a[:, k]) for k in range(y.shape[1])]
    noisy = [components(y[:, k], b[:, k]) for k in range(y.shape[1])]
    return difference(clean, noisy, confidence)


def check_confidence(confidence: float) -> None:
    """Refuse a level that is not in (0, 1)."""
    if not 0.0 < confidence < 1.0:
        raise SpecError(f"confidence must be between 0 and 1, got {confidence}; 0.95 is usual")


def _checked(targets: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    y, s = np.asarray(targets, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if y.shape != s.shape or len(y.shape) != 1:
        raise MetricError(
            f"expected targets and scores of one shape (N,), got {y.shape}, {s.shape}"
        )
    labelled = ~(np.isnan(y) | (y == -1.0))
    odd = y[labelled & (y != 0.0) & (y != 1.0)]
    if odd.size:
        raise MetricError(f"targets must be 0, 1, or NaN or -1 for not labelled; got {odd[0]:g}")
    bad = int((~np.isfinite(s[labelled])).sum())
    if bad:
        raise MetricError(f"{bad} scores are NaN or infinite; an AUROC needs finite scores")
    return y, s
