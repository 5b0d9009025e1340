"""The degradation curve of one metric as inline SVG."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING

from pytest_xraynoise.report import svg
from pytest_xraynoise.report.curve import Point, points
from pytest_xraynoise.report.deciding import worst_label
from pytest_xraynoise.report.limits import lower_is_better
from pytest_xraynoise.report.text import elide, one_line
from pytest_xraynoise.report.words import metric_name, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from pytest_xraynoise.results import LadderResult, LimitCheck

_SIZE = (5.2, 3.3)  # inches at 72 dpi: small, so that its 10.5 pt letters stay legible on a phone
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "xraynoise",
    "font.size": 10.5,
    "font.family": "sans-serif",
    "text.parse_math": False,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_MOST_LABEL_LINES = 20


def degradation_chart(
    result: LadderResult,
    metric: str,
    *,
    label: str | None = None,
    checks: Sequence[LimitCheck] = (),
    name: str = "chart",
) -> str:
    """Value against severity, with the band of the drop's interval, the limit and the labels.

    Args:
        result: the ladder.
        metric: its name.
        label: which label; the macro value without one.
        checks: the limits; those of this metric and label are drawn.
        name: unique on the page.

    Returns:
        SVG markup that takes its colours from the page. Deterministic.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    curve = points(result, metric, label, checks)
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.simplefilter("ignore")  # a glyph that Matplotlib lacks is drawn by the browser
        figure = Figure(figsize=_SIZE, dpi=72)
        axes = figure.add_axes((0.09, 0.2, 0.69, 0.76))
        _draw_labels(axes, result, metric, label)
        _draw_curve(axes, curve)
        _draw_limits(axes, curve, lower=lower_is_better(result, metric))
        _name_ends(axes, result, metric, label, curve)
        _dress(axes, result)
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    title = f"{_full_name(metric, label)} along the ladder of {one_line(result.noise)} noise"
    return svg.inline(
        buffer.getvalue(), name=name, title=title, description=_description(result, curve)
    )


def _draw_curve(axes: Axes, curve: Sequence[Point]) -> None:
    x = range(len(curve))
    axes.fill_between(
        x, [p.low for p in curve], [p.high for p in curve], color=svg.ACCENT, alpha=0.2, lw=0
    )
    axes.plot(x, [p.value for p in curve], color=svg.ACCENT, lw=2.2, zorder=3)
    for i, point in enumerate(curve):
        axes.plot(
            [i],
            [point.value],
            marker="X" if point.broken else "o",
            color=svg.LOSS if point.broken else svg.ACCENT,
            markeredgecolor=svg.PAPER,
            ms=9.5 if point.broken else 7.5,
            zorder=4,
        )


def _draw_limits(axes: Axes, curve: Sequence[Point], *, lower: bool) -> None:
    held = [(i, p.limit) for i, p in enumerate(curve) if p.limit is not None]
    if not held:
        return
    for i, limit in held:
        axes.plot([i - 0.5, i + 0.5], [limit, limit], color=svg.LIMIT, lw=1.4, ls=(0, (4, 3)))
    first = next((i for i, p in enumerate(curve) if p.broken), None)
    if first is not None:
        axes.axvspan(first - 0.5, len(curve) - 0.5, color=svg.LOSS, alpha=0.07, lw=0, zorder=0)
    # On the far side of the line from the clean value: the curve starts on the near side.
    at = held[0][1]
    text = f"limit {number(at)}" if len({limit for _, limit in held}) == 1 else "limits"
    axes.annotate(
        text,
        (held[0][0] - 0.5, at),
        xytext=(0, 4 if lower else -4),
        textcoords="offset points",
        va="bottom" if lower else "top",
        color=svg.LIMIT,
        fontsize=9.5,
    )
    least, most = axes.get_ylim()
    room = 0.1 * (most - least)
    axes.set_ylim(min(least, at - room), max(most, at + room) if lower else most)


def _draw_labels(axes: Axes, result: LadderResult, metric: str, label: str | None) -> None:
    if label is not None:
        return
    for curve in list(result.metric(metric).by_label.values())[:_MOST_LABEL_LINES]:
        shown = [(i, s) for i, s in enumerate(result.severities) if s in curve.rungs]
        values = [curve.rungs[s].value for _, s in shown]
        axes.plot([i for i, _ in shown], values, color=svg.MUTED, alpha=0.45, lw=1, zorder=1)


def _name_ends(
    axes: Axes, result: LadderResult, metric: str, label: str | None, curve: Sequence[Point]
) -> None:
    last = curve[-1]
    ends: list[tuple[float, str, str]] = []
    if math.isfinite(last.value):
        text = one_line(label) if label else ("mean" if len(result.labels) > 1 else "")
        ends.append((last.value, elide(text or metric_name(metric), 14), svg.ACCENT))
    worst = worst_label(result, metric, last.severity) if label is None else None
    if worst is not None and math.isfinite(worst[1].value):
        ends.append((worst[1].value, elide(one_line(worst[0]), 14), svg.MUTED))
    least, most = axes.get_ylim()
    apart = 0.075 * (most - least)
    clash = len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < apart
    for i, (value, text, colour) in enumerate(ends):
        other = ends[1 - i][0] if clash else value
        shift = 0.0 if not clash else apart / 2 * (1 if (value, -i) > (other, i - 1) else -1)
        middle = (value + other) / 2 if clash else value
        axes.annotate(
            text,
            (len(curve) - 0.42, middle + shift),
            va="center",
            color=colour,
            annotation_clip=False,
        )


def _dress(axes: Axes, result: LadderResult) -> None:
    rungs = [r.rung for r in result.rungs]
    unit = next((one_line(r.unit) for r in rungs if r.parameter is not None), "")
    axes.set_xticks(range(len(rungs)), [str(r.severity) for r in rungs])
    for i, rung in enumerate(rungs):
        amount = "clean" if rung.parameter is None else f"{rung.parameter:g}"
        axes.annotate(
            amount,
            (i, 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -24),
            textcoords="offset points",
            ha="center",
            va="center",
            color=svg.MUTED,
            fontsize=9.5,
        )
    axes.set_xlim(-0.5, len(rungs) - 0.5)
    axes.set_xlabel(
        f"severity, {elide(unit, 40)}" if unit else "severity", color=svg.MUTED, labelpad=16
    )
    axes.grid(axis="y", color=svg.GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=svg.INK, pad=5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(svg.GRID)


def _full_name(metric: str, label: str | None) -> str:
    return metric_name(metric) if label is None else f"{metric_name(metric)} of {one_line(label)}"


def _description(result: LadderResult, curve: Sequence[Point]) -> str:
    names = {r.severity: one_line(r.rung.label) for r in result.rungs}
    parts = [
        f"severity {p.severity} ({names[p.severity]}): {number(p.value)}"
        + (", beyond the limit" if p.broken else "")
        for p in curve
    ]
    return "; ".join(parts) + "."
