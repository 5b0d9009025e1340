"""Markdown: text stays text, whatever it is; and a run in short."""

from __future__ import annotations

import dataclasses
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.markdown import escape, render, table
from pytest_xraynoise.report.text import one_line
from tests.report.factory import ENVIRONMENT, document

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def words(rendered: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", rendered)).split())


@given(st.text(max_size=40) | st.text("\\`*_[]|~$<>&!#()-+. ab\n", max_size=40))
def test_escaped_text_reads_as_itself(text: str) -> None:
    shown = READER.render(f"x {escape(text)} x")
    assert re.findall(r"<[^>]*>", shown) == ["<p>", "</p>"]
    assert html.unescape(shown.strip()[3:-4]) == f"x {one_line(text)} x"


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_cells_stay_in_their_cells(cells: list[str]) -> None:
    shown = READER.render(table(("a", "b"), [cells]))
    found = re.findall(r"<td>(.*?)</td>", shown, re.DOTALL)
    assert [html.unescape(cell).strip() for cell in found] == [one_line(cell) for cell in cells]


def test_a_run_in_short() -> None:
    shown = words(READER.render(render(document())))
    assert shown.startswith(
        "X-ray noise robustness: 2 of 5 tests failed, 1 error, 1 expected failure "
        "Worst failure: tests/robustness/test_noise.py::test_lungs[gaussian]: Dice fell by"
    )
    for part in ("FAIL", "ERROR", "xfail", "ModelError: the model returned NaN", "seed 0"):
        assert part in shown
    assert shown.index("test_findings[poisson]") < shown.index("test_pneumonia[gaussian]")


def test_long_tables_are_cut_and_counted() -> None:
    records = [
        dataclasses.replace(document().tests[0], nodeid=f"t.py::test_{i}") for i in range(30)
    ]
    text = render(Document(ENVIRONMENT, [*records, document().tests[1]]), most=5)
    assert text.count("\n| ") == 1 + 1 + 5
    assert "and 26 more tests" in text
    assert "test\\_findings" in text.splitlines()[6], "failures come first"


@pytest.mark.parametrize("count", [0, 1])
def test_a_run_without_failures_names_none(count: int) -> None:
    text = render(Document({}, document().tests[:count]))
    assert "Worst failure" not in text
    assert ("1 test passed" if count else "0 of 0 tests passed") in text
