"""Printed to PDF, the page has everything."""

from __future__ import annotations

import importlib.util
import io
from typing import Any

from pytest_xraynoise.report import page as words
from pytest_xraynoise.report.rows import rows
from tests.browser.pages import MARKS, missing, open_model, open_page
from tests.report.factory import document

pytestmark = MARKS


def text_of(pdf: bytes) -> str:
    if importlib.util.find_spec("pypdf") is None:
        missing("pypdf is not installed")
    pypdf = importlib.import_module("pypdf")
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


def test_it_prints(browser: Any, address: str) -> None:
    page = open_page(browser, address, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    page.context.close()


def test_the_table_is_not_cut(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address, viewport={"width": 718, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    cut = page.evaluate(
        """() => [...document.querySelectorAll('#tests-table, #tests-table td, .rungs, .changed')]
        .filter(e => e.getBoundingClientRect().right > 719 && e.getBoundingClientRect().width)
        .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert cut == []
    page.context.close()


def test_the_pdf_has_every_verdict_and_curve_whatever_is_filtered(
    browser: Any, address: str
) -> None:
    page = open_page(browser, address + "#verdict=pass&find=pneumonia")
    assert page.locator(".entry:visible").count() == 1
    text = text_of(page.pdf())
    table = rows(words.worst_first(document().tests))
    assert len(table) == 5
    for row in table:
        said = row.state.word + row.test
        assert "".join(said.split()) in text, row.test
    assert text.count("severity,photonsatwhite") + text.count("severity,offullscale") == 4
    for part in ("Worstfailure", "Whichmodelstoodwhichnoise", "Torepeatthisrun", "Dropin"):
        assert part in text
    page.context.close()


def test_the_page_of_a_model_prints_all_models(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    open_model(page, "unet")
    assert not page.locator(".hero").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".hero").is_visible()
    assert page.locator(".entry:visible").count() == 20
    assert page.locator("#tests-table tbody tr:visible").count() == 20
    page.context.close()
