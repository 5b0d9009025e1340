"""The words that limit a ladder."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise import metrics
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge import is_limit, parse_limit, parse_limits
from pytest_xraynoise.judge.limits import all_words


@pytest.mark.parametrize("name", metrics.names())
def test_every_form_of_every_metric(name: str) -> None:
    forms = (
        {f"max_{name}_drop": "drop", f"max_relative_{name}_drop": "relative_drop"}
        | {f"min_{name}": "floor"}
        if metrics.get(name).higher_is_better
        else {f"max_{name}_increase": "increase", f"max_{name}": "ceiling"}
    )
    for word, form in forms.items():
        limit = parse_limit(word, 0.25)
        assert (limit.word, limit.metric, limit.form) == (word, name, form)
        assert limit.threshold == limit.at(0) == limit.at(5) == 0.25
        assert limit.text == f"{word}=0.25"
        assert word in all_words()


def test_forms_of_lower_is_better(calibration: str) -> None:
    assert parse_limit(f"max_{calibration}_increase", 0.1).form == "increase"
    assert parse_limit(f"max_{calibration}", 0.1).form == "ceiling"
    assert parse_limit("max_surface_distance", 25).threshold == 25.0
    assert parse_limit("max_surface_distance_increase", 1e6).threshold == 1e6
    words = all_words()
    assert f"max_{calibration}" in words
    assert f"min_{calibration}" not in words


@pytest.mark.parametrize("word", ["max_auroc", "max_auroc_increase", "max_dice", "max_f1_increase"])
def test_direction_of_higher_is_better(word: str) -> None:
    name = word.removeprefix("max_").removesuffix("_increase")
    with pytest.raises(SpecError, match=f"{name} is higher-is-better.*max_{name}_drop or min_"):
        parse_limit(word, 0.5)


@pytest.mark.parametrize(
    "word", ["min_{}", "max_{}_drop", "max_relative_{}_drop"], ids=["min", "drop", "relative"]
)
def test_direction_of_lower_is_better(word: str, calibration: str) -> None:
    with pytest.raises(
        SpecError, match=r"lower-is-better.*use max_miscalibration_increase or max_"
    ):
        parse_limit(word.format(calibration), 0.5)


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("max_aurc_drop", "max_auroc_drop"),
        ("max_AUROC_drop", "max_auroc_drop"),
        ("max_auroc_dropp", "max_auroc_drop"),
        ("min_dise", "min_dice"),
        ("max_relativ_dice_drop", "max_relative_dice_drop"),
        ("max_average_precison_drop", "max_average_precision_drop"),
    ],
)
def test_nearest_match(word: str, match: str) -> None:
    with pytest.raises(SpecError, match=f"unknown limit '{word}'; did you mean '{match}'"):
        parse_limit(word, 0.05)


def test_unknown_limit_lists_the_metrics() -> None:
    with pytest.raises(SpecError, match="one of auroc, average_precision, accuracy"):
        parse_limit("max_zzzzzz", 0.05)


@pytest.mark.parametrize("value", [True, False, "0.05", None, math.nan, math.inf, [0.05], 1j])
def test_values_that_are_no_number(value: Any) -> None:
    with pytest.raises(SpecError, match=r"max_auroc_drop=.*expected a finite number"):
        parse_limit("max_auroc_drop", value)
    with pytest.raises(SpecError, match=r"max_auroc_drop=.*expected a finite number"):
        parse_limit("max_auroc_drop", {1: value})


@pytest.mark.parametrize(
    "value", [0, 1, 0.5, np.float64(0.5), np.float32(0.5), np.int64(1), Fraction(1, 2)]
)
def test_values_that_are_numbers(value: Any) -> None:
    assert parse_limit("max_auroc_drop", value).threshold == float(value)


@pytest.mark.parametrize(
    ("word", "value", "says"),
    [
        ("max_auroc_drop", 5, r"expected 0 to 1; did you mean 0.05\? \(fractions, not percent\)"),
        ("max_auroc_drop", 2.5, "did you mean 0.025"),
        ("max_relative_dice_drop", 10, "did you mean 0.1"),
        ("min_dice", 80, "did you mean 0.8"),
        ("max_auroc_drop", 100.5, "expected 0 to 1$"),
        ("max_auroc_drop", -0.05, "expected 0 to 1$"),
        ("min_dice", -1, "expected 0 to 1$"),
    ],
)
def test_values_out_of_range(word: str, value: float, says: str) -> None:
    with pytest.raises(SpecError, match=f"{word}={value!r} is out of range; .*{says}"):
        parse_limit(word, value)
    with pytest.raises(SpecError, match=says):
        parse_limit(word, {2: value})


def test_no_upper_bound(calibration: str) -> None:
    with pytest.raises(SpecError, match="expected 0 to no upper bound"):
        parse_limit("max_surface_distance", -1)


def test_limit_for_each_severity() -> None:
    limit = parse_limit("max_auroc_drop", {3: 0.05, 1: 0.01}, (0, 1, 2, 3))
    assert limit.threshold is None
    assert [limit.at(s) for s in range(5)] == [None, 0.01, None, 0.05, None]
    assert limit.text == "max_auroc_drop={1: 0.01, 3: 0.05}"
    assert parse_limit("min_dice", {0: 0.9}, (0, 1)).at(0) == 0.9


@pytest.mark.parametrize(
    ("word", "value", "says"),
    [
        ("max_auroc_drop", {}, "limits nothing"),
        ("max_auroc_drop", {6: 0.1}, "severity 6 is not run; this ladder runs 1, 2, 3"),
        ("max_auroc_drop", {0: 0.1}, "severity 0 is the clean image, which cannot drop"),
        ("max_relative_auroc_drop", {0: 0.1}, "severity 0 is the clean image"),
        ("max_auroc_drop", {-1: 0.1}, "severity -1 is no whole number"),
        ("max_auroc_drop", {"1": 0.1}, "severity '1' is no whole number"),
        ("max_auroc_drop", {1.0: 0.1}, "severity 1.0 is no whole number"),
        ("max_auroc_drop", {True: 0.1}, "severity True is no whole number"),
    ],
)
def test_severities_that_make_no_sense(word: str, value: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        parse_limit(word, value, (0, 1, 2, 3))


def test_at_least_one_limit() -> None:
    with pytest.raises(SpecError, match="no limit is given, so nothing could ever fail"):
        parse_limits({})
    parsed = parse_limits({"max_auroc_drop": 0.1, "min_auroc": 0.8})
    assert [limit.word for limit in parsed] == ["max_auroc_drop", "min_auroc"]


@pytest.mark.parametrize(
    ("word", "expected"), [("max_x", True), ("min_x", True), ("maximum", False), ("noise", False)]
)
def test_what_has_the_form_of_a_limit(word: str, expected: bool) -> None:
    assert is_limit(word) is expected


@given(st.integers(0, 10**15))
def test_text_shows_the_number_as_it_was_written(digits: int) -> None:
    written = f"0.{digits:015d}"
    text = parse_limit("max_auroc_drop", float(written)).text
    assert float(text.split("=")[1]) == pytest.approx(float(written), rel=1e-14, abs=1e-15)


def test_parsing_limits_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pytest_xraynoise.judge import parse_limits; "
        "parse_limits({'max_auroc_drop': 0.1}); "
        "print([m for m in ('torch', 'numpy', 'sklearn', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
