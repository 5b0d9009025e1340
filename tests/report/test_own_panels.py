"""Panels of a user's own: what is accepted, how they are stored, and that they stay data."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema
import numpy as np
import pytest

from pytest_xraynoise import Panel
from pytest_xraynoise.errors import ReportError, SpecError
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.json import dumps, schema
from pytest_xraynoise.report.panel_view import panel_view
from pytest_xraynoise.results import TestRecord
from pytest_xraynoise.results.panels import MOST_BYTES
from tests.report.test_html import HOSTILE, Page

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="3"/></svg>'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"title": " ", "text": "a"}, "expected a heading"),
        ({"title": "a"}, "is empty; give it text="),
        ({"title": 3, "text": "a"}, r"Panel\(title=...\): expected text, got int"),
        ({"title": "a", "svg": "<html>"}, "expected an SVG document, got text that begins with"),
        ({"title": "a", "png": b"GIF89a"}, "expected the bytes of a PNG"),
        ({"title": "a", "png": "text"}, "expected bytes, got str"),
        ({"title": "a", "svg": "<svg>" + "x" * MOST_BYTES}, "at most 262,144 are allowed"),
        ({"title": "a", "table": [["a", "b"], ["c"]]}, "row 1 has 1 cells, the head 2"),
        ({"title": "a", "table": "ab"}, "expected rows of text or numbers, got a text"),
        ({"title": "a", "table": ["ab"]}, "got the text 'ab' for a row"),
        ({"title": "a", "table": [[None]]}, "expected text or a number in each cell, got None"),
    ],
)
def test_a_panel_that_cannot_be_shown_is_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Panel(**words)


def test_a_panel_comes_back_from_json_and_obeys_the_schema() -> None:
    two: Any = np.int64(2)
    panel = Panel("t", text="a\n\nb", svg=SVG, png=PNG, table=[["h", "n"], ["x", 1.5], ["y", two]])
    document = Document({}, (TestRecord("a.py::t", "passed", panels=(panel,)),))
    data = json.loads(dumps(document))
    jsonschema.validate(data, schema())
    assert Document.from_dict(data).tests[0].panels == (panel,)
    assert render(Document.from_dict(data)) == render(document)
    odd = Panel("t", table=[["n"], [math.inf]])
    data = json.loads(dumps(Document({}, (TestRecord("a.py::t", "passed", panels=(odd,)),))))
    jsonschema.validate(data, schema())
    assert math.isnan(Document.from_dict(data).tests[0].panels[0].table[1][0])  # type: ignore[arg-type]


def test_files_without_panels_are_read_and_damaged_ones_are_told() -> None:
    record = TestRecord("a.py::t", "passed", panels=(Panel("t", png=PNG),))
    data = json.loads(dumps(Document({}, (record,))))
    data["tests"][0]["panels"][0]["png"] = "?"
    with pytest.raises(ReportError, match="the png of the panel 't' is no base64"):
        Document.from_dict(data)
    del data["tests"][0]["panels"]
    jsonschema.validate(data, schema())
    assert Document.from_dict(data).tests[0].panels == ()


def test_the_page_shows_text_picture_and_table() -> None:
    panel = Panel("Own", text="one\n\ntwo", svg=SVG, png=PNG, alt="it", table=[["a"], [0.123456]])
    page = Page(render(Document({}, (TestRecord("a.py::t", "passed", panels=(panel,)),))))
    for part in ("Own", "one", "two", "0.1235"):
        assert part in page.text
    embedded = [a for a in page.addresses if a.startswith("data:image/")]
    assert {a.partition(";")[0] for a in embedded} == {"data:image/svg+xml", "data:image/png"}
    assert "circle" not in page.tags[-40:]


def test_hostile_panels_are_data() -> None:
    bad = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
    )
    panel = Panel(HOSTILE, text=HOSTILE, svg=bad, alt=HOSTILE, table=[[HOSTILE], [HOSTILE]])
    failed = Panel("x", trouble=HOSTILE)
    text = render(Document({}, (TestRecord("t", "passed", panels=(panel, failed)),)))
    page = Page(text)
    empty = Page(render(Document({}, ())))
    assert page.tags.count("script") == empty.tags.count("script")
    assert page.handlers == []
    assert "alert(2)" not in text
    assert "\x00" not in text
    assert page.text.count("<script>alert(1)</script>") >= 4
    view = panel_view(panel)
    assert "\u202e" not in view.title
