"""Where everything stands on a ladder's picture, in whole picture pixels from the top left.

Whole pixels, so that a detail is drawn exactly: one image pixel is a square of picture pixels, and
no noise is averaged away.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.ladder_row import readings, strength
from pytest_xraynoise.report.ladder_table import LEGEND, sd_text, share_text, shift_text, snr_text
from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.backends.backend_agg import RendererAgg

    from pytest_xraynoise.report.ladder_row import LadderRow, Measured
    from pytest_xraynoise.report.ladder_view import Grey, Panel, View

DPI = 256
FONT = "DejaVu Sans"
A_LINE = 7
"""Panels side by side; a longer ladder goes on below."""
_MARGIN, _GAP, _CLOSE, _NEXT = 36, 28, 10, 52
_LEAST_COLUMN = 380  # the words under a panel
_LEAST_PAGE = 1200
_TITLE, _HEAD, _BODY, _SMALL = 8.5, 8.0, 6.5, 5.8
_MUTED = "0.35"


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of text, the first one's top at ``y``."""

    x: int
    y: int
    lines: tuple[str, ...]
    points: float
    colour: str = "0"
    bold: bool = False

    @property
    def pitch(self) -> int:
        """From one line to the next."""
        return round(self.points * DPI / 72 * 1.35)

    @property
    def end(self) -> int:
        """Where the next thing may stand."""
        return self.y + self.pitch * len(self.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A grey image, each of its pixels a whole number of picture pixels.

    Attributes:
        x, y, width, height: where it is drawn.
        grey: its own pixels.
        frame: (x, y, width, height) of a frame on it, or None.
    """

    x: int
    y: int
    width: int
    height: int
    grey: Grey
    frame: tuple[int, int, int, int] | None = None


@dataclass(slots=True)
class Layout:
    """A page and what is on it."""

    width: int
    height: int = 0
    words: list[Words] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)

    def write(
        self, text: str, x: int, y: int, room: int, points: float, *, muted: bool = False,
        bold: bool = False,
    ) -> int:  # fmt: skip
        """Put ``text`` down, wrapped to ``room``; return where the next thing may stand."""
        if not text:
            return y
        lines = tuple(wrapped(text, room, points, bold))
        block = Words(x, y, lines, points, _MUTED if muted else "0", bold)
        self.words.append(block)
        return block.end


def layout(
    rows: Sequence[tuple[LadderRow, Sequence[Panel]]], view: View, title: str, subtitle: str
) -> Layout:
    """Lay out a picture.

    Args:
        rows: each noise with one panel for each of its measured rungs, the clean image first.
        view: how the panels were cut.
        title: what stands above.
        subtitle: what stands below it, with the scales of the panels.
    """
    column = max(view.width, _LEAST_COLUMN)
    across = min(A_LINE, max((len(panels) for _, panels in rows), default=1))
    page = Layout(max(_LEAST_PAGE, 2 * _MARGIN + across * column + (across - 1) * _GAP))
    room = page.width - 2 * _MARGIN
    y = page.write(one_line(title), _MARGIN, _MARGIN, room, _TITLE, bold=True)
    y = page.write(f"{one_line(subtitle)} {_scales(view)}", _MARGIN, y, room, _BODY, muted=True)
    for row, panels in rows:
        y = _row(page, row, panels, view, column, y + _NEXT)
    y = page.write(LEGEND, _MARGIN, y + _NEXT, room, _SMALL, muted=True)
    page.height = y + _MARGIN
    return page


def _row(
    page: Layout, row: LadderRow, panels: Sequence[Panel], view: View, column: int, y: int
) -> int:
    room = page.width - 2 * _MARGIN
    each, shared = readings(row)
    about = row.title.removeprefix(f"{row.noise}, ")
    y = page.write(row.noise, _MARGIN, y, room, _HEAD, bold=True)
    y = page.write(about, _MARGIN, y, room, _BODY, muted=True)
    if shared and shared != row.summary:
        y = page.write(f"All severities: {shared}", _MARGIN, y, room, _BODY, muted=True)
    said = iter(each)
    shown = [(m, p, next(said, "") if m.rung.severity else "")
             for m, p in zip(row.measured, panels, strict=True)]  # fmt: skip
    for start in range(0, len(shown), A_LINE):
        y += _CLOSE if start == 0 else _GAP
        below = y
        for place, (m, panel, reading) in enumerate(shown[start : start + A_LINE]):
            x = _MARGIN + place * (column + _GAP)
            bottom = _panel(page, panel, view, x, y)
            below = max(below, _caption(page, m, reading, x, bottom + _CLOSE, column))
        y = below
    return y


def _panel(page: Layout, panel: Panel, view: View, x: int, y: int) -> int:
    if not view.alone:
        height, width = view.whole
        page.pictures.append(Picture(x, y, width, height, panel.whole, _frame(view)))
        y += height + (_CLOSE if panel.detail is not None else 0)
    if panel.detail is not None:
        height, width = view.detail
        page.pictures.append(Picture(x, y, width, height, panel.detail))
        y += height
    return y


def _frame(view: View) -> tuple[int, int, int, int] | None:
    if view.box is None:
        return None
    top, left, height, width = (round(side * view.scale) for side in view.box)
    return left, top, width, height


def _caption(page: Layout, m: Measured, reading: str, x: int, y: int, room: int) -> int:
    if m.rung.severity == 0:
        return page.write("clean", x, y, room, _BODY, bold=True)
    y = page.write(f"severity {m.rung.severity}", x, y, room, _BODY, bold=True)
    y = page.write(strength(m.rung), x, y, room, _BODY)
    snr = f", SNR {snr_text(m.snr)}" if m.snr is not None else ""
    y = page.write(f"noise sd {sd_text(m.noise_sd)}{snr}", x, y, room, _BODY)
    y = page.write(f"clipped {share_text(m.clipped)}", x, y, room, _BODY)
    y = page.write(f"mean shift {shift_text(m.mean_shift)}", x, y, room, _BODY)
    return page.write(reading, x, y + 4, room, _SMALL, muted=True)


def _scales(view: View) -> str:
    told = []
    if not view.alone:
        told.append(
            f"Whole image {_times(view.scale)}"
            if view.scale >= 1
            else f"Whole image averaged down {1 / view.scale:.1f} times, which hides noise"
        )
    if view.box is not None:
        framed = "" if view.alone else ", framed in it"
        said = f"{'detail' if told else 'Detail'} of {view.box[3]} x {view.box[2]} pixels"
        told.append(f"{said}{framed}, {_times(view.zoom)}")
    return f"{'; '.join(told)}. Grey from 0, black, to 1, white, in every panel."


def _times(scale: float) -> str:
    return "pixel for pixel" if scale == 1 else f"at {scale:.0f} picture pixels to a pixel"


def wrapped(text: str, room: int, points: float, bold: bool = False) -> list[str]:
    """``text`` in lines no wider than ``room`` picture pixels; a longer word is broken."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, points, bold) <= room:
            lines[-1] = longer
            continue
        while len(word) > 1 and text_width(word, points, bold) > room:
            fits = next(n for n in range(len(word) - 1, 0, -1)
                        if n == 1 or text_width(word[:n], points, bold) <= room)  # fmt: skip
            lines.append(word[:fits])
            word = word[fits:]
        lines.append(word)
    return lines


@functools.lru_cache(maxsize=1024)
def text_width(text: str, points: float, bold: bool = False) -> float:
    """Width of a line in picture pixels."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=FONT, size=points, weight="bold" if bold else "normal")
    measure: Any = _renderer().get_text_width_height_descent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
        return float(measure(text, font, False)[0])


@functools.cache
def _renderer() -> RendererAgg:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]
