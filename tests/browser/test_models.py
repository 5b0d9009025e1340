"""A page for each model, the overview, and links that lead to one test."""

from __future__ import annotations

from typing import Any

from pytest_xraynoise.report import page as words
from pytest_xraynoise.report.rows import rows
from pytest_xraynoise.report.slugs import slug
from tests.browser.pages import MARKS, open_model, open_page, shown_tests
from tests.report.big import MODELS, large_document

pytestmark = MARKS

ROWS = rows(words.worst_first(large_document(20, baseline=True).tests))
LUNGS = MODELS[3]
MINE = [row.test for row in ROWS if row.model == LUNGS]


def test_a_model_has_a_page_of_its_own(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    open_model(page, LUNGS)
    assert page.url.endswith("#" + slug("model", LUNGS))
    assert page.locator("#view h2").inner_text() == LUNGS
    assert page.locator("#view .counts").inner_text().startswith("4 failed")
    assert shown_tests(page) == MINE
    assert page.locator(".entry:visible h2").all_inner_texts() == MINE
    assert page.locator(".chip:visible").all_inner_texts() == ["4 failed"]
    for hidden in (".hero", ".run", "#overview", "#changes-1", "#by-model"):
        assert not page.locator(hidden).is_visible(), hidden
    # a filter within the page of a model is kept in its address
    page.locator("#find").fill("lungs_3[")
    assert len(shown_tests(page)) == 1
    again = open_page(browser, page.url)
    assert again.locator("#view h2").inner_text() == LUNGS
    assert len(shown_tests(again)) == 1
    page.locator("#view a").click()
    page.locator("#view").wait_for(state="hidden")
    assert len(shown_tests(page)) == 20
    assert page.locator("#overview").is_visible()
    for each in (page, again):
        each.context.close()


def test_going_back_leaves_the_page_of_a_model(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address + "#overview")
    open_model(page, LUNGS)
    assert shown_tests(page) == MINE
    page.go_back()
    page.locator("#overview").wait_for()
    assert len(shown_tests(page)) == 20
    page.context.close()


def test_the_cells_of_the_overview_lead_to_their_worst_test(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    cells = page.locator(".matrix td a")
    assert cells.count() == 10
    for cell in cells.all():
        target = cell.get_attribute("href")[1:]
        row = next(row for row in ROWS if row.slug == target)
        assert cell.inner_text() == row.state.word
    page.context.close()


def test_a_link_to_a_test_opens_it_whatever_is_filtered(browser: Any, big_address: str) -> None:
    wanted = next(row for row in ROWS if row.state.kind == "pass")
    page = open_page(browser, big_address + "#" + wanted.slug)
    at_top = f"Math.abs(document.getElementById('{wanted.slug}').getBoundingClientRect().top) < 60"
    page.wait_for_function(at_top)
    page.locator('.chip[data-kind="fail"]').click()
    assert not page.locator(f"#{wanted.slug}").is_visible()
    page.evaluate(f"location.hash = '{wanted.slug}'")
    page.locator(f"#{wanted.slug}").wait_for()
    assert len(shown_tests(page)) == 20
    page.wait_for_function(at_top)
    counted = open_page(browser, big_address + "#test-3")
    assert counted.locator("#test-3 h2").inner_text() == ROWS[2].test
    assert abs(counted.locator("#test-3").bounding_box()["y"]) < 60
    for each in (page, counted):
        each.context.close()


def test_without_scripts_models_are_headings_with_a_list_of_tests(
    browser: Any, big_address: str
) -> None:
    page = open_page(browser, big_address, java_script_enabled=False)
    names = page.locator(".model > header h2").all_inner_texts()
    assert set(MODELS) < set(names)
    part = page.locator(f"#{slug('model', LUNGS)}")
    assert part.locator(".contents a").all_inner_texts() == MINE
    assert part.locator(".entry h2").all_inner_texts() == MINE
    page.context.close()
