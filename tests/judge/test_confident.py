"""Decisions by whole intervals, row by row, and what they say."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.judge import RobustnessFailure, check, decide, parse_limits
from pytest_xraynoise.judge.modes import DEFAULT_POLICY, MODES
from pytest_xraynoise.results import LadderResult, Verdict
from tests.judge.decision_table import ROWS, Row
from tests.judge.ladders import ladder


def judged(row: Row) -> Verdict:
    how = dict(row.how)
    return decide(row.result, parse_limits(row.limits), mode=how.pop("decide", "point"), **how)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_of_the_table(row: Row) -> None:
    verdict = judged(row)
    assert verdict.status == row.status
    assert verdict.action == row.action
    assert tuple(each.status for each in verdict.checks) == row.checks
    assert verdict.mode == row.how.get("decide", "point")
    assert [c.status for c in verdict.broken] == ["fail"] * row.checks.count("fail")
    assert len(verdict.inconclusive) == row.checks.count("inconclusive")
    assert (verdict.to_settle is not None) == (row.status == "inconclusive")
    for each in verdict.checks:
        assert (each.p is None) == (verdict.mode == "point")
        if each.p is not None and each.adjusted_p is not None:
            assert each.p <= each.adjusted_p <= 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_check_does_what_the_verdict_says(row: Row) -> None:
    if row.action == "fail":
        with pytest.raises(RobustnessFailure) as failure:
            check(row.result, **row.how, **row.limits)
        assert failure.value.verdict.status == row.status
    else:
        assert check(row.result, **row.how, **row.limits).status == row.status


def test_the_two_modes_say_the_same_and_act_differently() -> None:
    """Who has the burden of proof decides what doubt does."""
    doubtful = [row for row in ROWS if row.status == "inconclusive" and len(row.how) == 1]
    assert doubtful
    for row in doubtful:
        fail = judged(dataclasses.replace(row, how={"decide": "confident-fail"}))
        sure = judged(dataclasses.replace(row, how={"decide": "confident-pass"}))
        assert fail.checks == sure.checks
        assert (fail.action, sure.action) == ("pass", "fail")
    assert set(DEFAULT_POLICY) == set(MODES)


def one(drop: float, spread: float, limit: float = 0.05, samples: int = 100) -> Verdict:
    result = ladder({"auroc": (0.95, 0.95 - drop)}, spread=spread)
    result = result.replace(ids=tuple(map(str, range(samples))))
    return decide(result, parse_limits({"max_auroc_drop": limit}), mode="confident-pass")


def test_the_headline_says_how_many_samples_would_settle_it() -> None:
    verdict = one(0.06, 0.02)
    # 100 (3.605 / 1.96 * 0.02 / 0.01)^2 = 1353
    assert verdict.checks[0].needed == 1400
    assert verdict.headline == (
        "auroc dropped by 0.060 [0.040, 0.080] at severity 1 (100 photons at white); limit "
        "max_auroc_drop=0.05 is undecided: about 1,400 samples would settle it (100 were used)"
    )


def test_at_the_limit_itself_no_number_of_samples_helps() -> None:
    verdict = one(0.05, 0.02)
    assert verdict.checks[0].needed is None
    assert verdict.headline.endswith(
        "no number of samples would settle it, as the estimate is at the limit itself"
    )


def test_the_headline_of_many_looks_shows_both_p_values() -> None:
    row = next(row for row in ROWS if row.name == "three looks of it")
    assert "(p 0.022, 0.065 as one of 3 looks)" in judged(row).headline


def test_what_would_settle_a_verdict() -> None:
    """One limit that is likely broken does; else all have to be settled."""
    within = ladder({"auroc": (0.95, 0.93, 0.915)}, spread=0.04)
    verdict = decide(within, parse_limits({"max_auroc_drop": 0.05}), mode="confident-fail")
    assert verdict.to_settle is not None
    assert verdict.to_settle.severity == 2
    beyond = ladder({"auroc": (0.95, 0.895, 0.87)}, spread=0.04)
    verdict = decide(beyond, parse_limits({"max_auroc_drop": 0.05}), mode="confident-fail")
    assert verdict.to_settle is not None
    assert verdict.to_settle.severity == 2
    assert "severity 2" in verdict.headline


@settings(deadline=None, derandomize=True)
@given(drop=st.floats(0, 0.5), spread=st.floats(1e-4, 0.3), limit=st.floats(0, 0.5))
def test_never_broken_and_kept_and_always_as_the_interval_says(
    drop: float, spread: float, limit: float
) -> None:
    (found,) = one(drop, spread, limit).checks
    assert found.low is not None
    assert found.high is not None
    near = min(abs(found.low - limit), abs(found.high - limit)) < 1e-9
    if not near:
        expected = "fail" if found.low > limit else "pass" if found.high < limit else "inconclusive"
        assert found.status == expected
    if found.inconclusive and abs(drop - limit) > 1e-9:
        assert found.needed is not None
        assert found.needed > 100


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"decide": "confident"}, "unknown way to decide 'confident'; did you mean 'confident-"),
        ({"inconclusive": "ignore"}, "unknown policy 'ignore'"),
    ],
)
def test_bad_words(how: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        check(ladder({"auroc": (0.9, 0.8)}), max_auroc_drop=0.1, **how)


@pytest.mark.parametrize("mode", ["confident-fail", "confident-pass"])
@pytest.mark.parametrize("aggregate", ["worst", "mean"])
def test_without_an_interval_nothing_is_confident(mode: str, aggregate: str) -> None:
    result = ladder({"auroc": (0.9, 0.8)})
    says = f"cannot be judged with decide='{mode}': auroc has no interval"
    with pytest.raises(MetricError, match=says):
        check(result, max_auroc_drop=0.2, decide=mode, aggregate=aggregate)


def test_fewer_than_two_positives_cannot_be_judged() -> None:
    result = few(positives=1)
    for mode in MODES:
        with pytest.raises(MetricError, match="x has 1 positive and 99 negative samples"):
            check(result, max_auroc_drop=0.2, decide=mode)
    assert check(few(positives=2, spread=0.01), max_auroc_drop=0.2).status == "pass"


def few(positives: int, spread: float | None = None) -> LadderResult:
    import numpy as np

    targets = np.zeros((100, 1))
    targets[:positives] = 1
    return ladder({"auroc": (0.9, 0.8)}, spread=spread).replace(_targets=targets)


def test_nan_in_an_interval_free_result_is_an_error() -> None:
    with pytest.raises(MetricError, match="not defined at severity 1"):
        check(ladder({"auroc": (0.9, math.nan)}, spread=0.1), max_auroc_drop=0.5, decide="point")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_verdicts_of_one_test_share_the_level(row: Row) -> None:
    """Two families of looks: twice the adjusted p-value, and never a bolder word."""
    how = dict(row.how)
    mode, limits = how.pop("decide", "point"), parse_limits(row.limits)
    alone = decide(row.result, limits, mode=mode, **how)
    shared = decide(row.result, limits, mode=mode, families=2, **how)
    for one, two in zip(alone.checks, shared.checks, strict=True):
        if mode == "point":
            assert two == one
            continue
        assert one.adjusted_p is not None
        assert two.adjusted_p == min(1.0, 2 * one.adjusted_p)
        assert two.status in (one.status, "inconclusive")
