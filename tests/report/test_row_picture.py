"""The curve that stands by itself, for pages of other tools."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET

from pytest_xraynoise.report.row_picture import row_picture
from pytest_xraynoise.results import TestRecord
from tests.report.factory import document
from tests.report.test_html import Page, hostile_document


def drawing(picture: str) -> str:
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', picture)
    assert data is not None
    return base64.b64decode(data[1]).decode()


def test_it_is_an_image_that_needs_nothing_of_the_page() -> None:
    for record in document().tests:
        picture = row_picture(record)
        assert bool(picture) == (record.result is not None)
        if picture:
            text = drawing(picture)
            assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
            assert "var(" not in text
            assert "#0102" not in text
            assert len(picture) < 40_000
    assert row_picture(TestRecord("t", "skipped")) == ""


def test_hostile_names_stay_in_the_image() -> None:
    picture = row_picture(hostile_document().tests[0])
    assert ET.fromstring(drawing(picture)) is not None
    page = Page(f"<main>{picture}</main>")
    assert set(page.tags) == {"main", "div", "img"}
    assert page.handlers == []
