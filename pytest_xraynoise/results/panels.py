"""A panel of a user's own in the report of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 262_144
"""Bytes that a picture of a panel may have: a report of hundreds of tests is to stay light."""

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Panel:
    """Something of your own in the section of a test: a title, and text, a picture or a table.

    What is given is shown in the order text, picture, table. Everything is data: text is escaped,
    and pictures are embedded as images, in which no script runs and from which nothing is fetched.

    Attributes:
        title: heading of the panel.
        text: paragraphs, parted by empty lines.
        svg: an SVG document, at most 256 KiB. It needs a ``viewBox`` or a width and height, and
            ``xmlns="http://www.w3.org/2000/svg"``, as every file of a plotting library has.
        png: bytes of a PNG, at most 256 KiB.
        table: rows of text or numbers, the head first.
        alt: what the picture shows, for those who cannot see it; the title where it is empty.
        trouble: why the panel could not be made; set by the plugin when a hook fails.
    """

    title: str
    text: str = ""
    svg: str = ""
    png: bytes = b""
    table: Sequence[Sequence[str | float]] = ()
    alt: str = ""
    trouble: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "text", "svg", "alt", "trouble"):
            if not isinstance(getattr(self, name), str):
                raise SpecError(f"Panel({name}=...): expected text, got {_kind(self, name)}")
        if not isinstance(self.png, bytes):
            raise SpecError(f"Panel(png=...): expected bytes, got {_kind(self, 'png')}")
        if not self.title.strip():
            raise SpecError("Panel(title=...): expected a heading, got an empty text")
        _check_pictures(self)
        object.__setattr__(self, "table", _checked_table(self.table))
        if not (self.text or self.svg or self.png or self.table or self.trouble):
            raise SpecError(
                f"Panel({self.title!r}) is empty; give it text=, svg=, png= or table=, or leave "
                "the panel out"
            )


def _check_pictures(panel: Panel) -> None:
    if panel.svg and "<svg" not in panel.svg[:4096]:
        raise SpecError(
            f"Panel({panel.title!r}, svg=...): expected an SVG document, got text that begins with "
            f"{panel.svg[:40]!r}"
        )
    if panel.png and not panel.png.startswith(_PNG):
        raise SpecError(
            f"Panel({panel.title!r}, png=...): expected the bytes of a PNG, got bytes that begin "
            f"with {panel.png[:8]!r}"
        )
    sizes = {"svg": len(panel.svg.encode("utf-8", "surrogatepass")), "png": len(panel.png)}
    for name, size in sizes.items():
        if size > MOST_BYTES:
            raise SpecError(
                f"Panel({panel.title!r}, {name}=...) has {size:,} bytes; at most {MOST_BYTES:,} "
                "are allowed, so that reports open quickly. Draw it smaller"
            )


def _checked_table(table: Sequence[Sequence[str | float]]) -> tuple[tuple[str | float, ...], ...]:
    if isinstance(table, str):
        raise SpecError("Panel(table=...): expected rows of text or numbers, got a text")
    rows: list[tuple[str | float, ...]] = []
    for row in table:
        if isinstance(row, str):
            raise SpecError(f"Panel(table=...): expected rows, got the text {row!r} for a row")
        cells = tuple(_cell(cell) for cell in row)
        if rows and len(cells) != len(rows[0]):
            raise SpecError(
                f"Panel(table=...): row {len(rows)} has {len(cells)} cells, the head {len(rows[0])}"
            )
        rows.append(cells)
    return tuple(rows)


def _cell(value: object) -> str | float:
    if isinstance(value, str):
        return value
    if hasattr(value, "item"):  # a number of NumPy, without importing it
        value = value.item()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise SpecError(f"Panel(table=...): expected text or a number in each cell, got {value!r}")


def _kind(panel: Panel, name: str) -> str:
    return type(getattr(panel, name)).__name__
