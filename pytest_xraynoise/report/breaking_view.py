"""The breaking point as the page says it: with its interval and its clinical reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.breaking import breaking_line
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import exact

if TYPE_CHECKING:
    from pytest_xraynoise.results import BreakingPoint, LadderResult


def breaking_words(result: LadderResult) -> str:
    """The breaking point, the interval where the sentence lacks it, and what it means clinically.

    Empty without a breaking point.
    """
    point, line = result.breaking_point, breaking_line(result)
    if point is None:
        return line
    parts = [line]
    span = _interval(point)
    if span and "interval" not in point.reading:
        parts.append(f"{100 * point.confidence:g}% interval of the breaking point: {span}")
    if point.parameter is not None and point.clinical:
        parts.append(f"There: {one_line(point.clinical)}")
    return ". ".join(parts)


def _interval(point: BreakingPoint) -> str:
    low, high = (None if end is None else exact(float(f"{end:.3g}")) for end in _ends(point))
    if low is None:
        return "" if high is None else f"up to {high} {one_line(point.unit)}"
    return (
        f"from {low} {one_line(point.unit)}"
        if high is None
        else (f"{low} to {high} {one_line(point.unit)}")
    )


def _ends(point: BreakingPoint) -> tuple[float | None, float | None]:
    return (None, None) if point.parameter is None else (point.low, point.high)
