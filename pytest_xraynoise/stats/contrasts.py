"""Anything that is made of the clean value and the drops of one ladder, with its uncertainty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.stats.distribution import Distribution
from pytest_xraynoise.stats.resampling import MAX_UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pytest_xraynoise.results import Spread

    FloatArray = npt.NDArray[np.float64]

CLEAN = 0
"""Stands for the clean value among the severities of a combination."""


def combination(spread: Spread, parts: Mapping[int, float], estimate: float) -> Distribution | None:
    """A weighted sum of the clean value (key 0) and of drops (keys: their severities).

    Args:
        spread: the joint uncertainty.
        parts: weights; ``{0: 1, 3: -1}`` is clean minus drop, the value at severity 3.
        estimate: the number itself.

    Returns:
        None where the resamples leave it undefined.
    """
    weights = _weights(spread, parts)
    if spread.covariance is not None:
        variance = float(weights @ spread.covariance @ weights)
        return Distribution(estimate, math.sqrt(max(0.0, variance)), None, spread.method)
    return _of(spread, _summed(spread, weights), estimate)


def share_of_clean(
    spread: Spread, parts: Mapping[int, float], clean: float, estimate: float
) -> Distribution | None:
    """A weighted sum of drops divided by the size of the clean value.

    Bootstrap: the ratio in each resample. DeLong: the delta method for a ratio with the covariance
    of both, Var(u / c) = Var(u - r c) / c^2 at r = u / c (Casella and Berger 2002, section 5.5.4).

    Args:
        spread: the joint uncertainty.
        parts: weights of the drops by severity.
        clean: the clean value, not 0.
        estimate: the ratio.
    """
    weights = _weights(spread, parts)
    if spread.covariance is not None:
        weights[0] -= estimate * math.copysign(1.0, clean)
        variance = float(weights @ spread.covariance @ weights) / clean**2
        method = f"{spread.method}, delta method"
        return Distribution(estimate, math.sqrt(max(0.0, variance)), None, method)
    assert spread.resampled is not None  # noqa: S101  (a spread has one of the two)
    below = np.abs(spread.resampled[0])
    ratios = np.full(len(below), np.nan)
    np.divide(_summed(spread, weights), below, out=ratios, where=below > 0.0)
    return _of(spread, ratios, estimate)


def _weights(spread: Spread, parts: Mapping[int, float]) -> FloatArray:
    weights = np.zeros(1 + len(spread.severities))
    for severity, weight in parts.items():
        place = 0 if severity == CLEAN else 1 + spread.severities.index(severity)
        weights[place] += weight
    return weights


def _summed(spread: Spread, weights: FloatArray) -> FloatArray:
    assert spread.resampled is not None  # noqa: S101  (a spread has one of the two)
    used = np.flatnonzero(weights)  # a resample that leaves another rung undefined does not matter
    total: FloatArray = weights[used] @ spread.resampled[used]
    return total


def _of(spread: Spread, values: FloatArray, estimate: float) -> Distribution | None:
    if not values.size or float(np.isnan(values).mean()) > MAX_UNDEFINED:
        return None
    return Distribution(estimate, None, values, spread.method)
