"""How uncertain one number is: its interval, and one-sided tests at a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

TIE = 1e-12
"""What subtracting two metrics may leave behind; within this a number is the limit itself."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One estimated number with a standard error (normal) or its resamples (bootstrap).

    Attributes:
        estimate: the number.
        error: its standard error; None with ``resampled``.
        resampled: (B,), NaN where a resample does not define it; None with ``error``.
        method: how it was made.
    """

    estimate: float
    error: float | None = None
    resampled: FloatArray | None = None
    method: str = "bootstrap"

    @property
    def certain(self) -> bool:
        """Whether nothing varies: no standard error, or resamples that are all alike."""
        if self.resampled is None:
            return (self.error or 0.0) <= TIE
        values = self.resampled[self.resampled == self.resampled]
        return not len(values) or float(values.max() - values.min()) <= TIE

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """Two-sided interval: estimate -+ z SE, or the percentiles of the resamples.

        None where more than a quarter of the resamples do not define the number.
        """
        if self.resampled is not None:
            from pytest_xraynoise.stats.resampling import percentile_interval

            return percentile_interval(self.resampled, confidence)
        if self.error is None:
            return None
        half = quantile(0.5 + confidence / 2.0) * self.error
        return self.estimate - half, self.estimate + half

    def p_above(self, limit: float) -> float:
        """One-sided p-value against "the true number is at most ``limit``"; small: it is above.

        Normal: the tail beyond (estimate - limit) / SE. Bootstrap: (1 + b) / (B + 1), where b of
        the B resamples are at most ``limit`` (Davison and Hinkley 1997, section 4.4). That cannot
        be below 1 / (B + 1); where no resample at all lies there, the tail is carried on by a
        normal one of the resamples' own standard deviation, so that the smallest of many looks can
        still pass Holm's first step.
        """
        return self._tail(limit, above=True)

    def p_below(self, limit: float) -> float:
        """One-sided p-value against "the true number is above ``limit``"; small: it is not."""
        return self._tail(limit, above=False)

    def mirrored(self) -> Distribution:
        """That of the number with its sign turned."""
        turned = None if self.resampled is None else -self.resampled
        return Distribution(-self.estimate, self.error, turned, self.method)

    def _tail(self, limit: float, *, above: bool) -> float:
        sign = 1.0 if above else -1.0
        distance = sign * (self.estimate - limit)
        if abs(distance) <= TIE:
            distance = 0.0
        if self.resampled is None:
            return _normal_tail(distance, self.error or 0.0, kept=not above)
        values = self.resampled[self.resampled == self.resampled]  # without NaN
        crossed = values <= limit + TIE if above else values > limit + TIE
        count = int(crossed.sum())
        p = (1 + count) / (len(values) + 1)
        if count:
            return p
        return min(p, _normal_tail(distance, float(values.std()), kept=not above))


def _normal_tail(distance: float, error: float, *, kept: bool) -> float:
    if error <= TIE:  # no uncertainty: a number at its limit keeps it
        return 0.0 if distance > 0.0 or (distance == 0.0 and kept) else 1.0
    return 0.5 * math.erfc(distance / error / math.sqrt(2.0))


def quantile(probability: float) -> float:
    """Of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)


def from_interval(
    estimate: float, low: float, high: float, confidence: float, method: str
) -> Distribution:
    """A normal distribution as wide as an interval that was stored without its resamples."""
    return Distribution(
        estimate, (high - low) / (2.0 * quantile(0.5 + confidence / 2.0)), None, method
    )
