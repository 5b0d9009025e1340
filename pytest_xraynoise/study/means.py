"""Means of drops over models that saw the same images, and how sure one can be of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import Interval, LadderResult

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with the largest standard error that it can have.

    The models saw the same images with the same noise, so their drops are correlated in a way
    that is not measured here. The standard error of a sum is at most the sum of the standard
    errors, whatever the correlation (Minkowski's inequality); that bound is taken, so that the
    unknown correlation makes intervals too wide and tests too careful, never the other way. The
    error is that of the images alone: another training of the same models is not in it.
    """

    value: float
    error: float
    count: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """A normal interval that holds at least ``confidence``."""
        reach = _NORMAL.inv_cdf((1 + confidence) / 2) * self.error
        return self.value - reach, self.value + reach

    def negated(self) -> Mean:
        """The mean of the opposite."""
        return Mean(-self.value, self.error, self.count)

    def minus(self, other: Mean) -> Mean:
        """The difference, with the same bound."""
        return Mean(self.value - other.value, self.error + other.error, self.count)

    @property
    def p_above(self) -> float:
        """One-sided p-value of "the true value is at most 0"."""
        if self.error == 0:
            return 0.0 if self.value > 0 else 1.0
        return 1.0 - _NORMAL.cdf(self.value / self.error)


def drop_of(
    result: LadderResult, metric: str, severity: int, label: str | None = None
) -> Mean | None:
    """A drop and its standard error, from the interval that is kept; None where there is none."""
    curve = result.metric(metric)
    if label is not None:
        if label not in curve.by_label:
            return None
        curve = curve.by_label[label]
    if severity not in curve.rungs:
        return None
    at = curve.rungs[severity]
    if at.low is None or at.high is None or not math.isfinite(at.drop):
        return None
    return of_interval(curve.interval(severity=severity))


def of_interval(found: Interval) -> Mean:
    """A drop and its standard error, from its interval, taken as a normal one."""
    width = 2 * _NORMAL.inv_cdf((1 + found.confidence) / 2)
    return Mean(found.estimate, (found.high - found.low) / width, 1)


def mean_of(drops: Sequence[Mean]) -> Mean | None:
    """The mean of several, None of none."""
    if not drops:
        return None
    count = len(drops)
    return Mean(sum(d.value for d in drops) / count, sum(d.error for d in drops) / count, count)
