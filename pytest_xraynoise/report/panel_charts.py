"""The charts of the panels: operating point, reliability diagram, per-image strip plot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_xraynoise.report import svg
from pytest_xraynoise.report.per_image import jitter
from pytest_xraynoise.report.plane import Plane, apart, limits
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.metrics.reliability import Bins
    from pytest_xraynoise.report.operating_point import Operating
    from pytest_xraynoise.report.per_image import PerImage

_LINE_HEIGHT = 12.5
_WIDTH = 0.36  # of the dots at one severity, in columns to each side
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_SECOND = (0, (3.5, 2.2))  # the dashes of the second of two lines: colour is never the only sign
_NUMBER = re.compile(r"-?\d+\.\d+")
_PATH = re.compile(r' d="[^"]*"')
_POINT = re.compile(r"M (\S+) (\S+)\s+L \1 \2(?=\s|$)")


def operating_chart(view: Operating, name: str) -> str:
    """Sensitivity and specificity along the ladder, SVG markup. ``name`` is unique on the page."""
    rows = view.rows
    found = [[row.sensitivity for row in rows], [row.specificity for row in rows]]
    low, high = limits([*found[0], *found[1], 1.0])
    plane = Plane.of(len(rows), low, min(high, 1.02))
    plane.grid()
    columns = range(len(rows))
    edge = {"markeredgecolor": svg.PAPER}
    plane.line(columns, found[0], svg.ACCENT, lw=2.2)
    plane.line(columns, found[1], svg.LIMIT, lw=2.2, ls=_SECOND)
    plane.marks(columns, found[0], marker="o", color=svg.ACCENT, ms=7.5, **edge)
    plane.marks(columns, found[1], marker="s", color=svg.LIMIT, ms=7, **edge)
    ends = [
        (found[0][-1], "sensitivity", svg.ACCENT),
        (found[1][-1], "specificity", svg.LIMIT),
    ]
    _name_ends(plane, len(rows), ends)
    _name_rungs(plane, [row.severity for row in rows])
    said = [
        f"severity {row.severity} ({row.noise}): sensitivity {row.texts[0]}, "
        f"specificity {row.texts[1]}"
        for row in rows
    ]
    title = "Sensitivity and specificity at the threshold of the clean images"
    return _markup(plane, name, title, "; ".join(said) + ".")


def reliability_chart(view: Operating, name: str) -> str:
    """How often what is predicted with p is true, clean and at the worst rung; SVG markup."""
    plane = Plane.of(1, 0.0, 1.0)
    for tick in _TICKS:
        plane.line([-0.5, 0.5], [tick, tick], svg.GRID, lw=0.8)
        plane.text(plane.x(-0.5) - 6, plane.y(tick), f"{tick:g}", svg.INK, ha="right")
        plane.text(plane.x(tick - 0.5), plane.y(0) - 12, f"{tick:g}", svg.INK, ha="center")
    plane.line([-0.5, 0.5], [0, 1], svg.MUTED, lw=1, ls=(0, (1.2, 2.2)))
    ends = []
    pairs: list[tuple[Bins | None, str, str]] = [
        (view.noisy, f"severity {view.worst}", svg.LOSS),
        (view.clean, "clean", svg.ACCENT),
    ]
    for bins, label, color in pairs:
        if bins is None:
            continue
        dashes = {"ls": _SECOND} if color == svg.LOSS else {}
        at = [float(p) - 0.5 for p in bins.predicted]
        shares = [float(p) for p in bins.present]
        plane.line(at, shares, color, lw=1.8, **dashes)
        marker = "X" if color == svg.LOSS else "o"
        plane.marks(at, shares, marker=marker, color=color, ms=6.5, markeredgecolor=svg.PAPER)
        ends.append((shares[-1], label, color))
    _name_ends(plane, 1, ends, gap=0.03)
    middle = plane.x(0)
    plane.text(middle, plane.y(0) - 28, "mean predicted probability", svg.MUTED, ha="center")
    plane.text(plane.x(-0.49), plane.y(0.97), "share that is true", svg.MUTED, small=True)
    said = [_described("clean", view.clean), _described(f"severity {view.worst}", view.noisy)]
    title = f"Reliability diagram, clean and at severity {view.worst}"
    return _markup(plane, name, title, ". ".join(said) + ".")


def per_image_chart(view: PerImage, name: str) -> str:
    """The Dice of each image as a dot, median and worst tenth marked; SVG markup."""
    columns = view.columns
    every = [value for column in columns for value in column.dots]
    plane = Plane.of(len(columns), *limits([*every, 1.0], margin=0.03))
    plane.grid()
    places = []
    for i, column in enumerate(columns):
        shifts = jitter(len(column.dots))
        places += [
            (plane.x(i + _WIDTH * float(shift)), plane.y(value))
            for shift, value in zip(shifts, column.dots, strict=True)
        ]
    _dots(plane, places)
    for i, column in enumerate(columns):
        across = [i - _WIDTH - 0.06, i + _WIDTH + 0.06]
        plane.line(across, [column.median] * 2, svg.ACCENT, lw=2.6)
        plane.line(across, [column.worst_decile] * 2, svg.LOSS, lw=2.2, ls=(0, (2.4, 1.3)))
    last = columns[-1]
    ends = [
        (last.median, "median", svg.ACCENT),
        (last.worst_decile, "worst tenth", svg.LOSS),
    ]
    _name_ends(plane, len(columns), ends)
    _name_rungs(plane, [column.severity for column in columns])
    said = [
        f"severity {c.severity} ({c.noise}): median {number(c.median)}, mean of the worst tenth "
        f"{number(c.worst_decile)}, worst image {number(c.dots[0])}"
        for c in columns
    ]
    return _markup(plane, name, "Dice of each image along the ladder", "; ".join(said) + ".")


def _dots(plane: Plane, places: Sequence[tuple[float, float]]) -> None:
    """All dots as one path: points without a length whose round ends are the dots."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path
    from matplotlib.transforms import IdentityTransform

    vertices = [place for place in places for _ in range(2)]
    path = Path(vertices, [Path.MOVETO, Path.LINETO] * len(places))
    path.should_simplify = False  # it would drop what has no length
    patch = PathPatch(
        path,
        fc="none",
        ec=svg.MUTED,
        lw=4.2,
        capstyle="round",
        alpha=0.42,
    )
    patch.set_transform(IdentityTransform())
    plane.figure.add_artist(patch)


