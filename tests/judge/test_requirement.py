"""``min_dose`` and ``min_severity``: what has to hold, and the one verdict on it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, cast

import pytest

from pytest_xraynoise import check, noise
from pytest_xraynoise.engine.breaking import Prober
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge import RobustnessFailure, decide, parse_limits
from pytest_xraynoise.judge.requirement import Requirement
from pytest_xraynoise.judge.standing import stand
from pytest_xraynoise.results import LadderResult, Verdict
from tests.judge.test_breaking import Drop, Toy, falling, true_crossing

LIMIT = {"max_auroc_drop": 0.05}


class ToyProbe(Toy):
    """A toy in the place of a prober."""


def judged(
    kind: str,
    drop: Drop,
    requirement: Requirement,
    limits: Mapping[str, Any] | None = None,
    mode: str = "point",
    spread: float = 0.005,
) -> tuple[LadderResult, Verdict, Toy]:
    toy = ToyProbe(kind, drop, spread)
    parsed = parse_limits(limits or LIMIT)
    ladder = toy.ladder()
    held = functools.partial(decide, mode=mode)
    result, verdict = stand(ladder, parsed, requirement, held, probe=cast("Prober", toy))
    return result, verdict, toy


# Doses of the ladder: 0.79, 0.5, 0.25, 0.1, 0.05. A drop of 0.05 is crossed at 7 times the scale.
@pytest.mark.parametrize(
    ("crossing", "min_dose", "status"),
    [
        (0.2, 0.25, "pass"),  # a rung, and it holds
        (0.3, 0.25, "fail"),  # the rung 0.25 breaks
        (0.3, 0.31, "pass"),  # no rung: it is run beside them
        (0.3, 0.29, "fail"),  # between two rungs, of which only the one that is not asked breaks
        (0.3, 0.9, "pass"),  # milder than every rung
        (0.95, 0.9, "fail"),
        (0.01, 0.02, "pass"),  # less than every rung
        (0.03, 0.02, "fail"),
    ],
)
@pytest.mark.parametrize("search", [None, False])
def test_a_dose_has_to_hold_whether_it_is_a_rung_or_not(
    crossing: float, min_dose: float, status: str, search: bool | None
) -> None:
    requirement = Requirement(min_dose=min_dose, breaking_point=search)
    result, verdict, toy = judged("lowdose", falling(crossing / 7), requirement)
    assert verdict.status == status
    own = verdict.checks[-1]
    assert own.limit == f"min_dose={min_dose:g}"
    assert own.broken == (status == "fail")
    assert own.threshold == min_dose
    point = result.breaking_point
    assert point is not None
    if search is None:
        assert point.parameter == pytest.approx(crossing, rel=0.01)
        assert own.observed == pytest.approx(crossing, rel=0.01)
        assert own.low == point.low
    else:
        assert toy.passes <= 1
    # Never is anything shown that contradicts the verdict.
    assert own.observed >= min_dose if own.broken else own.observed <= min_dose
    for one in verdict.checks[:-1]:
        assert one.severity is not None
        rung = next(r.rung for r in result.rungs if r.severity == one.severity)
        assert rung.severity == 0 or rung.parameters["dose"] >= min_dose * (1 - 1e-9)
    if status == "fail":
        assert f"min_dose={min_dose:g} asks the limits to hold down to" in verdict.headline


@pytest.mark.parametrize(
    ("crossing", "min_severity", "status", "stood"),
    [
        (14.0, 2, "pass", 2),
        (14.0, 3, "fail", 2),
        (2.0, 5, "pass", 5),
        (70.0, 1, "fail", 0),
        (4.0, 1, "pass", 4),
    ],
)
def test_a_severity_has_to_hold(
    crossing: float, min_severity: int, status: str, stood: int
) -> None:
    requirement = Requirement(min_severity=min_severity)
    result, verdict, _ = judged("poisson", falling(crossing / 7), requirement)
    assert verdict.status == status
    own = verdict.checks[-1]
    assert (own.limit, own.observed) == (f"min_severity={min_severity}", stood)
    assert own.broken == (status == "fail")
    assert {c.severity for c in verdict.checks[:-1]} == set(range(1, min_severity + 1))
    assert result.severities == (0, 1, 2, 3, 4, 5), "the rest is measured all the same"
    assert result.breaking_point is not None
    assert result.breaking_point.searched


def test_without_a_requirement_the_whole_ladder_has_to_hold() -> None:
    result, verdict, toy = judged("poisson", falling(2.0), Requirement())
    assert verdict == decide(toy.ladder(), parse_limits(LIMIT))
    assert toy.passes == 0
    assert result.breaking_point is not None
    assert not result.breaking_point.searched


def test_the_search_alone_changes_no_verdict() -> None:
    result, verdict, toy = judged("poisson", falling(2.0), Requirement(breaking_point=0.01))
    assert verdict == decide(toy.ladder(), parse_limits(LIMIT))
    assert result.breaking_point is not None
    assert result.breaking_point.tolerance == 0.01
    truth = true_crossing(falling(2.0), 0.05)
    assert result.breaking_point.parameter == pytest.approx(truth, rel=0.005)


def test_a_dose_that_cannot_be_decided_is_inconclusive() -> None:
    requirement = Requirement(min_dose=0.29)
    _, verdict, _ = judged(
        "lowdose", falling(0.28 / 7), requirement, mode="confident-pass", spread=0.03
    )
    assert verdict.status == "inconclusive"
    assert verdict.checks[-1].inconclusive
    assert not verdict.checks[-1].broken
    assert verdict.action == "fail"


def test_limits_by_hand_take_the_words_too() -> None:
    ladder = Toy("poisson", falling(2.0)).ladder()  # breaks at 14 photons, rung 3
    assert check(ladder, min_severity=2, max_auroc_drop=0.05).status == "pass"
    with pytest.raises(RobustnessFailure, match="min_severity=3 asks the limits to hold") as found:
        check(ladder, min_severity=3, max_auroc_drop=0.05)
    assert found.value.result.breaking_point is not None
    doses = Toy("lowdose", falling(0.04)).ladder()  # breaks at 0.28
    assert check(doses, min_dose=10**-0.3, max_auroc_drop=0.05).status == "pass"
    with pytest.raises(RobustnessFailure):
        check(doses, min_dose=10**-0.6, max_auroc_drop=0.05)
    with pytest.raises(SpecError, match="no rung of this ladder is at that dose; add it"):
        check(doses, min_dose=0.3, max_auroc_drop=0.05)


def refusal(kind: str, words: Mapping[str, Any], limits: Mapping[str, Any] = LIMIT) -> str:
    how = dict(words)
    aggregate = how.pop("aggregate", "worst")
    own = how.pop("rungs", None)
    ladder = noise.custom_ladder(kind, **own) if own else noise.ladder(kind)

    def check_all() -> None:
        requirement = Requirement(**how)
        requirement.check_has(limits)
        parsed = parse_limits(limits, ladder.severities)
        requirement.check(noise.get(kind), (ladder.rung(0), *ladder.rungs), parsed, aggregate)

    with pytest.raises(SpecError) as found:
        check_all()
    return str(found.value)


@pytest.mark.parametrize(
    ("kind", "words", "says"),
    [
        ("poisson", {"min_dose": 0.25}, "needs a noise whose rungs are doses, such as 'lowdose'"),
        ("electronic", {"min_dose": 0.25}, "the rungs of 'electronic' are electrons"),
        ("lowdose", {"min_dose": 25}, "min_dose=25: expected a fraction of the reference dose"),
        ("lowdose", {"min_dose": 0}, "min_dose=0: expected a fraction"),
        ("lowdose", {"min_dose": True}, "min_dose=True"),
        ("lowdose", {"min_dose": "0.25"}, "min_dose='0.25'"),
        ("lowdose", {"min_dose": float("nan")}, "min_dose=nan"),
        ("poisson", {"min_severity": 6}, "expected one of the severities that are run, 1, 2, 3"),
        ("poisson", {"min_severity": 0}, "min_severity=0"),
        ("poisson", {"min_severity": True}, "min_severity=True"),
        ("poisson", {"min_severity": 2.0}, "min_severity=2.0"),
        (
            "poisson",
            {"min_severity": 2, "rungs": {"photons": [50, 1000, 200]}},
            "from mild to severe noise, but they are photons=[50, 1000, 200]; put them in order",
        ),
        ("lowdose", {"min_dose": 0.5, "min_severity": 2}, "say the same thing; give one of them"),
        ("lowdose", {"min_dose": 0.5, "aggregate": "mean"}, "about single rungs, and aggregate="),
        ("poisson", {"breaking_point": True, "aggregate": "mean"}, "breaking_point is about"),
        ("poisson", {"breaking_point": 5}, "breaking_point=5: expected True, False, or the toler"),
        ("poisson", {"breaking_point": "yes"}, "breaking_point='yes'"),
    ],
)
def test_requirements_that_make_no_sense(kind: str, words: dict[str, Any], says: str) -> None:
    assert says in refusal(kind, words)


@pytest.mark.parametrize("words", [{"min_dose": 0.25}, {"min_severity": 3}])
def test_a_requirement_without_a_limit(words: dict[str, Any]) -> None:
    told = refusal("lowdose", words, {})
    assert "which limit must hold" in told
    assert "max_auroc_drop=0.05" in told


def test_limits_beyond_what_is_required() -> None:
    told = refusal(
        "poisson", {"min_severity": 2, "breaking_point": False}, {"max_auroc_drop": {4: 0.1}}
    )
    assert "limits severity 4, and min_severity=2 asks for nothing there" in told
    told = refusal("poisson", {"min_severity": 2}, {"max_auroc_drop": {1: 0.1}})
    assert "one number for every strength" in told
