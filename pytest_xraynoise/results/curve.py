"""One metric along a ladder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.results.rungs import MetricValue


@dataclass(frozen=True, slots=True)
class Interval:
    """A drop with its two-sided confidence interval.

    Attributes:
        estimate: the drop itself, metric on clean minus metric at the rung (increase for
            lower-is-better metrics).
        low, high: ends of the interval.
        confidence: its level, 0.95 by default.
        method: how it was made: ``delong``, ``bootstrap``, or ``bootstrap by group``.
    """

    estimate: float
    low: float
    high: float
    confidence: float = 0.95
    method: str = "bootstrap"


@dataclass(frozen=True, slots=True, repr=False)
class MetricCurve:
    """One metric along the ladder: ``value``, ``drop``, ``interval`` at a severity; ``by_label``.

    ``rungs`` maps severities to values, 0 being clean.
    """

    name: str
    rungs: Mapping[int, MetricValue]
    confidence: float = 0.95

    def __repr__(self) -> str:
        """Short, for it stands in the explanation of an assertion that failed."""
        values = ", ".join(f"{s}: {self.rungs[s].value:.3f}" for s in sorted(self.rungs))
        return f"<{self.name} by severity: {values}>"

    def _at(self, severity: int) -> MetricValue:
        if severity not in self.rungs:
            have = ", ".join(str(s) for s in sorted(self.rungs))
            raise SpecError(f"severity {severity} was not run; this ladder has severities {have}")
        return self.rungs[severity]

    def value(self, *, severity: int) -> float:
        """The metric at ``severity`` (0 = clean)."""
        return self._at(severity).value

    def drop(self, *, severity: int) -> float:
        """Clean minus noisy (the increase for lower-is-better metrics); positive is a loss."""
        return self._at(severity).drop

    def interval(self, *, severity: int) -> Interval:
        """The paired interval of the drop.

        Raises:
            SpecError: at severity 0, or where the data define no interval.
        """
        at = self._at(severity)
        if at.low is None or at.high is None:
            raise SpecError(f"{self.name} has no interval at severity {severity}")
        return Interval(at.drop, at.low, at.high, self.confidence, at.method or "bootstrap")

    def value_interval(self, *, severity: int) -> Interval:
        """The interval of the value itself, at severity 0 too.

        Raises:
            SpecError: where the data define no interval.
        """
        at = self._at(severity)
        if at.value_low is None or at.value_high is None:
            raise SpecError(f"{self.name} has no interval of its value at severity {severity}")
        method = at.method or "bootstrap"
        return Interval(at.value, at.value_low, at.value_high, self.confidence, method)

    def draw_sd(self, *, severity: int) -> float:
        """Standard deviation of the value between the draws of the noise.

        Raises:
            SpecError: at severity 0, and where the noise was drawn once only.
        """
        at = self._at(severity)
        if at.draw_sd is None:
            raise SpecError(
                f"{self.name} has no spread between draws at severity {severity}; run the ladder "
                "with repeats=2 or more"
            )
        return at.draw_sd

    @property
    def worst_severity(self) -> int:
        """The severity with the largest drop (the mildest such one); 0 when only clean was run."""
        noisy = [s for s in self.rungs if s > 0 and not math.isnan(self.rungs[s].drop)]
        return max(sorted(noisy), key=lambda s: self.rungs[s].drop, default=0)

    @property
    def by_label(self) -> Mapping[str, MetricCurve]:
        """The same curve for each label."""
        names = {label: None for value in self.rungs.values() for label in value.labels}
        return {
            label: MetricCurve(
                label,
                {s: v.labels[label] for s, v in self.rungs.items() if label in v.labels},
                self.confidence,
            )
            for label in names
        }