def _name_ends(
    plane: Plane, columns: int, ends: Sequence[tuple[float, str, str]], *, gap: float = 0.08
) -> None:
    known = [end for end in ends if end[0] == end[0]]
    places = apart([plane.y(value) for value, _, _ in known], _LINE_HEIGHT)
    for place, (_, text, colour) in zip(places, known, strict=True):
        plane.text(plane.x(columns - 0.5 + gap), place, text, colour)


def _name_rungs(plane: Plane, severities: Sequence[int]) -> None:
    bottom = plane.y(plane.low)
    for i, severity in enumerate(severities):
        word = "clean" if severity == 0 else str(severity)
        plane.text(plane.x(i), bottom - 12, word, svg.INK, ha="center")
    middle = plane.x((len(severities) - 1) / 2)
    plane.text(middle, bottom - 28, "severity", svg.MUTED, ha="center")


def _described(what: str, bins: Bins | None) -> str:
    if bins is None:
        return f"{what}: nothing is labelled"
    pairs = [
        f"{number(float(p), 2)} true in {number(float(share), 2)}"
        for p, share in zip(bins.predicted, bins.present, strict=True)
    ]
    return f"{what}, predicted probability and how often it is true: {', '.join(pairs)}"


def _markup(plane: Plane, name: str, title: str, description: str) -> str:
    markup = svg.inline(
        plane.svg(), name=name, title=one_line(title), description=one_line(description)
    )
    return _PATH.sub(lambda path: _short(path[0]), markup)


def _short(path: str) -> str:
    """A tenth of a point is as fine as anybody sees; a point without length is ``h0``."""
    path = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}", path)
    return re.sub(r"\s+", " ", _POINT.sub(r"M\1 \2h0", path)).replace(" M", "M")
