"""The panels of one test as the page shows them: texts, markup of charts, embedded pictures."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.operating_point import Operating, operating
from pytest_xraynoise.report.panel_charts import (
    operating_chart,
    per_image_chart,
    reliability_chart,
)
from pytest_xraynoise.report.per_image import PerImage, per_image
from pytest_xraynoise.report.text import clean, one_line
from pytest_xraynoise.report.words import number

if TYPE_CHECKING:
    from pytest_xraynoise.report.deciding import Deciding
    from pytest_xraynoise.results import LadderResult, Panel


@dataclass(frozen=True, slots=True)
class OperatingView:
    """The operating-point panel: its numbers, and its charts as SVG markup."""

    found: Operating
    rates: str
    reliability: str


@dataclass(frozen=True, slots=True)
class PerImageView:
    """The strip plot: its numbers, and its chart as SVG markup."""

    found: PerImage
    chart: str
    rows: tuple[tuple[str, str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class PanelView:
    """A panel of a user's own. ``pictures`` are addresses that begin with ``data:image/``."""

    title: str
    paragraphs: tuple[str, ...]
    pictures: tuple[str, ...]
    alt: str
    head: tuple[str, ...]
    rows: tuple[tuple[tuple[str, bool], ...], ...]
    trouble: str


def operating_view(
    index: int, result: LadderResult, chosen: Deciding | None
) -> OperatingView | None:
    """The operating-point panel of a test; ``index`` numbers it on the page."""
    found = operating(result, chosen)
    if found is None:
        return None
    rates = operating_chart(found, f"rates-{index + 1}")
    return OperatingView(found, rates, reliability_chart(found, f"reliability-{index + 1}"))


def per_image_view(index: int, result: LadderResult) -> PerImageView | None:
    """The strip plot of a test; ``index`` numbers it on the page."""
    found = per_image(result)
    if found is None:
        return None
    rows = tuple(
        (str(c.severity), c.noise, number(c.median), number(c.worst_decile), number(c.dots[0]))
        for c in found.columns
    )
    return PerImageView(found, per_image_chart(found, f"images-{index + 1}"), rows)


def panel_view(panel: Panel) -> PanelView:
    """A panel of a user's own, with its pictures as addresses of images.

    An SVG in an image runs no script and fetches nothing (SVG 2, section 2.2.2: secure static
    mode), whatever it holds.
    """
    pictures = []
    if panel.svg:
        pictures.append(f"data:image/svg+xml;base64,{_base64(clean(panel.svg).encode())}")
    if panel.png:
        pictures.append(f"data:image/png;base64,{_base64(panel.png)}")
    head, *rows = panel.table or ((),)
    return PanelView(
        title=one_line(panel.title),
        paragraphs=tuple(part for part in clean(panel.text).split("\n\n") if part.strip()),
        pictures=tuple(pictures),
        alt=one_line(panel.alt or panel.title),
        head=tuple(_cell(cell)[0] for cell in head),
        rows=tuple(tuple(_cell(cell) for cell in row) for row in rows),
        trouble=clean(panel.trouble),
    )


def _cell(value: str | float) -> tuple[str, bool]:
    """The text of a cell, and whether it is a number."""
    if isinstance(value, str):
        return one_line(value), False
    if isinstance(value, int):
        return f"{value:,}", True
    return (f"{value:.4g}" if math.isfinite(value) else "–"), True


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
