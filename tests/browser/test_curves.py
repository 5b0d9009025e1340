"""A curve tells its numbers to a mouse, a finger and a keyboard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.pages import MARKS, open_page

pytestmark = MARKS


@pytest.fixture
def page(browser: Any, big_address: str) -> Any:
    page = open_page(browser, big_address, has_touch=True)
    yield page
    page.context.close()


def probe(page: Any) -> Any:
    found = page.locator(".entry .block .probe").first
    found.scroll_into_view_if_needed()
    return found


def middle_of(page: Any, rung: int) -> tuple[float, float]:
    hit = page.locator(".entry .block svg.chart").first.locator(".hit").nth(rung)
    box = hit.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_mouse_over_a_rung_shows_its_numbers(page: Any) -> None:
    plot = page.locator(".entry .block .plot").first
    probe(page)
    assert not plot.locator(".tip").is_visible()
    page.mouse.move(*middle_of(page, 3))
    tip = plot.locator(".tip").inner_text()
    assert tip.startswith("Severity 3: 12 photons at white")
    row = page.locator(".entry .block .rungs tbody tr").nth(3)
    for number in row.locator("td.num").first.inner_text().split():
        assert number in tip
    assert "max_auroc_drop=0.05: broken" in tip
    assert "Baseline 0." in tip
    assert "lit" in (row.get_attribute("class") or "")
    # the ring lies on the point of the curve
    ring = plot.locator(".at").bounding_box()
    x, _ = middle_of(page, 3)
    assert ring["x"] + ring["width"] / 2 == pytest.approx(x, abs=1)
    page.mouse.move(0, 0)
    assert not plot.locator(".tip").is_visible()


def test_the_arrow_keys_walk_along_the_curve(page: Any) -> None:
    found = probe(page)
    found.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert found.get_attribute("aria-valuenow") == "2"
    assert "Severity 2: 25 photons at white" in found.get_attribute("aria-valuetext")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert found.get_attribute("aria-valuenow") == "5"
    tip = page.locator(".entry .block .plot").first.locator(".tip")
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    assert found.get_attribute("role") == "slider"
    assert "AUROC along the ladder" in found.get_attribute("aria-label")


def test_a_finger_opens_it_too(page: Any) -> None:
    probe(page)
    page.touchscreen.tap(*middle_of(page, 4))
    tip = page.locator(".entry .block .plot").first.locator(".tip")
    assert tip.inner_text().startswith("Severity 4")


def test_the_numbers_stay_on_the_screen(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address, viewport={"width": 390, "height": 844})
    found = probe(page)
    found.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        box = page.locator(".entry .block .tip:visible").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.context.close()


def test_without_scripts_the_browser_shows_the_titles(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address, java_script_enabled=False)
    titles = page.locator(".entry .block .hit title").all_text_contents()
    assert len(titles) == 6 * 18
    assert all(title.startswith("Severity ") for title in titles)
    page.context.close()
