"""The covariance of one AUROC along a ladder, from its structural components."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pytest_xraynoise.stats.correlated_roc import Components

    FloatArray = npt.NDArray[np.float64]


def ladder_deviations(clean: Components, noisy: Sequence[Components]) -> FloatArray:
    """What each sample contributes to the variance of the clean AUROC and of each drop.

    The products of these rows, summed over samples, are the covariances of DeLong, DeLong and
    Clarke-Pearson 1988 (DOI 10.2307/2531595). Rows of several labels may be averaged first, which
    gives those of their macro mean.

    Args:
        clean: components on clean images, with two positives and two negatives at least.
        noisy: components of the same samples at S rungs.

    Returns:
        (1 + S, N) float64: the clean AUROC, then clean minus noisy at each rung.
    """
    rows = np.zeros((1 + len(noisy), len(clean.placement)))
    for members in (clean.positive, clean.negative):
        n = int(members.sum())
        scale = 1.0 / math.sqrt(n * (n - 1))
        before = clean.placement[members]
        rows[0, members] = (before - before.mean()) * scale
        for row, part in zip(rows[1:], noisy, strict=True):
            gap = before - part.placement[members]
            row[members] = (gap - gap.mean()) * scale
    return rows


def pooled(draws: Sequence[Components]) -> Components:
    """The mean of the same AUROC over several draws of the noise.

    The mean of AUROCs is itself a U-statistic whose components are the means of theirs, so that
    DeLong's variance of it needs nothing else.
    """
    if len(draws) == 1:
        return draws[0]
    from pytest_xraynoise.stats.correlated_roc import Components

    first = draws[0]
    placement = np.mean([part.placement for part in draws], axis=0)
    auroc = float(np.mean([part.auroc for part in draws]))
    return Components(auroc, placement, first.positive, first.negative)
