"""Means of drops whose correlation nobody knows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.study.means import Mean, drop_of, mean_of
from pytest_xraynoise.study.plan import Cell
from tests.study.ladders import measured


@given(st.floats(-0.99, 0.99), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_the_error_bounds_that_of_any_correlation(rho: float, a: float, b: float) -> None:
    mean = mean_of([Mean(0.1, a, 1), Mean(0.2, b, 1)])
    assert mean is not None
    true = math.sqrt(a * a + b * b + 2 * rho * a * b) / 2
    assert mean.error >= true - 1e-12
    gap = Mean(0.1, a, 1).minus(Mean(0.2, b, 1))
    assert gap.error >= math.sqrt(max(a * a + b * b - 2 * rho * a * b, 0.0)) - 1e-12


def test_intervals_of_correlated_means_hold_the_truth_often_enough() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(0, 0.03, (2000, 1))
    drops = 0.1 + common + rng.normal(0, 0.03, (2000, 4))
    each = math.hypot(0.03, 0.03)
    held = 0
    for row in drops:
        mean = mean_of([Mean(float(x), each, 1) for x in row])
        assert mean is not None
        low, high = mean.interval()
        held += low <= 0.1 <= high
    assert held / 2000 >= 0.95


def test_a_standard_error_is_read_from_an_interval() -> None:
    cell = Cell("classification", "resnet", "clean", "poisson")
    result = measured(cell, [0.1, 0.2], half=0.0196)[1].result
    assert result is not None
    drop = drop_of(result, "auroc", 2)
    assert drop is not None
    assert drop.value == 0.2
    assert drop.error == pytest.approx(0.01, rel=1e-3)
    assert drop_of(result, "auroc", 0) is None
    assert drop_of(result, "auroc", 7) is None
    assert drop_of(result, "auroc", 2, "Hernia") is None


def test_no_drops_have_no_mean() -> None:
    assert mean_of([]) is None
    assert Mean(0.1, 0.0, 1).p_above == 0.0
    assert Mean(-0.1, 0.0, 1).p_above == 1.0
