"""The top of the page: the verdict in words, the test to look at first, what repeats the run."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_xraynoise.report import page
from pytest_xraynoise.report.hero import hero
from pytest_xraynoise.report.run_facts import command, facts
from pytest_xraynoise.results import Comparison, TestRecord
from tests.report.big import compared, with_breaking_point
from tests.report.factory import classifier, document, judged


@pytest.mark.parametrize(
    ("outcomes", "title"),
    [
        (["passed"], "The test passed"),
        (["passed", "passed"], "All 2 tests passed"),
        (["passed", "xfailed"], "No test failed; 1 of 2 tests passed"),
        (["error"], "1 of 1 test could not be evaluated"),
        (["failed", "passed"], "1 of 2 tests failed"),
        (["xpassed", "failed"], "1 of 2 tests failed"),
        (["xpassed"], "No test failed; 0 of 1 test passed"),
    ],
)
def test_the_title_is_the_verdict(outcomes: list[str], title: str) -> None:
    assert page.title([TestRecord("t", outcome) for outcome in outcomes]) == title


def test_without_failures_the_closest_call_comes_first() -> None:
    result = classifier("gaussian", ("A",), (1, 1, 0.99, 0.98, 0.97, 0.96), samples=80, strips=0)
    loose = judged(result, "max_auroc_drop=0.5")
    tight = judged(result, "max_auroc_drop=0.1")
    found = hero([loose, tight])
    assert found is not None
    assert not found.failed
    assert found.index == 1
    assert "max_auroc_drop=0.1" in found.sentence


def test_an_expected_failure_is_never_the_worst_failure() -> None:
    records = document().tests
    assert hero([records[4]]) is None
    assert page.state(records[4]).word == "expected failure"


def test_failures_come_first() -> None:
    kinds = [page.state(record).kind for record in page.worst_first(document().tests)]
    assert kinds == ["fail", "fail", "error", "xfail", "pass"]


def test_the_worst_failure_says_whether_it_matters() -> None:
    records = [with_breaking_point(document().tests[1])]
    found = hero(records)
    assert found is not None
    assert found.failed
    assert (found.who, found.noise) == ("densenet121 (ChestX-ray14)", "poisson")
    assert "AUROC fell by" in found.sentence
    assert "at severity 3 (12 photons at white)" in found.sentence
    assert found.worst_label.startswith("Pneumothorax: AUROC 0.9") or "→" in found.worst_label
    assert found.reading.startswith("12 photons at white, 224 px over 35 cm: about 1/15,808")
    assert "holds to 17.3 photons at white" in found.breaking


def test_a_failure_against_the_baseline_comes_before_a_close_call() -> None:
    result = classifier("gaussian", ("A",), (1, 1, 0.99, 0.98, 0.97, 0.96), samples=80, strips=0)
    passed = judged(result, "max_auroc_drop=0.5")
    fallen = compared(passed, 0.06, rule="*:0.02")
    fallen = dataclasses.replace(fallen, outcome="failed", nodeid="t::fallen")
    found = hero([passed, fallen])
    assert found is not None
    assert (found.index, found.failed) == (1, True)
    assert found.sentence == "auroc moved by -0.060 since the baseline 'main'"


def test_a_failure_by_its_own_assertion_is_a_failure() -> None:
    result = classifier("gaussian", ("A",), (1, 1, 0.99, 0.98, 0.97, 0.96), samples=80, strips=0)
    kept = dataclasses.replace(judged(result, "max_auroc_drop=0.5"), outcome="failed")
    told = dataclasses.replace(kept, comparison=Comparison("main", "told", "nothing"))
    for record in (kept, told):
        found = hero([record])
        assert found is not None
        assert found.failed
        assert found.sentence == record.verdict.headline if record.verdict else False


def test_of_many_models_four_are_named() -> None:
    result = classifier(samples=60, strips=0)
    records = [
        TestRecord(f"t{i}", "passed", result=result.replace(model=f"m{i}")) for i in range(6)
    ]
    found = dict(facts(dataclasses.replace(document(), tests=records)))
    assert found["Model"] == "m0, m1, m2, m3 and 2 more"
    assert found["Seed"] == "0"


def test_the_command_can_be_pasted() -> None:
    spaced = dataclasses.replace(document(), environment={"command": ["pytest", "-k", "a or b"]})
    assert command(spaced) == "pytest -k 'a or b'"
