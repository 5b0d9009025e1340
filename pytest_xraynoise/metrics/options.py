"""The words that tune metrics: operating point, levels, bins and tolerances. No NumPy here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.metrics.operating_point import OperatingPoint, parse_operating_point

CLASSIFIER_WORDS = (
    "operating_point",
    "at_sensitivity",
    "at_specificity",
    "specificity_level",
    "ece_bins",
)
"""Words that only a classifier has."""

SEGMENTER_WORDS = ("tolerance",)
"""Words that only a segmentation has."""


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """How the metrics are computed.

    Attributes:
        operating_point: where ``sensitivity`` and ``specificity`` are read.
        specificity_level: of ``sensitivity_at_specificity``, in (0, 1].
        ece_bins: bins of equal mass of ``ece``, from 1.
        tolerance: of ``nsd``, from 0: mm where the pixel pitch is declared, else pixels.
    """

    operating_point: OperatingPoint = field(default_factory=OperatingPoint)
    specificity_level: float = 0.95
    ece_bins: int = 15
    tolerance: float = 2.0

    @property
    def all(self) -> dict[str, Any]:
        """Every option by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def parse_options(
    *,
    operating_point: Any = None,
    at_sensitivity: Any = None,
    at_specificity: Any = None,
    specificity_level: Any = None,
    ece_bins: Any = None,
    tolerance: Any = None,
) -> MetricOptions:
    """The options that a user wrote; None is the default of each.

    Raises:
        SpecError: for a value out of range, or two operating points.
    """
    point = parse_operating_point(
        operating_point, at_sensitivity=at_sensitivity, at_specificity=at_specificity
    )
    given: dict[str, Any] = {"operating_point": point}
    if specificity_level is not None:
        given["specificity_level"] = _level(specificity_level)
    if ece_bins is not None:
        if isinstance(ece_bins, bool) or not isinstance(ece_bins, int) or not 1 <= ece_bins <= 1000:
            raise SpecError(f"ece_bins={ece_bins!r}: expected a whole number from 1 to 1000")
        given["ece_bins"] = ece_bins
    if tolerance is not None:
        number = _number("tolerance", tolerance)
        if number < 0.0:
            raise SpecError(f"tolerance={tolerance!r}: expected a distance from 0, in mm or pixels")
        given["tolerance"] = number
    return MetricOptions(**given)


def _level(value: Any) -> float:
    number = _number("specificity_level", value)
    if not 0.0 < number <= 1.0:
        hint = f"; did you mean {number / 100:g}? (fractions, not percent)" if number > 1 else ""
        raise SpecError(f"specificity_level={value!r}: expected above 0, up to 1{hint}")
    return number


def _number(word: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SpecError(f"{word}={value!r}: expected a finite number")
    return float(value)
