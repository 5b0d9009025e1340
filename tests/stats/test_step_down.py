"""Holm's step-down against closed testing, of which it is a shortcut."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.stats import holm
from pytest_xraynoise.stats.step_down import divisors

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=7)


def closed(p_values: list[float]) -> list[float]:
    """Marcus, Peritz and Gabriel 1976: the largest Bonferroni p of any subset it is in."""
    found = []
    for i in range(len(p_values)):
        others = [p for j, p in enumerate(p_values) if j != i]
        subsets = [
            (p_values[i], *s) for n in range(len(others) + 1) for s in combinations(others, n)
        ]
        found.append(max(min(1.0, len(s) * min(s)) for s in subsets))
    return found


def test_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7]) == [0.7]


@settings(deadline=None, derandomize=True)
@given(P_VALUES)
def test_equals_closed_testing_with_bonferroni(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(closed(p_values))


@settings(deadline=None, derandomize=True)
@given(P_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_tests_plays_no_part(p_values: list[float], random: object) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = holm([p_values[i] for i in order])
    assert shuffled == [holm(p_values)[i] for i in order]


def test_the_steps_divide_the_level() -> None:
    assert divisors([0.2, 0.01, 0.05]) == [(1, 3), (2, 2), (0, 1)]


def test_the_family_wise_level_holds_under_strong_dependence() -> None:
    """Twelve looks at nearly the same numbers, as the rungs of a ladder are."""
    from scipy.stats import norm

    rng = np.random.default_rng(1)
    shared = rng.normal(size=(4000, 1))
    z = 0.9 * shared + np.sqrt(1 - 0.81) * rng.normal(size=(4000, 12))
    wrong = [min(holm(row)) <= 0.025 for row in norm.sf(z).tolist()]
    assert np.mean(wrong) <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 4000)
    # Without it a fair share of all tests would cry wolf.
    assert np.mean((norm.sf(z) <= 0.025).any(axis=1)) > 0.05
