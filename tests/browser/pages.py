"""How the browser tests open a page."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import pytest

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MARKS = [
    pytest.mark.browser,
    # playwright's own event loop may be collected with an open transport
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def missing(reason: str) -> NoReturn:
    """Skip, or fail where a browser is required."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def open_page(browser: Any, address: str, **context: Any) -> Any:
    """A page in a context of its own, without smooth scrolling."""
    viewport = {"width": 1280, "height": 900}
    settings = {"viewport": viewport, "reduced_motion": "reduce", **context}
    page = browser.new_context(**settings).new_page()
    page.goto(address)
    return page


def open_model(page: Any, name: str) -> None:
    """Follow the link to the page of a model, and wait until it is there.

    The page follows its address, and is told of a new one after the click has ended.
    """
    page.locator(".models a", has_text=name).click()
    page.locator("#view").wait_for()


def shown_tests(page: Any) -> list[str]:
    """The names in the table of tests, top to bottom."""
    names = page.locator("#tests-table tbody tr:visible th a").all_inner_texts()
    return [str(name) for name in names]
