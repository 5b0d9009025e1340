"""What got better or worse since a baseline, for the page."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_xraynoise.report.changes import baseline_curve, changes
from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.rows import rows
from pytest_xraynoise.results import Comparison
from tests.report.big import compared, large_document
from tests.report.factory import document
from tests.report.test_html import Page


def test_regressions_come_first_and_gains_last() -> None:
    tests = large_document(20, baseline=True).tests
    part = changes(tests, rows(tests))[0]
    words = [row.word for row in part.rows]
    order = ["regressed", "missing", "worse", "better"]
    assert set(words) == set(order)
    assert words == sorted(words, key=order.index)
    for word in order:
        said = "missing in it" if word == "missing" else word
        assert f"{words.count(word)} {said}" in part.summary
    same = sum(r.comparison is not None for r in tests) - len({row.slug for row in part.rows})
    assert f"{same} without a change beyond its interval" in part.summary
    assert part.advice.endswith("save again with --xraynoise-save=main.")


def test_a_change_names_its_numbers() -> None:
    record = compared(document().tests[1], 0.06, rule="*:0.02")
    part = changes([record], rows([record]))[0]
    assert len(part.rows) == 1
    row = part.rows[0]
    assert (row.word, row.kind, row.metric) == ("regressed", "fail", "AUROC")
    assert row.difference == "-0.060"
    assert row.interval == "[-0.070, -0.050]"
    assert float(row.now) - float(row.baseline) == pytest.approx(float(row.difference))
    assert part.advice == ""


def test_a_test_may_gain_here_and_lose_there() -> None:
    record = compared(document().tests[1], 0.0)
    assert record.comparison is not None
    first, *rest = record.comparison.differences
    up = dataclasses.replace(first, metric="f1", now=first.baseline + 0.1, low=0.05, high=0.15)
    down = dataclasses.replace(first, now=first.baseline - 0.1, low=-0.15, high=-0.05)
    both = dataclasses.replace(record.comparison, differences=(up, down, *rest))
    record = dataclasses.replace(record, comparison=both)
    words = [row.word for row in changes([record], rows([record]))[0].rows]
    assert words == ["worse", "better"]


def test_every_baseline_has_its_part_and_none_has_none() -> None:
    tests = [
        dataclasses.replace(document().tests[1], comparison=Comparison(name, "told", "nothing"))
        for name in ("main", "<b>")
    ]
    assert [part.baseline for part in changes(tests, rows(tests))] == ["main", "<b>"]
    assert changes(document().tests, rows(document().tests)) == ()


def test_the_page_shows_both_curves_and_the_list() -> None:
    text = render(large_document(20, baseline=True))
    drawn = Page(text)
    assert "Since the baseline main" in drawn.text
    assert text.count(">baseline</text>") == sum(
        r.comparison is not None and r.comparison.status != "missing"
        for r in large_document(20, baseline=True).tests
    )
    assert baseline_curve(None, "auroc") == {}
    record = compared(document().tests[1], 0.01)
    assert list(baseline_curve(record.comparison, "auroc")) == [0, 1, 2, 3, 4, 5]
    assert baseline_curve(record.comparison, "auroc", "Nodule") == {}
