"""The rungs of a ladder on one image as a table: for a terminal, in Markdown, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import textwrap
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.ladder_row import readings, strength
from pytest_xraynoise.report.tables import GAP, align, drop_empty, widths
from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.report.ladder_row import LadderRow, Measured

_HEAD = ("severity", "strength", "noise sd", "SNR", "clipped", "mean shift")
_NUMERIC = (True, False, True, True, True, True)
_STRENGTH = 1
_LEAST_NEEDED = (5, 3, 4)  # what a narrow terminal goes without: mean shift, SNR, clipped
_LEAST_WIDTH = 16
LEGEND = (
    "noise sd: standard deviation of what was added, over the image, as a fraction of full scale; "
    "SNR: mean over standard deviation at mid grey (0.45 to 0.55); clipped: share of the pixels "
    "cut to black or white; mean shift: what that did to the mean of the image."
)
"""What the columns are."""
COLUMNS = (
    "noise", "ladder", "severity", "parameter", "unit", "parameters", "noise_sd", "mid_grey_sd",
    "snr", "clipped", "mean_shift", "reading",
)  # fmt: skip
"""Columns of the CSV form, and keys of a rung in the JSON form."""


def table_lines(rows: Sequence[LadderRow], width: int = 80) -> list[str]:
    """A table for each noise, then the legend; ASCII, no line wider than ``width`` columns.

    Strengths and readings are wrapped. Below about 65 columns the ones that matter least go.
    """
    lines: list[str] = []
    for row in rows:
        shown = ([*_start(m), *_figures(m)] for m in row.measured)
        cells = [list(_HEAD), *([_ascii(cell) for cell in cells] for cells in shown)]
        lines += [*_wrap(row.title, width), "", *_fitted(cells, width), ""]
        told = _reading_lines(row, width)
        lines += [*told, ""] if told else []
    return [_ascii(line) for line in (*lines, *_wrap(LEGEND, width))]


def markdown_lines(rows: Sequence[LadderRow]) -> list[str]:
    """A Markdown table for each noise, the reading its last column."""
    lines: list[str] = []
    for row in rows:
        lines += [f"**{_escaped(row.title)}**", "", _markdown((*_HEAD, "reading"))]
        lines.append(_markdown(["---:" if n else "---" for n in (*_NUMERIC, False)]))
        for m in row.measured:
            reading = one_line(m.rung.reading) if m.rung.severity else ""
            lines.append(_markdown([*_start(m), *_figures(m), reading]))
        lines.append("")
    return [*lines, LEGEND]


def csv_text(rows: Sequence[LadderRow]) -> str:
    """One line a rung with full digits, columns :data:`COLUMNS`; what is not defined is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        for m in row.measured:
            values = rung_values(row, m)
            told = " ".join(f"{k}={v!r}" for k, v in values["parameters"].items())
            writer.writerow({**values, "parameters": told})
    return buffer.getvalue()


def rung_values(row: LadderRow, m: Measured) -> dict[str, Any]:
    """A rung as plain values by column name; ``parameters`` is a mapping."""
    return {
        "noise": row.noise,
        "ladder": row.ladder,
        "severity": m.rung.severity,
        "parameter": m.rung.parameter,
        "unit": m.rung.unit,
        "parameters": dict(m.rung.parameters),
        "noise_sd": m.noise_sd,
        "mid_grey_sd": m.mid_grey_sd,
        "snr": m.snr,
        "clipped": m.clipped,
        "mean_shift": m.mean_shift,
        "reading": m.rung.reading,
    }


def sd_text(value: float) -> str:
    """A standard deviation: ``0.0912``, ``0.00213``, ``3.1e-05``."""
    if value == 0:
        return "0"
    return f"{value:.4f}" if value >= 0.01 else f"{value:.5f}" if value >= 1e-3 else f"{value:.1e}"


def snr_text(value: float | None) -> str:
    """A signal-to-noise ratio: ``5.47``, ``54.7``, ``547``; a dash where it is not defined."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def share_text(fraction: float) -> str:
    """A share of the pixels: ``0``, ``<0.1%``, ``12.3%``."""
    if fraction == 0:
        return "0"
    return "<0.1%" if fraction < 5e-4 else f"{fraction:.1%}"


def shift_text(shift: float) -> str:
    """A signed shift of the mean: ``+0.0021``, ``0.0000`` for less than it can show, ``0``."""
    if shift == 0:
        return "0"
    return f"{shift:+.4f}" if abs(shift) >= 5e-5 else "0.0000"


def _start(m: Measured) -> list[str]:
    return [str(m.rung.severity), strength(m.rung)]


def _figures(m: Measured) -> list[str]:
    if m.rung.severity == 0:
        return [""] * (len(_HEAD) - 2)
    return [sd_text(m.noise_sd), snr_text(m.snr), share_text(m.clipped), shift_text(m.mean_shift)]


def _fitted(cells: list[list[str]], width: int) -> list[str]:
    keep = [True] * len(_HEAD)
    sizes = widths(cells)
    least = min(_LEAST_WIDTH, sizes[_STRENGTH])
    for column in (None, *_LEAST_NEEDED):
        if column is not None:
            keep[column] = False
        others = sum(s + len(GAP) for i, s in enumerate(sizes) if keep[i] and i != _STRENGTH)
        if others + least <= width:
            break
    tall = [line for row in cells for line in _folded(row, max(width - others, 1))]
    numeric = [n for n, kept in zip(_NUMERIC, keep, strict=True) if kept]
    return align(drop_empty(tall, keep), numeric)


def _folded(row: list[str], width: int) -> list[list[str]]:
    first, *more = _wrap(row[_STRENGTH], width)
    row = [*row[:_STRENGTH], first, *row[_STRENGTH + 1 :]]
    return [row, *([*[""] * _STRENGTH, line, *[""] * (len(row) - 2)] for line in more)]


def _reading_lines(row: LadderRow, width: int) -> list[str]:
    each, shared = readings(row)
    severities = [m.rung.severity for m in row.measured if m.rung.severity > 0]
    lines: list[str] = []
    for severity, text in zip(severities, each, strict=True):
        if text:
            start = f"severity {severity}: "
            lines += _wrap(text, width, first=start, then=" " * min(len(start), width // 4))
    if shared and shared != row.summary:
        lines += _wrap(shared, width, first="all severities: " if lines else "")
    return lines


def _wrap(text: str, width: int, *, first: str = "", then: str = "") -> list[str]:
    wrapped = textwrap.wrap(
        text, max(width, 2), initial_indent=first, subsequent_indent=then, break_on_hyphens=False
    )
    return wrapped or [""]


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def _markdown(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\|*_`<[" else char for char in text)
