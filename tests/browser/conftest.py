"""Debian's Chromium, driven by playwright, and the pages that it opens."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.report.html import write_html
from tests.browser.pages import ARGUMENTS, CHROMIUM, missing
from tests.report.big import large_document
from tests.report.factory import document
from tests.report.test_html import hostile_document

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if importlib.util.find_spec("playwright") is None:
        missing("playwright is not installed")
    if not Path(CHROMIUM).exists():
        missing(f"{CHROMIUM} is not installed (apt-get install chromium)")
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Five tests of two models."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_html(document(), path)
    return path.as_uri()


@pytest.fixture(scope="session")
def hostile_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Names, labels and messages that try to break out."""
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    write_html(hostile_document(), path)
    return path.as_uri()


@pytest.fixture(scope="session")
def big_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Twenty tests of four models, two kinds of noise, every outcome, a baseline; no strips."""
    path = tmp_path_factory.mktemp("big") / "report.html"
    write_html(large_document(20, baseline=True, strips=False), path)
    return path.as_uri()
