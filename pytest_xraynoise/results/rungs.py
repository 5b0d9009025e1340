"""The rungs of a ladder, and what was measured at each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder.

    Attributes:
        severity: 0 is the clean image, 1 the mildest noise.
        parameter: the main parameter in ``unit``; None at severity 0.
        unit: what the parameter counts: ``photons at white``, ``of full scale``.
        reading: the clinical reading of the rung, a sentence for people.
        parameters: every parameter by its keyword (``{"photons": 60.0}``).
    """

    severity: int
    parameter: float | None
    unit: str
    reading: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The rung in words: ``60 photons at white``; ``clean`` at severity 0."""
        return "clean" if self.parameter is None else f"{self.parameter:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric at one rung, macro value first, then label by label.

    ``drop`` is clean minus noisy for higher-is-better metrics and noisy minus clean for the others,
    so that a positive drop is always a loss. ``low`` and ``high`` bound the drop; they are None at
    severity 0 and where the data define no interval. ``value_low`` and ``value_high`` bound the
    value itself, at severity 0 too. ``draw_sd`` is the standard deviation of the value between the
    draws of the noise; None at severity 0 and where there was one draw.
    """

    value: float
    drop: float
    low: float | None = None
    high: float | None = None
    method: str | None = None
    labels: Mapping[str, MetricValue] = field(default_factory=dict)
    value_low: float | None = None
    value_high: float | None = None
    draw_sd: float | None = None


@dataclass(frozen=True, slots=True)
class RungResult:
    """Everything measured at one rung.

    ``clipped`` is the mean fraction of pixels cut to the intensity range, ``mean_shift`` the mean
    change of the image mean that this caused, in units of full scale.
    """

    rung: Rung
    metrics: Mapping[str, MetricValue]
    clipped: float = 0.0
    mean_shift: float = 0.0

    @property
    def severity(self) -> int:
        """The rung's severity."""
        return self.rung.severity
