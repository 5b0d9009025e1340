"""The table of tests, the matrix of models and noises, the pages of models, stable addresses."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.report import page
from pytest_xraynoise.report.html import _environment, render
from pytest_xraynoise.report.matrix import UNKNOWN, matrix
from pytest_xraynoise.report.models_view import groups
from pytest_xraynoise.report.page_index import page_index
from pytest_xraynoise.report.rows import Row, rows
from pytest_xraynoise.report.slugs import slug, slugs
from pytest_xraynoise.results import TestRecord
from tests.report.big import MODELS, large_document, with_breaking_point
from tests.report.factory import document
from tests.report.test_html import HOSTILE, Page

SLUG = re.compile(r"[a-z][a-z0-9-]*")


def test_a_row_says_all_that_decided() -> None:
    row = rows([with_breaking_point(document().tests[1])])[0]
    assert (row.test, row.file) == ("test_findings[poisson]", "tests/robustness/test_noise.py")
    assert (row.model, row.noise, row.metric) == ("densenet121 (ChestX-ray14)", "poisson", "AUROC")
    assert (row.limit, row.severity) == ("max_auroc_drop=0.05", "3")
    assert float(row.drop) == round(float(row.clean) - float(row.worst), 3)
    assert row.interval.startswith("[")
    assert row.holds == "holds to 17.3 photons at white"
    assert row.reading.startswith("12 photons at white, 224 px over 35 cm")


def test_rows_are_sorted_by_numbers_and_breaking_points_by_rungs() -> None:
    broken, kept = (with_breaking_point(document().tests[i]) for i in (1, 0))
    first, second = rows([broken, kept])
    assert isinstance(first.keys["drop"], float)
    assert first.keys["severity"] == 3
    assert second.keys["severity"] is None
    # between rungs 2 and 3, and beyond all five
    assert 2 < float(first.keys["holds"] or 0) < 3
    assert second.keys["holds"] == 6
    nothing = rows([TestRecord("t::x", "error", message="no")])[0]
    assert set(nothing.keys) == {"test", "noise"}


def test_the_matrix_shows_the_worst_of_each_model_and_noise() -> None:
    records = page.worst_first(large_document(20).tests)
    table = rows(records)
    found = matrix(records, table)
    assert found is not None
    assert found.noises == ("gaussian", "poisson")
    assert {model for model, _ in found.rows} == {*MODELS, UNKNOWN}
    for model, cells in found.rows:
        for noise, cell in zip(found.noises, cells, strict=True):
            mine = [row for row in table if ((row.model or UNKNOWN), row.noise) == (model, noise)]
            assert (cell is None) == (mine == [])
            if cell is None:
                continue
            assert cell.count == len(mine)
            assert cell.failed == sum(row.state.kind == "fail" for row in mine)
            assert (cell.state.kind == "fail") == (cell.failed > 0)
            assert cell.slug in {row.slug for row in mine}
            drops = [float(row.drop) for row in mine if row.state == cell.state and row.drop]
            if cell.state.kind == "fail":
                assert f"drop {max(drops):.3f}" in cell.detail
                assert cell.broke.startswith("broke at ")


def test_one_model_and_one_noise_need_no_matrix() -> None:
    record = document().tests[1]
    assert matrix([record], rows([record])) is None
    both = document().tests[:2]
    assert matrix(both, rows(both)) is not None
    assert len(groups([record], rows([record]))) == 1
    assert "Which model stood which noise" not in render(
        dataclasses.replace(document(), tests=(record,))
    )


def test_every_test_is_on_the_page_of_its_model() -> None:
    records = page.worst_first(large_document(20).tests)
    table = rows(records)
    found = groups(records, table)
    assert [group.model for group in found][-1] == UNKNOWN
    assert sorted(i for group in found for i in group.indices) == list(range(20))
    for group in found[:-1]:
        assert {table[i].model for i in group.indices} == {group.model}
    assert groups([], []) == ()


def test_without_scripts_the_sections_stand_below_their_model() -> None:
    text = render(large_document(20))
    drawn = Page(text)
    assert len(drawn.ids) == len(set(drawn.ids))
    assert {a[1:] for a in drawn.addresses if a.startswith("#")} <= set(drawn.ids)
    for model in MODELS:
        start = text.index(f'<section class="model" id="{slug("model", model)}"')
        part = text[start : text.find('<section class="model"', start + 1)]
        tests = re.findall(r'<div class="entry" id="([^"]+)"', part)
        kind = ("findings", "triage", "screening", "lungs")[MODELS.index(model)]
        assert tests
        assert all(f"-{kind}-" in name for name in tests)


def test_an_address_is_the_same_in_another_run() -> None:
    first = {r.nodeid: row.slug for r, row in _pairs(large_document(20).tests)}
    again = {r.nodeid: row.slug for r, row in _pairs(large_document(20).tests[::-1][:9])}
    assert again.items() <= first.items()
    twice = slugs("test", ["a::b", "a::b"])
    assert twice[1] == f"{twice[0]}-2"


def _pairs(tests: Sequence[TestRecord]) -> list[tuple[TestRecord, Row]]:
    return list(zip(tests, rows(tests), strict=True))


@given(st.lists(st.text(st.characters(exclude_categories=())), unique=True, max_size=6))
def test_addresses_are_plain_and_different(names: list[str]) -> None:
    found = slugs("test", names)
    assert len(set(found)) == len(names)
    assert all(SLUG.fullmatch(name) and len(name) < 80 for name in found)


def test_hostile_text_cannot_leave_the_data_of_the_script() -> None:
    bad = f"</script><!--<script>{HOSTILE}\u2028\u2029" + "y" * 10_000
    result = document().tests[1].result
    assert result is not None
    record = TestRecord(bad, "error", message=bad, noise=bad)
    measured = dataclasses.replace(
        document().tests[1], nodeid=bad + "!", result=result.replace(model=bad)
    )
    records = [record, measured]
    data = page_index(records, rows(records), groups(records, rows(records)))
    text = str(_environment().from_string("{{ data|tojson }}").render(data=data))
    assert not re.search("[<>&'\u2028\u2029\x00-\x1f]|[^\x00-\x7f]", text)
    again = json.loads(text)
    assert again["tests"][0]["noise"].startswith("</script><!--<script><script>alert(1)")
    assert len(again["tests"][0]["text"]) <= 2000
    whole = render(dataclasses.replace(document(), tests=records))
    block = whole[whole.index('<script type="application/json"') :]
    block = block[block.index(">") + 1 : block.index("</script>")]
    assert [test["id"] for test in json.loads(block)["tests"]] == [
        row.slug for row in rows(page.worst_first(records))
    ]
