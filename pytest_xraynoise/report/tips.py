"""What a chart says about one rung when it is pointed at."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from pytest_xraynoise.report.deciding import value_of
from pytest_xraynoise.report.text import elide, one_line
from pytest_xraynoise.report.words import decimals_that_differ, interval, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.report.curve import Point
    from pytest_xraynoise.report.plane import Plane
    from pytest_xraynoise.results import LadderResult, LimitCheck

_STATES = {"fail": "broken", "inconclusive": "undecided", "pass": "kept"}
_LONGEST = 60


def tips(
    result: LadderResult,
    metric: str,
    label: str | None,
    checks: Sequence[LimitCheck],
    baseline: Mapping[int, float],
) -> list[list[str]]:
    """Lines for each rung: the noise, the value, its drop and interval, its limits, the baseline.

    ``baseline`` maps severities to the value that a baseline holds.
    """
    mine = [c for c in checks if (c.metric, c.label) == (metric, label)]
    decimals = max(
        (decimals_that_differ(c.observed, c.threshold) for c in mine if c.broken), default=3
    )
    found = []
    for rung in result.rungs:
        at = value_of(result, metric, label, rung.severity)
        lines = [
            f"Severity {rung.severity}: {elide(one_line(rung.rung.label), _LONGEST)}",
            f"{metric_name(metric)} {number(at.value, decimals)}",
        ]
        if rung.severity > 0:
            ends = interval(at.low, at.high, decimals)
            lines.append(f"Drop {number(at.drop, decimals)} {ends}".rstrip())
        lines += [
            f"{elide(one_line(c.limit), _LONGEST)}: {_STATES[c.status]}"
            for c in mine
            if c.severity == rung.severity
        ]
        if math.isfinite(before := baseline.get(rung.severity, math.nan)):
            lines.append(f"Baseline {number(before, decimals)}")
        found.append(lines)
    return found


def hits(plane: Plane, curve: Sequence[Point], texts: Sequence[Sequence[str]]) -> str:
    """SVG markup that answers to the pointer: a rectangle for each rung, with its lines as title.

    A browser shows the titles by itself. ``data-y`` is where the point lies, for the page's script.
    """
    found = []
    for i, (point, lines) in enumerate(zip(curve, texts, strict=True)):
        x, y, width, height = (f"{number:.1f}" for number in plane.column_box(i))
        at = plane.column_box(i)[1] + plane.column_box(i)[3]
        if math.isfinite(point.value):
            at -= plane.y(point.value) - plane.y(plane.low)
        title = escape("\n".join(lines))
        found.append(
            f'<rect class="hit" fill="none" pointer-events="all" x="{x}" y="{y}" width="{width}" '
            f'height="{height}" data-y="{at:.1f}"><title>{title}</title></rect>'
        )
    return "".join(found)
