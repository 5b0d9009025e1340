"""The report in a real browser: nothing is fetched, all is read without scripts and fits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.pages import MARKS, open_page

pytestmark = MARKS


@pytest.mark.parametrize("which", ["address", "hostile_address", "big_address"])
def test_nothing_is_fetched_and_the_console_is_silent(
    browser: Any, request: pytest.FixtureRequest, which: str
) -> None:
    address = request.getfixturevalue(which)
    page = browser.new_context().new_page()
    requests: list[str] = []
    console: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda message: console.append(message.text))
    page.on("pageerror", lambda error: console.append(str(error)))
    page.on("dialog", lambda dialog: console.append(dialog.message))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert [url for url in requests if not url.startswith("data:")] == [address]
    assert console == []
    page.context.close()


def test_without_scripts_every_verdict_and_curve_is_there(browser: Any, address: str) -> None:
    page = open_page(browser, address, java_script_enabled=False)
    verdicts = page.locator("#tests tbody .badge").all_inner_texts()
    assert verdicts == ["failed", "failed", "error", "expected failure", "passed"]
    assert page.locator(".block svg.chart").count() == 4
    for chart in page.locator("svg.chart").all():
        box = chart.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 150
    page.context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
@pytest.mark.parametrize("which", ["address", "hostile_address", "big_address"])
def test_the_page_never_scrolls_sideways(
    browser: Any, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    viewport = {"width": width, "height": 844}
    page = open_page(browser, request.getfixturevalue(which), viewport=viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_anchors_lead_to_their_test(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    for link in page.locator("#tests tbody th a").all():
        name = link.inner_text()
        link.click()
        wanted = link.get_attribute("href")
        page.wait_for_function(
            """wanted => location.hash === wanted
            && (Math.abs(document.querySelector(wanted).getBoundingClientRect().top) < 100
                || innerHeight + scrollY >= document.body.scrollHeight - 2)""",
            arg=wanted,
        )
        assert page.locator(wanted).locator("h2").inner_text() == name
        page.evaluate("scrollTo(0, 0)")
    page.context.close()


def test_strips_and_overlays_are_decoded_and_lie_on_each_other(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    images = page.locator(".frames .picture > img")
    sizes = images.evaluate_all("all => all.map(i => [i.complete, i.naturalWidth])")
    assert len(sizes) == 6 * (3 + 3 * 2 + 1 + 1)
    assert all(complete and width > 0 for complete, width in sizes)
    picture = page.locator(".frames .picture:has(.over)").first
    below, above = (img.bounding_box() for img in picture.locator("img").all())
    assert below == pytest.approx(above, abs=1)
    assert below["width"] > 100
    captions = page.locator(".strip .rung").all_inner_texts()
    assert any("60 photons at white" in caption for caption in captions)
    page.context.close()


_CONTRAST = """selector => {
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (colour.startsWith("rgb(")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return Math.min(...[...document.querySelectorAll(selector)].map(element => {
    const a = light(getComputedStyle(element).color), b = light(behind(element));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
}"""
_TEXTS = ("h1", ".badge", ".interval", ".hint", ".headline", ".facts dt", "a", ".reading")


def contrast(page: Any, selector: str) -> float:
    """The lowest contrast ratio (WCAG 2.2) of the texts that ``selector`` finds."""
    return float(page.evaluate(_CONTRAST, selector))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(browser: Any, address: str, scheme: str) -> None:
    page = open_page(browser, address, color_scheme=scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(13, 18, 22)") == (scheme == "dark")
    for selector in _TEXTS:
        assert contrast(page, selector) >= 4.5, selector
    ink = page.locator("svg.chart text").first.evaluate("e => getComputedStyle(e).fill")
    assert (ink == "rgb(230, 236, 241)") == (scheme == "dark")
    page.context.close()


def test_the_keyboard_reaches_the_tests_first(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#tests'")
    page.context.close()
