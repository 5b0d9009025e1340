"""The degradation curve of a test as a picture that stands by itself, for pages of other tools."""

from __future__ import annotations

import base64
import re
from html import escape
from typing import TYPE_CHECKING

from pytest_xraynoise.report.chart import degradation_chart
from pytest_xraynoise.report.deciding import deciding
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.text import clean, one_line

if TYPE_CHECKING:
    from pytest_xraynoise.results import TestRecord

# The light theme of the style sheet; a picture takes no colours from the page around it.
_COLOURS = {
    "ink": "#15202b",
    "muted": "#586673",
    "line": "#dce2e8",
    "accent": "#17608f",
    "limit": "#6d4c00",
    "fail": "#b42318",
    "card": "#ffffff",
    "baseline": "#6b5b95",
}
_VARIABLE = re.compile(r"var\(--([a-z]+)\)")
_FONTS = 'font-family="system-ui, &quot;Segoe UI&quot;, Roboto, Arial, sans-serif"'
_WIDTH, _HEIGHT = 468, 300


def row_picture(record: TestRecord) -> str:
    """HTML with the curve of the deciding metric and the headline; empty without a result.

    The picture is an image with an embedded SVG: no label or id in it can reach the page.
    """
    result, chosen = record.result, deciding(record)
    if result is None or chosen is None:
        return ""
    checks = record.verdict.checks if record.verdict else ()
    chart = degradation_chart(result, chosen.metric, label=chosen.label, checks=checks)
    data = base64.b64encode(standalone(chart).encode("utf-8")).decode("ascii")
    said = escape(one_line(headline(record)))
    return (
        f'<div class="xraynoise-curve"><img width="{_WIDTH}" height="{_HEIGHT}" '
        f'style="max-width:100%;height:auto;background:#fff" alt="{said}" '
        f'src="data:image/svg+xml;base64,{data}"></div>'
    )


def standalone(chart: str) -> str:
    """An SVG document of a chart that takes its colours from the page."""
    text = _VARIABLE.sub(lambda found: _COLOURS.get(found[1], "#15202b"), clean(chart))
    return text.replace("<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" {_FONTS} ', 1)
