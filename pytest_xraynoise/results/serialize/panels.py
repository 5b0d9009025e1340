"""Panels of a user's own."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.panels import Panel
from pytest_xraynoise.results.serialize.values import plain, to_float

if TYPE_CHECKING:
    from collections.abc import Mapping


def panel_to_dict(panel: Panel) -> dict[str, Any]:
    """One panel; a PNG as base64, numbers that JSON lacks as null."""
    return {
        "title": panel.title,
        "text": panel.text,
        "svg": panel.svg,
        "png": base64.b64encode(panel.png).decode("ascii"),
        "table": [[plain(cell) for cell in row] for row in panel.table],
        "alt": panel.alt,
        "trouble": panel.trouble,
    }


def panel_from_dict(data: Mapping[str, Any]) -> Panel:
    """The inverse of :func:`panel_to_dict`.

    Raises:
        KeyError, TypeError, ValueError: if ``data`` is not what :func:`panel_to_dict` writes.
    """
    try:
        png = base64.b64decode(data.get("png", ""), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the png of the panel {data['title']!r} is no base64: {error}") from None
    rows = data.get("table", ())
    return Panel(
        title=data["title"],
        text=data.get("text", ""),
        svg=data.get("svg", ""),
        png=png,
        table=[[to_float(cell) if cell is None else cell for cell in row] for row in rows],
        alt=data.get("alt", ""),
        trouble=data.get("trouble", ""),
    )
