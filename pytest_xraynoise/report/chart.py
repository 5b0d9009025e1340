"""The degradation curve of one metric as inline SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_xraynoise.report import svg
from pytest_xraynoise.report.curve import Point, points
from pytest_xraynoise.report.deciding import worst_label
from pytest_xraynoise.report.limits import lower_is_better
from pytest_xraynoise.report.plane import Plane, apart, limits
from pytest_xraynoise.report.text import elide, one_line
from pytest_xraynoise.report.tips import hits, tips
from pytest_xraynoise.report.words import metric_name, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.results import LadderResult, LimitCheck

_MOST_LABEL_LINES = 20
_LINE_HEIGHT = 12.5  # points between two names at the right end


def degradation_chart(
    result: LadderResult,
    metric: str,
    *,
    label: str | None = None,
    checks: Sequence[LimitCheck] = (),
    baseline: Mapping[int, float] | None = None,
    name: str = "chart",
) -> str:
    """Value against severity, with the band of the drop's interval, the limit and the labels.

    Args:
        result: the ladder.
        metric: its name.
        label: which label; the macro value without one.
        checks: the limits; those of this metric and label are drawn.
        baseline: the value of this metric and label by severity, as a baseline holds it.
        name: unique on the page.

    Returns:
        SVG markup that takes its colours from the page. Deterministic.
    """
    curve, before = points(result, metric, label, checks), baseline or {}
    others = [] if label is not None else _label_values(result, metric)
    shown = [p.limit for p in curve if p.limit is not None]
    ends = [value for p in curve for value in (p.value, p.low, p.high)]
    low, high = limits([*ends, *before.values(), *(v for row in others for v in row), *shown])
    lower = lower_is_better(result, metric)
    if shown:  # room for the word "limit" beyond the line
        room = 0.1 * (high - low)
        low, high = min(low, min(shown) - room), max(high, max(shown) + (room if lower else 0))
    plane = Plane.of(len(curve), low, high)
    _draw_limit_area(plane, curve)
    plane.grid()
    if others:  # one line with gaps
        columns = [i for row in others for i in range(len(row) + 1)]
        values = [v for row in others for v in (*row, math.nan)]
        plane.line(columns, values, svg.MUTED, alpha=0.45, lw=1)
    earlier = [before.get(p.severity, math.nan) for p in curve]
    if before:
        plane.line(range(len(curve)), earlier, svg.BASELINE, lw=1.8, ls=(0, (1.2, 2.2)))
        plane.marks(range(len(curve)), earlier, marker="D", color=svg.BASELINE, ms=4)
    _draw_curve(plane, curve)
    _draw_limits(plane, curve, lower=lower)
    _name_ends(plane, result, metric, label, curve, earlier)
    _name_rungs(plane, result)
    title = f"{_full_name(metric, label)} along the ladder of {one_line(result.noise)} noise"
    return svg.inline(
        plane.svg(),
        name=name,
        title=title,
        description=_description(result, curve, before),
        more=hits(plane, curve, tips(result, metric, label, checks, before)),
    )


def _draw_curve(plane: Plane, curve: Sequence[Point]) -> None:
    columns, values = range(len(curve)), [p.value for p in curve]
    plane.band([p.low for p in curve], [p.high for p in curve], svg.ACCENT, 0.2)
    plane.line(columns, values, svg.ACCENT, lw=2.2)
    kept = [math.nan if p.broken else p.value for p in curve]
    lost = [p.value if p.broken else math.nan for p in curve]
    edge = {"markeredgecolor": svg.PAPER}
    plane.marks(columns, kept, marker="o", color=svg.ACCENT, ms=7.5, **edge)
    plane.marks(columns, lost, marker="X", color=svg.LOSS, ms=9.5, **edge)


def _draw_limit_area(plane: Plane, curve: Sequence[Point]) -> None:
    first = next((i for i, p in enumerate(curve) if p.broken), None)
    if first is not None:
        plane.shade(first, svg.LOSS, 0.07)


def _draw_limits(plane: Plane, curve: Sequence[Point], *, lower: bool) -> None:
    held = [(i, p.limit) for i, p in enumerate(curve) if p.limit is not None]
    if not held:
        return
    lines = [(i - 0.5, i + 0.5, limit) for i, limit in held]
    plane.segments(lines, svg.LIMIT, lw=1.4, ls=(0, (4, 3)))
    # On the far side of the line from the clean value: the curve starts on the near side.
    column, at = held[0]
    text = f"limit {number(at)}" if len({limit for _, limit in held}) == 1 else "limits"
    shift = 4 if lower else -4
    place = (plane.x(column - 0.5), plane.y(at) + shift)
    plane.text(*place, text, svg.LIMIT, va="bottom" if lower else "top", small=True)


def _label_values(result: LadderResult, metric: str) -> list[list[float]]:
    return [
        [curve.rungs[s].value if s in curve.rungs else math.nan for s in result.severities]
        for curve in list(result.metric(metric).by_label.values())[:_MOST_LABEL_LINES]
    ]


def _name_ends(
    plane: Plane,
    result: LadderResult,
    metric: str,
    label: str | None,
    curve: Sequence[Point],
    earlier: Sequence[float],
) -> None:
    last = curve[-1]
    text = one_line(label) if label else ("mean" if len(result.labels) > 1 else "")
    ends = [(last.value, text or metric_name(metric), svg.ACCENT)]
    worst = worst_label(result, metric, last.severity) if label is None else None
    if worst is not None:
        ends.append((worst[1].value, one_line(worst[0]), svg.MUTED))
    ends.append((earlier[-1], "baseline", svg.BASELINE))
    ends = [end for end in ends if math.isfinite(end[0])]
    places = apart([plane.y(value) for value, _, _ in ends], _LINE_HEIGHT)
    for place, (_, name, colour) in zip(places, ends, strict=True):
        plane.text(plane.x(len(curve) - 0.42), place, elide(name, 14), colour)


def _name_rungs(plane: Plane, result: LadderResult) -> None:
    rungs = [r.rung for r in result.rungs]
    unit = next((one_line(r.unit) for r in rungs if r.parameter is not None), "")
    bottom = plane.y(plane.low)
    for i, rung in enumerate(rungs):
        amount = "clean" if rung.parameter is None else f"{rung.parameter:.4g}"
        plane.text(plane.x(i), bottom - 12, str(rung.severity), svg.INK, ha="center")
        plane.text(plane.x(i), bottom - 26, amount, svg.MUTED, ha="center", small=True)
    caption = f"severity, {elide(unit, 40)}" if unit else "severity"
    middle = plane.x((len(rungs) - 1) / 2)
    plane.text(middle, bottom - 43, caption, svg.MUTED, ha="center")


def _full_name(metric: str, label: str | None) -> str:
    return metric_name(metric) if label is None else f"{metric_name(metric)} of {one_line(label)}"


def _description(result: LadderResult, curve: Sequence[Point], before: Mapping[int, float]) -> str:
    names = {r.severity: one_line(r.rung.label) for r in result.rungs}
    parts = [
        f"severity {p.severity} ({names[p.severity]}): {number(p.value)}"
        + (f", baseline {number(before[p.severity])}" if p.severity in before else "")
        + (", beyond the limit" if p.broken else "")
        for p in curve
    ]
    return "; ".join(parts) + "."
