"""The table of tests is sorted, filtered and searched, by mouse and by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.report import page as words
from pytest_xraynoise.report.rows import rows
from tests.browser.pages import MARKS, open_page, shown_tests
from tests.report.big import large_document

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = MARKS

ROWS = rows(words.worst_first(large_document(20, baseline=True).tests))
COLUMNS = ("test", "model", "noise", "metric", "clean", "worst", "drop", "limit", "severity",
           "holds", "reading")  # fmt: skip


def head(page: Any, key: str) -> Any:
    return page.locator(f'#tests-table th[data-key="{key}"]')


@pytest.fixture(scope="module")
def one_page(browser: Any, big_address: str) -> Iterator[Any]:
    page = open_page(browser, big_address)
    yield page
    page.context.close()


@pytest.mark.parametrize("key", COLUMNS)
def test_any_column_sorts_both_ways_with_the_unknown_last(one_page: Any, key: str) -> None:
    page = one_page
    by_test = {row.test: row.keys.get(key) for row in ROWS}
    orders = []
    for _ in range(2):
        head(page, key).locator("button").click()
        orders.append((head(page, key).get_attribute("aria-sort"), shown_tests(page)))
    assert {order for order, _ in orders} == {"ascending", "descending"}
    assert page.locator("th[aria-sort]").count() == 1
    for order, names in orders:
        assert sorted(names) == sorted(by_test)
        known = [by_test[name] for name in names if by_test[name] is not None]
        assert [by_test[name] is None for name in names] == sorted(
            by_test[name] is None for name in names
        )
        if all(isinstance(value, float) for value in known):
            assert known == sorted(known, reverse=order == "descending")  # type: ignore[type-var]
        elif key in ("model", "noise"):
            assert known == sorted(known, key=str, reverse=order == "descending")


def test_it_begins_with_the_worst(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    assert shown_tests(page) == [row.test for row in ROWS]
    assert head(page, "verdict").get_attribute("aria-sort") == "ascending"
    page.context.close()


def test_verdict_model_noise_and_search_narrow_it(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)

    def expect(**fields: str) -> list[str]:
        return [
            row.test
            for row in ROWS
            if all(
                value in ((row.state.kind,) if name == "kind" else (getattr(row, name),))
                for name, value in fields.items()
            )
        ]

    page.locator('.chip[data-kind="fail"]').click()
    assert shown_tests(page) == expect(kind="fail")
    page.locator("#by-noise").select_option("poisson")
    assert shown_tests(page) == expect(kind="fail", noise="poisson")
    page.locator("#by-model").select_option("unet-resnet34 (lungs)")
    narrow = expect(kind="fail", noise="poisson", model="unet-resnet34 (lungs)")
    assert shown_tests(page) == narrow
    assert page.locator("#shown").inner_text() == f"{len(narrow)} of 20 tests"
    # the sections below follow
    assert page.locator(".entry:visible h2").all_inner_texts() == narrow
    page.locator("#find").fill("lungs_3 DICE")
    assert shown_tests(page) == [name for name in narrow if "lungs_3[" in name]
    page.locator("#clear").click()
    assert shown_tests(page) == [row.test for row in ROWS]
    assert page.locator("#clear").is_disabled()
    page.locator("#find").fill("noise-trained passed")
    assert set(shown_tests(page)) == set(
        expect(kind="pass", model="resnet50 (ChestX-ray14, noise-trained)")
    )
    page.context.close()


def test_two_verdicts_show_both_and_nothing_says_so(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    for kind in ("pass", "error"):
        page.locator(f'.chip[data-kind="{kind}"]').click()
    kinds = page.locator("#tests-table tbody tr:visible").evaluate_all(
        "all => [...new Set(all.map(row => row.className))]"
    )
    assert set(kinds) == {"pass", "error"}
    page.locator("#find").fill("no such thing")
    assert shown_tests(page) == []
    assert page.locator("#shown").inner_text() == "0 of 20 tests"
    page.context.close()


def test_the_address_keeps_what_is_shown(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    page.locator('.chip[data-kind="fail"]').click()
    page.locator("#find").fill("findings & lungs")
    page.locator("#find").fill("findings")
    head(page, "drop").locator("button").click()
    there, names = page.url, shown_tests(page)
    assert "#verdict=fail&find=findings&sort=-drop" in there
    again = open_page(browser, there)
    assert shown_tests(again) == names
    assert again.locator("#find").input_value() == "findings"
    assert again.locator('.chip[data-kind="fail"]').get_attribute("aria-pressed") == "true"
    for bad in ("#verdict=__proto__&sort=constructor&model=x&view=toString", "#a=%", "#%E0%A4%A"):
        odd = open_page(browser, big_address + bad)
        assert len(shown_tests(odd)) == 20
        odd.context.close()
    page.context.close()
    again.context.close()


def test_the_keyboard_does_it_all(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address)
    page.locator(".chip").first.focus()
    page.keyboard.press("Space")
    assert len(shown_tests(page)) == sum(row.state.kind == "fail" for row in ROWS)
    page.keyboard.press("Space")
    head(page, "worst").locator("button").focus()
    page.keyboard.press("Enter")
    assert head(page, "worst").get_attribute("aria-sort") == "ascending"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.context.close()


def test_a_phone_sorts_by_a_list(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address, viewport={"width": 390, "height": 844})
    assert not head(page, "drop").is_visible()
    page.locator("#by-column").select_option("drop")
    drops = [{row.test: row.keys.get("drop") for row in ROWS}[n] for n in shown_tests(page)]
    known = [float(drop) for drop in drops if drop is not None]
    assert known == sorted(known, reverse=True)
    page.context.close()


def test_without_scripts_there_are_no_controls(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address, java_script_enabled=False)
    for control in ("#controls", "#copy", ".probe", "#tests-table th button"):
        assert page.locator(f"{control}:visible").count() == 0, control
    assert shown_tests(page) == [row.test for row in ROWS]
    page.context.close()


def test_the_command_is_copied(browser: Any, big_address: str) -> None:
    page = open_page(browser, big_address, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#copy").click()
    page.locator("#copy", has_text="Copied").wait_for()
    said = page.evaluate("navigator.clipboard.readText()")
    assert said == "pytest tests/robustness --xraynoise-report --xraynoise-json=noise.json"
    page.context.close()
