"""The viewer of an image strip: slider, flicker, severity; and the page without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import write_html
from pytest_xraynoise.results import Panel, TestRecord
from tests.browser.pages import MARKS, open_page
from tests.report.factory import document

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = MARKS

CUT = "box => getComputedStyle(box).getPropertyValue('--noisy')"


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    opened = open_page(browser, address, reduced_motion="no-preference")
    yield opened
    opened.context.close()


def test_each_strip_has_a_viewer_that_starts_where_the_limit_broke(page: Any) -> None:
    boxes = page.locator(".strip .compare")
    assert boxes.count() == page.locator(".strip").count() == 8
    box = boxes.first
    assert box.evaluate(CUT) == "50%"
    assert box.locator("select").input_value().startswith("3, 12 photons at white")
    assert (
        box.locator("[role=img]")
        .get_attribute("aria-label")
        .endswith(": clean, and at severity 3, 12 photons at white")
    )
    images = box.locator(".wipe img").evaluate_all("all => all.map(i => i.naturalWidth > 0)")
    assert images == [True, True]


def test_the_slider_works_by_mouse(page: Any) -> None:
    box = page.locator(".compare").first
    slider = box.locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    place = slider.bounding_box()
    middle = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] - 1, middle, steps=4)
    page.mouse.up()
    assert box.evaluate(CUT) == "100%"
    page.mouse.click(place["x"] + 1, middle)
    assert box.evaluate(CUT) == "0%"
    # what is seen follows: the noisy layer is clipped away altogether
    clip = box.locator(".noisy").evaluate("e => getComputedStyle(e).clipPath")
    assert clip == "inset(0px 100% 0px 0px)"


def test_the_slider_works_by_keyboard_and_says_where_it_is(page: Any) -> None:
    box = page.locator(".compare").first
    slider = box.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert box.evaluate(CUT) == "51%"
    page.keyboard.press("Home")
    assert box.evaluate(CUT) == "0%"
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "100% noisy"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Flicker"


def test_another_severity_can_be_chosen_by_keyboard(page: Any) -> None:
    box = page.locator(".compare").first
    shown = box.locator(".noisy img").first
    before = shown.get_attribute("src")
    box.locator("select").focus()
    page.keyboard.press("ArrowDown")
    after = shown.get_attribute("src")
    frames = page.locator(".strip").first.locator(".frames > li .picture > img:first-child")
    assert before == frames.nth(3).get_attribute("src")
    assert after == frames.nth(4).get_attribute("src")
    assert "severity 4, 5 photons" in box.locator("[role=img]").get_attribute("aria-label")


def test_the_flicker_changes_at_most_twice_a_second_and_stops(page: Any) -> None:
    box = page.locator(".compare").first
    button = box.locator("button")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    seen = page.evaluate(
        """async box => {
          const found = [], read = () => getComputedStyle(box).getPropertyValue('--noisy');
          const end = performance.now() + 2100;
          while (performance.now() < end) {
            if (found.at(-1) !== read()) found.push(read());
            await new Promise(done => setTimeout(done, 20));
          }
          return found;
        }""",
        box.element_handle(),
    )
    assert set(seen) == {"0%", "100%"}
    assert 3 <= len(seen) <= 6
    page.keyboard.press("Enter")
    assert box.evaluate(CUT) == "50%"
    assert button.get_attribute("aria-pressed") == "false"
    page.wait_for_timeout(700)
    assert box.evaluate(CUT) == "50%"
    button.click()
    box.locator("input").press("ArrowLeft")  # the slider takes over
    page.wait_for_timeout(700)
    assert box.evaluate(CUT) == "49%"


def test_where_motion_is_unwanted_nothing_moves_by_itself(browser: Any, address: str) -> None:
    page = open_page(browser, address, reduced_motion="reduce")
    box = page.locator(".compare").first
    button = box.locator("button")
    assert button.inner_text() == "Show the noisy picture"
    button.click()
    assert box.evaluate(CUT) == "100%"
    page.wait_for_timeout(1200)
    assert box.evaluate(CUT) == "100%"
    button.click()
    assert box.evaluate(CUT) == "0%"
    page.context.close()


def test_masks_are_compared_with_their_contours(page: Any) -> None:
    box = page.locator(".strip:has(.over) .compare").first
    assert box.locator(".noisy .over").count() == 1
    assert box.locator(".wipe > .over").count() == 1
    below, above = (
        box.locator(f"{place}").bounding_box()
        for place in (".noisy img:not(.over)", ".noisy .over")
    )
    assert below == pytest.approx(above, abs=1)


def test_without_scripts_every_frame_is_in_its_row(browser: Any, address: str) -> None:
    page = open_page(browser, address, java_script_enabled=False)
    assert page.locator(".compare").count() == 0
    strips = page.locator(".strip")
    assert strips.count() == 8
    for i in range(8):
        frames = strips.nth(i).locator(".frames > li")
        assert frames.count() == 6
        assert all(frame.is_visible() for frame in frames.all())
    assert page.locator(".operating svg.chart").count() == 2 * 3
    assert page.locator(".per-image svg.chart").count() == 1
    page.context.close()


def test_print_has_the_frames_and_not_the_viewer(page: Any) -> None:
    page.emulate_media(media="print")
    assert not page.locator(".compare").first.is_visible()
    assert page.locator(".frames > li").first.is_visible()


def test_a_drawing_of_a_user_cannot_script_the_page(browser: Any, tmp_path: Any) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" width="40" height="20" '
        'onload="parent.document.title=1;alert(1)"><script>parent.document.title = 1</script>'
        '<image href="http://127.0.0.1:9/leak.png" width="5" height="5"/>'
        '<rect width="40" height="20" fill="teal"/></svg>'
    )
    panel = Panel("Own", text="<b>bold</b>", svg=svg, table=[["a"], ["<i>b</i>"]])
    record = TestRecord("a.py::t", "passed", panels=(panel,))
    path = tmp_path / "own.html"
    write_html(Document({}, (record,)), path)
    page = browser.new_context().new_page()
    heard: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    picture = page.locator(".own-picture")
    assert picture.evaluate("i => i.complete && i.naturalWidth") == 40
    assert page.locator(".own b, .own i").count() == 0
    assert "robustness" in page.title()
    assert heard == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    page.context.close()


def test_viewers_are_used_without_a_word_on_the_console(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(address)
    assert len(document().tests) == 5
    for box in page.locator(".compare").all()[:3]:
        box.locator("button").click()
        box.locator("select").select_option(index=0)
        box.locator("input").press("End")
    assert heard == []
    page.context.close()
