"""The one decision, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.judge import decide, parse_limits
from pytest_xraynoise.judge.decide import margin
from pytest_xraynoise.results import Verdict
from tests.judge.ladders import ladder

NAN = math.nan
AUROC = {"auroc": (0.95, 0.93, 0.90, 0.85)}
DICE = {"dice": (0.80, 0.78, 0.60, 0.40)}


def judged(metrics: Mapping[str, Any], limits: Mapping[str, Any], **how: Any) -> Verdict:
    labels = how.pop("labels", None)
    result = ladder(metrics, labels, how.pop("spread", None), how.pop("lower", ()))
    return decide(result, parse_limits(limits), **how)


TABLE: list[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any], str, list[int | None]]]
TABLE = [
    # metrics, limits, how, status, severities of the broken checks
    (AUROC, {"max_auroc_drop": 0.2}, {}, "pass", []),
    (AUROC, {"max_auroc_drop": 0.04}, {}, "fail", [2, 3]),
    (AUROC, {"max_auroc_drop": 0.0}, {}, "fail", [1, 2, 3]),
    # A tie is not a crossing, whatever float subtraction leaves behind (0.95 - 0.85 > 0.1).
    (AUROC, {"max_auroc_drop": 0.1}, {}, "pass", []),
    (AUROC, {"max_auroc_drop": 0.05}, {}, "fail", [3]),
    (AUROC, {"max_auroc_drop": 0.0999999}, {}, "fail", [3]),
    ({"auroc": (0.3, 0.2)}, {"max_auroc_drop": 0.1}, {}, "pass", []),
    ({"auroc": (0.9, 0.9)}, {"max_auroc_drop": 0.0}, {}, "pass", []),
    # Noise that helps is no drop.
    ({"auroc": (0.5, 0.9)}, {"max_auroc_drop": 0.0}, {}, "pass", []),
    # Floors hold on clean images too.
    (AUROC, {"min_auroc": 0.85}, {}, "pass", []),
    (AUROC, {"min_auroc": 0.9}, {}, "fail", [3]),
    (AUROC, {"min_auroc": 0.96}, {}, "fail", [0, 1, 2, 3]),
    ({"auroc": (0.5, 0.9)}, {"min_auroc": 0.8}, {}, "fail", [0]),
    # Relative drops: 0.02/0.8, 0.2/0.8, 0.4/0.8.
    (DICE, {"max_relative_dice_drop": 0.5}, {}, "pass", []),
    (DICE, {"max_relative_dice_drop": 0.25}, {}, "fail", [3]),
    (DICE, {"max_relative_dice_drop": 0.24}, {}, "fail", [2, 3]),
    # A limit for single severities says nothing about others.
    (AUROC, {"max_auroc_drop": {1: 0.01}}, {}, "fail", [1]),
    (AUROC, {"max_auroc_drop": {1: 0.03, 3: 0.2}}, {}, "pass", []),
    (AUROC, {"min_auroc": {0: 0.97}}, {}, "fail", [0]),
    # Several limits and metrics.
    ({**AUROC, **DICE}, {"max_auroc_drop": 0.2, "min_dice": 0.5}, {}, "fail", [3]),
    ({**AUROC, **DICE}, {"max_auroc_drop": 0.04, "max_dice_drop": 0.3}, {}, "fail", [2, 3, 3]),
    # The mean over the noisy rungs: drops 0.02, 0.05, 0.1; values 0.93, 0.9, 0.85.
    (AUROC, {"max_auroc_drop": 0.0567}, {"aggregate": "mean"}, "pass", []),
    (AUROC, {"max_auroc_drop": 0.0566}, {"aggregate": "mean"}, "fail", [None]),
    (AUROC, {"min_auroc": 0.893}, {"aggregate": "mean"}, "pass", []),
    (AUROC, {"min_auroc": 0.894}, {"aggregate": "mean"}, "fail", [None]),
    (AUROC, {"max_auroc_drop": {1: 0.01}}, {"aggregate": "mean"}, "fail", [1]),
    (DICE, {"max_relative_dice_drop": 0.26}, {"aggregate": "mean"}, "pass", []),
    (DICE, {"max_relative_dice_drop": 0.25}, {"aggregate": "mean"}, "fail", [None]),
]


@pytest.mark.parametrize(("metrics", "limits", "how", "status", "broken"), TABLE)
def test_decision(
    metrics: Mapping[str, Any],
    limits: Mapping[str, Any],
    how: Mapping[str, Any],
    status: str,
    broken: list[int | None],
) -> None:
    verdict = judged(metrics, limits, **how)
    assert verdict.status == status
    assert [check.severity for check in verdict.broken] == broken
    assert verdict.headline.endswith(" is broken" if broken else " holds")
    assert all((margin(check) > 0) == check.broken for check in verdict.broken)


LOWER = ("miscalibration",)
RISING = {"miscalibration": (0.05, 0.10, 0.25)}


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        ({"max_miscalibration_increase": 0.2}, []),
        ({"max_miscalibration_increase": 0.1}, [2]),
        ({"max_miscalibration": 0.25}, []),
        ({"max_miscalibration": 0.2}, [2]),
        ({"max_miscalibration": 0.01}, [0, 1, 2]),
        ({"max_miscalibration": {0: 0.04}}, [0]),
    ],
)
def test_lower_is_better(limits: Mapping[str, Any], broken: list[int], calibration: str) -> None:
    verdict = judged(RISING, limits, lower=LOWER)
    assert [check.severity for check in verdict.broken] == broken


PER_LABEL = {
    "Effusion": {"auroc": (0.90, 0.90, 0.90)},
    "Nodule": {"auroc": (0.80, 0.75, 0.60)},
}
MACRO = {"auroc": (0.85, 0.825, 0.75)}


def test_labels_are_judged_when_asked() -> None:
    assert judged(MACRO, {"max_auroc_drop": 0.15}, labels=PER_LABEL).status == "pass"
    verdict = judged(MACRO, {"max_auroc_drop": 0.15}, labels=PER_LABEL, per_label=True)
    assert [(c.label, c.severity) for c in verdict.broken] == [("Nodule", 2)]
    assert len(verdict.checks) == 6
    assert verdict.headline == (
        "auroc of Nodule dropped by 0.200 at severity 2 (50 photons at white); "
        "limit max_auroc_drop=0.15 is broken"
    )
    verdict = judged(
        MACRO, {"max_auroc_drop": 0.1}, labels=PER_LABEL, per_label=True, aggregate="mean"
    )
    assert [(c.label, c.severity) for c in verdict.broken] == [("Nodule", None)]


def test_the_first_broken_check_makes_the_headline_and_macro_comes_first() -> None:
    both = {"Effusion": MACRO, "Nodule": MACRO}
    verdict = judged(MACRO, {"max_auroc_drop": 0.01}, labels=both, per_label=True)
    assert verdict.headline.startswith("auroc dropped by 0.025 at severity 1 ")
    verdict = judged({**AUROC, **DICE}, {"max_auroc_drop": 0.99, "min_dice": 0.7})
    assert verdict.headline == (
        "dice is 0.600 at severity 2 (50 photons at white); limit min_dice=0.7 is broken"
    )


@pytest.mark.parametrize(
    ("limits", "how", "headline"),
    [
        (
            {"max_auroc_drop": 0.2},
            {},
            "auroc dropped by 0.100 at severity 3 (33.3333 photons at white); "
            "limit max_auroc_drop=0.2 holds",
        ),
        (
            {"min_auroc": 0.97},
            {},
            "auroc is 0.950 at severity 0 (clean); limit min_auroc=0.97 is broken",
        ),
        (
            {"min_auroc": {0: 0.97}},
            {},
            "auroc is 0.950 at severity 0 (clean); limit min_auroc={0: 0.97} is broken",
        ),
        (
            {"max_auroc_drop": 0.01},
            {"aggregate": "mean"},
            "auroc dropped by 0.057 on average over the rungs; limit max_auroc_drop=0.01 is broken",
        ),
        (
            {"max_relative_auroc_drop": 0.1},
            {},
            "auroc lost the fraction 0.105 at severity 3 (33.3333 photons at white); "
            "limit max_relative_auroc_drop=0.1 is broken",
        ),
    ],
)
def test_headlines(limits: Mapping[str, Any], how: Mapping[str, Any], headline: str) -> None:
    assert judged(AUROC, limits, **how).headline == headline


def test_headline_of_an_increase(calibration: str) -> None:
    verdict = judged(RISING, {"max_miscalibration_increase": 0.1}, lower=LOWER)
    assert verdict.headline.startswith("miscalibration rose by 0.200 at severity 2")


@given(
    limit=st.integers(1, 99_999).map(lambda n: n / 100_000),
    beyond=st.floats(1e-9, 0.4),
)
def test_digits_of_the_headline_show_the_crossing(limit: float, beyond: float) -> None:
    drop = min(limit + beyond, 1.0)
    verdict = judged({"auroc": (1.0, 1.0 - drop)}, {"max_auroc_drop": limit})
    assert verdict.status == ("fail" if drop > limit else "pass")
    if verdict.status == "fail":
        shown = float(verdict.headline.split("dropped by ")[1].split()[0])
        assert shown > limit


@given(
    floor=st.integers(1, 99_999).map(lambda n: n / 100_000),
    below=st.floats(1e-9, 0.4),
)
def test_digits_of_the_headline_show_a_broken_floor(floor: float, below: float) -> None:
    value = max(floor - below, 0.0)
    verdict = judged({"auroc": (1.0, value)}, {"min_auroc": floor})
    shown = float(verdict.headline.split("auroc is ")[1].split()[0])
    assert verdict.status == "fail"
    assert shown < floor


@given(clean=st.integers(0, 1000), noisy=st.integers(0, 1000), scale=st.sampled_from([1000, 10**6]))
def test_a_drop_of_exactly_the_limit_passes(clean: int, noisy: int, scale: int) -> None:
    high, low = max(clean, noisy), min(clean, noisy)
    limit = (high - low) / scale
    metrics = {"auroc": (high / scale, low / scale)}
    assert judged(metrics, {"max_auroc_drop": limit}).status == "pass"
    if limit > 0:
        assert judged(metrics, {"max_auroc_drop": limit - 0.5 / scale}).status == "fail"


@pytest.mark.parametrize(
    ("metrics", "limits", "how", "says"),
    [
        ({"auroc": (0.9, NAN)}, {"max_auroc_drop": 0.5}, {}, "auroc is not defined at severity 1"),
        ({"auroc": (NAN, 0.9)}, {"max_auroc_drop": 0.5}, {}, "not defined at severity 1"),
        ({"auroc": (NAN, 0.9)}, {"min_auroc": 0.1}, {}, "not defined at severity 0"),
        ({"auroc": (0.9, NAN)}, {"max_relative_auroc_drop": 0.5}, {}, "not defined at severity 1"),
        (
            {"auroc": (0.9, 0.8, NAN)},
            {"max_auroc_drop": 0.5},
            {"aggregate": "mean"},
            "not defined on average",
        ),
        # One broken rung is no excuse for another that could not be judged.
        ({"auroc": (0.9, 0.1, NAN)}, {"max_auroc_drop": 0.5}, {}, "not defined at severity 2"),
        (
            {"auroc": (0.9, 0.8)},
            {"max_auroc_drop": 0.5},
            {"per_label": True, "labels": {"Nodule": {"auroc": (0.9, NAN)}}},
            "auroc of Nodule is not defined at severity 1",
        ),
        (
            {"dice": (0.0, 0.0)},
            {"max_relative_dice_drop": 0.5},
            {},
            "dice is 0 on the clean images, so a relative drop is not defined; use max_dice_drop",
        ),
        (
            {"dice": (0.5, 0.5)},
            {"max_relative_dice_drop": 0.5},
            {"per_label": True, "labels": {"Heart": {"dice": (0.0, 0.0)}}},
            "dice of Heart is 0 on the clean images",
        ),
    ],
)
def test_what_is_not_defined_never_passes(
    metrics: Mapping[str, Any], limits: Mapping[str, Any], how: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(MetricError, match=says):
        judged(metrics, limits, **how)


def test_intervals_go_with_the_drop_in_its_own_terms() -> None:
    (check,) = judged({"dice": (0.8, 0.6)}, {"max_dice_drop": 0.1}, spread=0.04).checks
    assert (check.low, check.high) == pytest.approx((0.16, 0.24))
    (check,) = judged({"dice": (0.8, 0.6)}, {"max_relative_dice_drop": 0.1}, spread=0.04).checks
    assert check.observed == pytest.approx(0.25)
    assert (check.low, check.high) == pytest.approx((0.2, 0.3))
    clean, rung = judged({"dice": (0.8, 0.6)}, {"min_dice": 0.5}, spread=0.04).checks
    ends = (clean.low, clean.high, rung.low, rung.high)
    assert ends == pytest.approx((0.76, 0.84, 0.56, 0.64))


@pytest.mark.parametrize(
    ("limits", "how", "says"),
    [
        ({"max_auroc_drop": 0.1}, {"aggregate": "average"}, "unknown aggregate 'average'"),
        ({"max_dice_drop": 0.1}, {}, "unknown metric 'dice'"),
        ({"max_auroc_drop": {1: 0.9, 5: 0.1}}, {}, "severity 5 was not run; severities 0, 1, 2, 3"),
    ],
)
def test_requests_that_cannot_be_judged(
    limits: Mapping[str, Any], how: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        judged(AUROC, limits, **how)


def test_nothing_to_judge_is_no_pass() -> None:
    with pytest.raises(SpecError, match="nothing could ever fail"):
        decide(ladder(AUROC), ())
    for aggregate in ("worst", "mean"):
        with pytest.raises(SpecError, match="nothing could ever fail"):
            judged({"auroc": (0.9,)}, {"max_auroc_drop": 0.1}, aggregate=aggregate)


def test_the_same_inputs_give_the_same_verdict() -> None:
    limits = {"max_auroc_drop": 0.04, "min_dice": 0.5}
    assert judged({**AUROC, **DICE}, limits) == judged({**AUROC, **DICE}, limits)


def test_a_label_without_a_number_is_no_silent_pass() -> None:
    result = ladder(MACRO, labels=PER_LABEL).replace(
        labels=("Effusion", "Nodule", "Hernia"), excluded={"Hernia": "0 positive samples"}
    )
    limits = parse_limits({"max_auroc_drop": 0.9})
    assert decide(result, limits).status == "pass"
    with pytest.raises(MetricError, match="cannot be judged for Hernia: 0 positive samples"):
        decide(result, limits, per_label=True)
