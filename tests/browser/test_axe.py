"""Nothing that keeps people out: axe-core's rules, in light and dark, on a phone and a desk."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import MARKS, missing, open_page

pytestmark = MARKS


@pytest.fixture(scope="module")
def axe() -> str:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.origin:
        missing("axe-playwright-python is not installed")
    return (Path(found.origin).parent / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize(
    ("which", "scheme", "width"),
    [
        ("address", "light", 390),
        ("address", "light", 1280),
        ("address", "dark", 390),
        ("address", "dark", 1280),
        ("big_address", "light", 1280),
        ("big_address", "dark", 390),
        ("hostile_address", "light", 390),
        ("hostile_address", "dark", 1280),
    ],
)
def test_axe_finds_nothing_serious(
    browser: Any, request: pytest.FixtureRequest, axe: str, which: str, scheme: str, width: int
) -> None:
    page = open_page(
        browser,
        request.getfixturevalue(which),
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,  # the page itself lets no script in
    )
    page.evaluate(axe)
    # what repeats itself is looked at once: strips of one test, sections of twenty
    skipped = ".entry" if which == "big_address" else ".strip ~ .strip"
    where = f"{{exclude: [['{skipped}']]}}"
    found = page.evaluate(f"axe.run({where}, {{resultTypes: ['violations']}})")
    assert len(found["passes"]) > 20
    serious = [
        (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    page.context.close()
