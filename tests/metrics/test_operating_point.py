"""Thresholds against ``roc_curve``, decisions against ``recall_score``, ways to say a point."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.metrics import decisions
from pytest_xraynoise.metrics.operating_point import OperatingPoint, parse_operating_point
from pytest_xraynoise.metrics.options import MetricOptions, parse_options
from pytest_xraynoise.metrics.thresholds import UnreachableError, fit_thresholds

Array = npt.NDArray[np.float64]
STEADY = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def _binary(draw: st.DrawFn) -> tuple[Array, Array]:
    n = draw(st.integers(4, 50))
    element = draw(st.sampled_from([st.integers(0, 9).map(lambda i: i / 9), st.floats(0, 1)]))
    label = st.sampled_from([0.0, 1.0])
    y = draw(arrays(np.float64, n, elements=label))
    assume(0 < y.sum() < n)
    return y, draw(arrays(np.float64, n, elements=element))


def assert_midway(scores: Array, found: float, expected: float) -> None:
    """The same clean decisions, and as far as can be from changing any of them."""
    assert ((scores >= found) == (scores >= expected)).all()
    lower = scores[scores < expected]
    if len(lower):
        low = lower.max()
        assert low < found <= expected
        assert found == expected or found == pytest.approx((low + expected) / 2, rel=1e-12)
    else:
        assert found <= expected


@STEADY
@given(_binary())
def test_youden_is_the_best_point_of_the_roc_curve(data: tuple[Array, Array]) -> None:
    y, s = data
    false, true, thresholds = sk.roc_curve(y, s, drop_intermediate=False)
    gain = np.round(true - false, 12)[1:]  # the first threshold of the curve is infinite
    expected = thresholds[1:][np.argmax(gain)]
    assert_midway(s, fit_thresholds(y, s, OperatingPoint())[0], expected)


@STEADY
@given(_binary(), st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]))
def test_a_given_sensitivity_or_specificity(data: tuple[Array, Array], level: float) -> None:
    y, s = data
    false, true, thresholds = sk.roc_curve(y, s, drop_intermediate=False)
    for rule, good, pick in (
        ("sensitivity", (true >= level - 1e-9) & (false < 1), np.max),
        ("specificity", (1 - false >= level - 1e-9) & (true > 0), np.min),
    ):
        point = parse_operating_point({rule: level})
        if not good.any():
            with pytest.raises(UnreachableError, match=f"reaches a {rule} of at least {level}"):
                fit_thresholds(y, s, point)
            continue
        found = fit_thresholds(y, s, point)[0]
        assert_midway(s, found, pick(thresholds[good]))
        said = s >= found
        of = y == (1.0 if rule == "sensitivity" else 0.0)
        assert (said[of] == (rule == "sensitivity")).mean() >= level - 1e-9


@STEADY
@given(
    arrays(np.float64, (30, 3), elements=st.sampled_from([0.0, 1.0, 1.0, 0.0, np.nan, -1.0])),
    arrays(np.float64, (30, 3), elements=st.sampled_from([0.0, 1.0])),
)
def test_sensitivity_and_specificity_are_recalls(y: Array, said: Array) -> None:
    columns = {k: (y[:, k] == 1) | (y[:, k] == 0) for k in range(3)}
    both = {k: m for k, m in columns.items() if 0 < y[m, k].sum() < m.sum()}
    for ours, side in ((decisions.sensitivity, 1), (decisions.specificity, 0)):
        if not both:
            with pytest.raises(MetricError, match="both are needed"):
                ours(y, said)
            continue
        reading = ours(y, said)
        expected = {
            k: sk.recall_score(y[m, k], said[m, k], pos_label=side) for k, m in both.items()
        }
        assert reading.labels == pytest.approx(expected, abs=1e-12)
        assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
        assert set(reading.excluded) == set(columns) - set(both)


def test_classes_are_held_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    y = np.r_[rng.integers(0, 3, 60), -1.0].astype(float)
    s = rng.dirichlet(np.ones(3), 61) + 0.5 * (y[:, None] == np.arange(3))
    found = fit_thresholds(y, s, OperatingPoint())
    hot = (y[:60, None] == np.arange(3)).astype(float)
    assert found == pytest.approx(fit_thresholds(hot, s[:60], OperatingPoint()), abs=0)
    said = (s >= found).astype(float)
    for ours in (decisions.sensitivity, decisions.specificity):
        assert ours(y, said).labels == ours(hot, said[:60]).labels


def test_resamples_are_the_plain_value_of_what_was_drawn() -> None:
    rng = np.random.default_rng(0)
    y = rng.choice([0.0, 1.0, np.nan], (40, 2), p=[0.5, 0.4, 0.1])
    said = (rng.random((40, 2)) < 0.5).astype(float)
    weights = rng.integers(0, 3, (20, 40)).astype(float)
    for name in ("sensitivity", "specificity"):
        macro, by_label = getattr(decisions, f"weighted_{name}")(y, said, weights)
        for row, weight in enumerate(weights.astype(int)):
            drawn = np.repeat(np.arange(40), weight)
            plain = getattr(decisions, name)(y[drawn], said[drawn])
            assert macro[row] == pytest.approx(plain.value, abs=1e-12)
            assert dict(enumerate(by_label[row])) == pytest.approx(plain.labels, abs=1e-12)


def test_a_label_with_one_class_has_no_threshold() -> None:
    y = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, np.nan]])
    found = fit_thresholds(y, np.array([[0.1, 0.2], [0.9, 0.3], [0.4, 0.5]]), OperatingPoint())
    assert found[0] == pytest.approx(0.65)
    assert np.isnan(found[1])


def test_what_no_threshold_reaches_says_how_far_one_can_go() -> None:
    y = np.array([1.0] * 4 + [0.0] * 6)
    s = np.array([0.9, 0.8, 0.7, 0.1, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15])  # one positive below all
    with pytest.raises(
        MetricError,
        match=r"no threshold reaches a sensitivity of at least 0\.95 on the clean images "
        r"\(label 0: reachable is a sensitivity from 0 to 0\.75, in steps of 1/4, while a negative "
        r"is still told apart \(4 positive and 6 negative samples\)\)\. Ask for less sensitivity",
    ):
        fit_thresholds(y, s, parse_operating_point(at_sensitivity=0.95))
    assert fit_thresholds(y, s, parse_operating_point(at_sensitivity=0.75))[0] == pytest.approx(
        0.65
    )
    s[4] = 0.95  # one negative above all
    with pytest.raises(
        MetricError, match=r"specificity from 0 to 0\.833, in steps of 1/6, while a"
    ):
        fit_thresholds(y, s, parse_operating_point(at_specificity=0.95))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_not_finite(value: float) -> None:
    with pytest.raises(MetricError, match="1 scores are NaN or infinite"):
        fit_thresholds(np.array([0.0, 1.0]), np.array([0.2, value]), OperatingPoint())


def test_decisions_are_0_or_1() -> None:
    with pytest.raises(MetricError, match="decisions must be 0 or 1"):
        decisions.sensitivity(np.array([0.0, 1.0]), np.array([0.2, 1.0]))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, OperatingPoint()),
        ({"value": "youden"}, OperatingPoint()),
        ({"value": 0.3}, OperatingPoint("threshold", 0.3)),
        ({"value": {"sensitivity": 0.95}}, OperatingPoint("sensitivity", 0.95)),
        ({"value": {"specificity": 1}}, OperatingPoint("specificity", 1.0)),
        ({"at_sensitivity": 0.95}, OperatingPoint("sensitivity", 0.95)),
        ({"at_specificity": 0.9}, OperatingPoint("specificity", 0.9)),
        ({"value": {"Mass": 0.2}}, OperatingPoint("by_label", by_label={"Mass": 0.2})),
    ],
)
def test_ways_to_say_it(said: dict[str, Any], expected: OperatingPoint) -> None:
    assert parse_operating_point(**said) == expected


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"value": "yuoden"}, "unknown operating_point 'yuoden'; did you mean 'youden'"),
        ({"value": 30}, r"out of range; expected a probability between 0 and 1; did you mean 0\.3"),
        ({"value": 0.0}, "between 0 and 1"),
        ({"value": True}, "expected 'youden', a threshold"),
        ({"value": float("nan")}, "expected 'youden'"),
        ({"value": [0.3]}, "expected 'youden'"),
        ({"value": {}}, "expected 'youden'"),
        ({"value": {3: 0.3}}, "expected 'youden'"),
        ({"value": {"sensitivity": 0.9, "specificity": 0.9}}, "names two points; keep one"),
        ({"value": {"sensitivity": "high"}}, "expected 'youden'"),
        ({"value": {"Mass": 2.0}}, "operating_point of 'Mass'=2.0 is out of range"),
        ({"at_sensitivity": 95}, r"expected above 0, up to 1; did you mean 0\.95\? \(fractions"),
        ({"at_specificity": 0}, "expected above 0, up to 1"),
        ({"at_sensitivity": 0.9, "at_specificity": 0.9}, "name two operating points"),
        ({"value": "youden", "at_sensitivity": 0.9}, "operating_point and at_sensitivity name two"),
    ],
)
def test_ways_not_to_say_it(said: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_operating_point(**said)


def test_options() -> None:
    assert parse_options() == MetricOptions()
    made = parse_options(specificity_level=0.8, ece_bins=10, tolerance=0, at_sensitivity=0.9)
    assert made == MetricOptions(OperatingPoint("sensitivity", 0.9), 0.8, 10, 0.0)
    assert made.all["ece_bins"] == 10


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"specificity_level": 95}, r"did you mean 0\.95"),
        ({"specificity_level": 0}, "above 0, up to 1"),
        ({"specificity_level": "high"}, "finite number"),
        ({"ece_bins": 0}, "whole number from 1 to 1000"),
        ({"ece_bins": 7.5}, "whole number"),
        ({"tolerance": -1}, "distance from 0, in mm or pixels"),
        ({"tolerance": float("inf")}, "finite number"),
    ],
)
def test_options_out_of_range(said: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_options(**said)
