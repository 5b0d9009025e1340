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
        method: how it was made: ``delong`` or ``bootstrap``.
    """

    estimate: float
    low: float
    high: float
    confidence: float = 0.95
    method: str = "bootstrap"


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """One metric along the ladder: ``value``, ``drop``, ``interval`` at a severity; ``by_label``.

    ``rungs`` maps severities to values, 0 being clean.
    """

    name: str
    rungs: Mapping[int, MetricValue]
    confidence: float = 0.95

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
