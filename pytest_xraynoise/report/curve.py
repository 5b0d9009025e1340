"""One metric along a ladder as points, with the levels that its limits stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.deciding import value_of
from pytest_xraynoise.report.limits import kind, lower_is_better

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, LimitCheck

_LEAST_SPAN = 0.2  # a change of a hundredth is not to look like a collapse


@dataclass(frozen=True, slots=True)
class Point:
    """The metric at one severity, bounds of its value, and the level of the tightest limit."""

    severity: int
    value: float
    low: float
    high: float
    limit: float | None = None
    broken: bool = False


def points(
    result: LadderResult,
    metric: str,
    label: str | None = None,
    checks: Sequence[LimitCheck] = (),
) -> list[Point]:
    """The curve of ``metric``, its interval carried over from that of the drop.

    The clean value is taken as it is, so the band shows the uncertainty of the *change*: at a rung
    it is clean - high .. clean - low (clean + low .. clean + high where lower is better).
    """
    clean = value_of(result, metric, label, result.severities[0]).value
    lower = lower_is_better(result, metric)
    mine = [check for check in checks if check.metric == metric and check.label == label]
    found = []
    for severity in result.severities:
        at = value_of(result, metric, label, severity)
        low, high = at.value, at.value
        if at.low is not None and at.high is not None and severity > 0:
            ends = (clean + at.low, clean + at.high) if lower else (clean - at.high, clean - at.low)
            low, high = ends
        here = [check for check in mine if check.severity == severity]
        means = [check for check in mine if check.severity is None and severity > 0]
        held = here or means  # a limit on the mean is drawn across the ladder
        levels = [level(check, clean, lower=lower) for check in held]
        known = [at for at in levels if at is not None]
        limit = (min(known) if lower else max(known)) if known else None
        broken = any(check.broken for check in here)
        found.append(Point(severity, at.value, low, high, limit, broken))
    return found


def level(check: LimitCheck, clean: float, *, lower: bool) -> float | None:
    """The value of the metric at which ``check`` is just kept; None for other kinds of limit."""
    sign = 1 if lower else -1
    levels = {
        "drop": clean + sign * check.threshold,
        "increase": clean + check.threshold,
        "relative drop": clean * (1 + sign * check.threshold),
        "minimum": check.threshold,
        "maximum": check.threshold,
    }
    return levels.get(kind(check) or "")


def sparkline(curve: Sequence[Point], *, width: int = 72, height: int = 22) -> str:
    """The points of an SVG polyline for a curve of values, empty if there are fewer than two."""
    shown = [(i, p.value) for i, p in enumerate(curve) if math.isfinite(p.value)]
    if len(shown) < 2:
        return ""
    least, most = min(v for _, v in shown), max(v for _, v in shown)
    span = max(most - least, _LEAST_SPAN)
    step = (width - 6) / (len(curve) - 1)
    return " ".join(
        f"{3 + i * step:.1f},{3 + (most - value) / span * (height - 6):.1f}" for i, value in shown
    )


BLOCKS = "▁▂▃▄▅▆▇█"
"""What :func:`blocks` draws with."""


def blocks(curve: Sequence[Point]) -> str:
    """A curve of values as one character a rung: ``██▇▅▃▂``; a dot where there is no number.

    The scale is that of :func:`sparkline`: it spans at least 0.2.
    """
    shown = [point.value for point in curve if math.isfinite(point.value)]
    if not shown:
        return ""
    most = max(shown)
    span = max(most - min(shown), _LEAST_SPAN)
    step = (len(BLOCKS) - 1) / span
    return "".join(
        BLOCKS[len(BLOCKS) - 1 - round((most - p.value) * step)] if math.isfinite(p.value) else "·"
        for p in curve
    )
