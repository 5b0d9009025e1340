"""Limits held against a result in a loop or a notebook."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_xraynoise import check as exported
from pytest_xraynoise.errors import SpecError, XrayNoiseError
from pytest_xraynoise.judge import RobustnessFailure, check
from tests.judge.ladders import ladder

RESULT = ladder(
    {"auroc": (0.95, 0.93, 0.85)},
    {"Effusion": {"auroc": (0.95, 0.95, 0.95)}, "Nodule": {"auroc": (0.95, 0.91, 0.75)}},
)


def test_a_limit_that_holds_gives_the_verdict() -> None:
    verdict = check(RESULT, max_auroc_drop=0.1, min_auroc=0.8)
    assert verdict.status == "pass"
    assert len(verdict.checks) == 5
    assert exported is check


def test_a_broken_limit_is_a_failed_assertion() -> None:
    with pytest.raises(AssertionError) as failure:
        check(RESULT, max_auroc_drop={1: 0.05, 2: 0.05})
    error = failure.value
    assert isinstance(error, RobustnessFailure)
    assert isinstance(error, XrayNoiseError)
    assert str(error) == error.verdict.headline
    assert str(error) == (
        "auroc dropped by 0.100 at severity 2 (50 photons at white); "
        "limit max_auroc_drop={1: 0.05, 2: 0.05} is broken"
    )
    assert error.result.rungs is RESULT.rungs
    assert [c.severity for c in error.verdict.broken] == [2]


def test_labels_and_mean() -> None:
    with pytest.raises(RobustnessFailure, match=r"auroc of Nodule dropped by 0\.200"):
        check(RESULT, max_auroc_drop=0.1, per_label=True)
    assert check(RESULT, max_auroc_drop=0.06, aggregate="mean").status == "pass"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({}, "no limit is given"),
        ({"max_aurc_drop": 0.1}, "did you mean 'max_auroc_drop'"),
        ({"max_auroc_drop": 5}, "did you mean 0.05"),
        ({"max_auroc_drop": {3: 0.1}}, "severity 3 is not run; this ladder runs 1, 2"),
        ({"max_dice_drop": 0.1}, "unknown metric 'dice'. Known: auroc"),
        ({"max_auroc_drop": 0.1, "aggregate": "men"}, "did you mean 'mean'"),
    ],
)
def test_bad_limits(words: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        check(RESULT, **words)
