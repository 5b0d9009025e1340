"""The recommended number of samples, and whether it does what it promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pytest_xraynoise.judge.needed import POWER, rounded_up, samples_needed


@settings(deadline=None, derandomize=True)
@given(
    samples=st.integers(2, 10**6),
    distance=st.floats(1e-4, 1),
    ratio=st.floats(1.001, 50),
    confidence=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    divisor=st.integers(1, 100),
)
def test_at_that_number_the_interval_leaves_the_limit_out(
    samples: int, distance: float, ratio: float, confidence: float, divisor: int
) -> None:
    half = distance * ratio
    needed = samples_needed(
        samples, distance=distance, half_width=half, confidence=confidence, divisor=divisor
    )
    assert needed is not None
    half_then = half * math.sqrt(samples / needed)
    assert half_then < distance
    # Power by SciPy: the estimate then has this error, and falls beyond the Holm-divided level.
    error = half_then / norm.ppf(0.5 + confidence / 2)
    level = norm.ppf(1 - (1 - confidence) / 2 / divisor)
    assert norm.sf(level - distance / error) >= POWER - 1e-9
    # No more than two digits of rounding above what is needed.
    assert norm.sf(level - distance / error * math.sqrt(0.9)) <= POWER + 1e-3 or needed < 100


@pytest.mark.parametrize("distance", [0.0, -0.0, 1e-13])
def test_no_number_at_the_limit(distance: float) -> None:
    assert samples_needed(100, distance=distance, half_width=0.1, confidence=0.95) is None


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 10**9))
def test_rounding_goes_up_to_two_digits(number: int) -> None:
    rounded = rounded_up(number)
    assert number <= rounded <= number * 1.1 + 1
    assert len(str(rounded).rstrip("0")) <= 2


def test_powers_of_ten_do_not_grow() -> None:
    assert [rounded_up(n) for n in (1, 99, 100, 101, 110, 999, 1000)] == [
        1, 99, 100, 110, 110, 1000, 1000,
    ]  # fmt: skip


def test_a_drop_of_twice_the_limit_is_caught_at_the_recommended_number() -> None:
    """Paired differences with a mean of 0.10 against a limit of 0.05; the pilot decides nothing."""
    rng = np.random.default_rng(3)
    caught = trials = 0
    while trials < 400:
        sd, samples = 0.3, 130  # at 130 samples half of the pilots are inconclusive
        pilot = rng.normal(0.10, sd, samples)
        low, high = _interval(pilot)
        if not low <= 0.05 < high:
            continue
        needed = samples_needed(
            samples, distance=pilot.mean() - 0.05, half_width=pilot.mean() - low, confidence=0.95
        )
        assert needed is not None
        trials += 1
        caught += _interval(rng.normal(0.10, sd, min(needed, 100_000)))[0] > 0.05
    assert caught / trials >= 0.95


def _interval(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    half = 1.96 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(values.mean()) - half, float(values.mean()) + half
