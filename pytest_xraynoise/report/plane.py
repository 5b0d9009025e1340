"""A plane to draw a chart of a ladder on: Matplotlib's artists without Matplotlib's axes.

A report may hold hundreds of charts, and an ``Axes`` with its ticks costs many times what these
artists do. Here the place of every number is known as well, so that the page can find it again.
Letters are the browser's, in its own font: Matplotlib would measure them in one that is not used.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from pytest_xraynoise.report import svg
from pytest_xraynoise.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

SIZE = (374.4, 240.0)
"""Width and height in points: small, so that 10.5 pt letters stay legible on a phone."""
_BOX = (36.0, 52.0, 292.0, 230.0)  # left, bottom, right, top of the plot in points
_STYLE = {"svg.hashsalt": "xraynoise"}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_SIZE, _SMALL = 10.5, 9.5
_ANCHORS = {"center": "middle", "right": "end"}
_DOWN = {"bottom": -0.24, "center": 0.35, "top": 0.93}  # of the letters' height, to their base line


def limits(values: Iterable[float], *, margin: float = 0.06) -> tuple[float, float]:
    """The least and the greatest finite value with a margin around them; 0 and 1 without any."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    least, most = min(finite), max(finite)
    room = margin * (most - least) or 0.05 * max(1e-3, abs(most))
    return least - room, most + room


def apart(places: Sequence[float], least: float) -> list[float]:
    """Move ``places`` as little as keeps any two ``least`` apart; order and mean are kept.

    >>> apart([1.0, 1.2, 5.0], 1.0)
    [0.6, 1.6, 5.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[list[int]] = []
    for i in order:
        groups.append([i])
        while len(groups) > 1 and _start(groups[-1], places, least) < least + (
            _start(groups[-2], places, least) + least * (len(groups[-2]) - 1)
        ):
            last = groups.pop()
            groups[-1].extend(last)
    moved = list(places)
    for group in groups:
        start = _start(group, places, least)
        for k, i in enumerate(group):
            moved[i] = round(start + k * least, 6)
    return moved


def _start(group: Sequence[int], places: Sequence[float], least: float) -> float:
    return sum(places[i] for i in group) / len(group) - least * (len(group) - 1) / 2


@dataclass(frozen=True, slots=True)
class Plane:
    """Rungs 0 .. ``columns`` - 1 across, ``low`` to ``high`` upwards."""

    columns: int
    low: float
    high: float
    figure: Figure
    texts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, columns: int, low: float, high: float) -> Plane:
        """An empty plane."""
        from matplotlib.figure import Figure

        return cls(columns, low, high, Figure(figsize=(SIZE[0] / 72, SIZE[1] / 72), dpi=72))

    def x(self, column: float) -> float:
        """Points from the left edge."""
        left, _, right, _ = _BOX
        return left + (column + 0.5) / self.columns * (right - left)

    def y(self, value: float) -> float:
        """Points from the lower edge."""
        _, bottom, _, top = _BOX
        return bottom + (value - self.low) / (self.high - self.low) * (top - bottom)

    def line(
        self, columns: Sequence[float], values: Sequence[float], color: str, **look: Any
    ) -> None:
        """A line through values; it breaks where one is not a number."""
        from matplotlib.lines import Line2D

        look = {"solid_capstyle": "round", "dash_capstyle": "butt", **look}
        xs, ys = [self.x(c) for c in columns], [self.y(v) for v in values]
        self._add(Line2D(xs, ys, color=color, **look))

    def segments(
        self, levels: Iterable[tuple[float, float, float]], color: str, **look: Any
    ) -> None:
        """Level lines as one: from a column to a column at a value."""
        parts = [([start, end, end], [value, value, math.nan]) for start, end, value in levels]
        columns = [column for part, _ in parts for column in part]
        self.line(columns, [value for _, part in parts for value in part], color, **look)

    def marks(self, columns: Sequence[float], values: Sequence[float], **look: Any) -> None:
        """Markers without a line."""
        shown = [(c, v) for c, v in zip(columns, values, strict=True) if math.isfinite(v)]
        if shown:
            self.line([c for c, _ in shown], [v for _, v in shown], ls="", **look)

    def band(self, lows: Sequence[float], highs: Sequence[float], color: str, alpha: float) -> None:
        """The area between two curves; gaps where one is not a number."""
        from matplotlib.patches import Polygon

        run: list[int] = []
        for i, (low, high) in enumerate([*zip(lows, highs, strict=True), (math.nan, math.nan)]):
            if math.isfinite(low) and math.isfinite(high):
                run.append(i)
                continue
            if len(run) > 1:
                there = [(self.x(k), self.y(lows[k])) for k in run]
                back = [(self.x(k), self.y(highs[k])) for k in reversed(run)]
                self._add(Polygon(there + back, closed=True, fc=color, alpha=alpha, lw=0))
            run = []

    def shade(self, column: int, color: str, alpha: float) -> None:
        """Colour the plot from ``column`` to its right end."""
        from matplotlib.patches import Rectangle

        left, (_, bottom, right, top) = self.x(column - 0.5), _BOX
        self._add(
            Rectangle((left, bottom), right - left, top - bottom, fc=color, alpha=alpha, lw=0)
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        color: str,
        *,
        ha: Literal["left", "center", "right"] = "left",
        va: Literal["bottom", "center", "top"] = "center",
        small: bool = False,
    ) -> None:
        """Text at a place in points; ``ha`` and ``va`` say which part of it lies there."""
        anchor = "" if ha == "left" else f' text-anchor="{_ANCHORS[ha]}"'
        size = _SMALL if small else _SIZE
        down = SIZE[1] - y + _DOWN[va] * size
        self.texts.append(
            f'<text x="{x:.1f}" y="{down:.1f}" font-size="{size:g}"{anchor} '
            f'style="fill: {color}">{escape(clean(text), quote=False)}</text>'
        )

    def grid(self) -> None:
        """Round values on the left with a line across, and the lower edge."""
        from matplotlib.ticker import MaxNLocator

        ticks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        decimals = _decimals(float(ticks[1] - ticks[0]))
        shown = [float(tick) for tick in ticks if self.low <= tick <= self.high]
        ends = (-0.5, self.columns - 0.5)
        self.segments([(*ends, value) for value in [*shown, self.low]], svg.GRID, lw=0.8)
        for tick in shown:
            self.text(_BOX[0] - 6, self.y(tick), f"{tick:.{decimals}f}", svg.INK, ha="right")

    def column_box(self, column: int) -> tuple[float, float, float, float]:
        """The part of the plot that belongs to a rung: x, y, width, height from the upper left."""
        left, (_, bottom, _, top) = self.x(column - 0.5), _BOX
        return left, SIZE[1] - top, self.x(column + 0.5) - left, top - bottom

    def svg(self) -> str:
        """What was drawn, as Matplotlib writes it."""
        import matplotlib as mpl

        buffer = io.StringIO()
        with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
            self.figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
        drawn, closing, _ = buffer.getvalue().rpartition("</svg>")
        return "".join([drawn, *self.texts, closing])

    def _add(self, artist: Artist) -> None:
        from matplotlib.transforms import IdentityTransform

        artist.set_transform(IdentityTransform())
        self.figure.add_artist(artist)


def _decimals(step: float) -> int:
    """How many decimals tell two ticks apart: 1 for 0.2, 2 for 0.25."""
    return next((d for d in range(9) if abs(round(step, d) - step) < 1e-9), 9)
