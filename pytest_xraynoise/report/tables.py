"""Aligned text tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import cells, pad

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "


def widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Columns of a terminal that each column of ``rows`` takes."""
    return [max(cells(cell) for cell in column) for column in zip(*rows, strict=True)]


def align(rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[str]:
    """Lines of a table; the columns that are ``numeric`` stand right, the others left."""
    if not rows:
        return []
    sizes = widths(rows)
    return [
        GAP.join(
            pad(cell, size, right=right)
            for cell, size, right in zip(row, sizes, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]


def drop_empty(rows: Sequence[Sequence[str]], keep: Sequence[bool]) -> list[list[str]]:
    """``rows`` without the columns where ``keep`` is False."""
    return [[cell for cell, kept in zip(row, keep, strict=True) if kept] for row in rows]
