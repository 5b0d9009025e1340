"""Values, ratios, means and differences of rungs, against direct computations."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pytest_xraynoise import stats
from pytest_xraynoise.results import Spread
from pytest_xraynoise.stats.contrasts import combination, share_of_clean
from pytest_xraynoise.stats.correlated_roc import components
from pytest_xraynoise.stats.distribution import Distribution, from_interval
from pytest_xraynoise.stats.roc_covariance import ladder_deviations, pooled

Array = npt.NDArray[np.float64]


def scores(n: int = 80, seed: int = 0, rungs: int = 3) -> tuple[Array, list[Array]]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(float)
    y[:2], y[2:4] = 1, 0
    z = 1.2 * y + rng.normal(size=n)
    return y, [np.round(z + 0.4 * s * rng.normal(size=n), 1) for s in range(rungs + 1)]


def spread_of(y: Array, along: list[Array]) -> Spread:
    parts = [components(y, s) for s in along]
    rows = ladder_deviations(parts[0], parts[1:])
    return Spread(tuple(range(1, len(along))), 1.0, rows @ rows.T, method="delong")


def placements(y: Array, s: Array) -> tuple[Array, Array]:
    """DeLong's V10 and V01 by all pairs, O(m n)."""
    wins = (s[y == 1][:, None] > s[y == 0]) + 0.5 * (s[y == 1][:, None] == s[y == 0])
    return wins.mean(axis=1), wins.mean(axis=0)


def direct_covariance(y: Array, along: list[Array]) -> Array:
    """Of the AUROCs themselves, by DeLong's formula on all pairs."""
    by_positive, by_negative = zip(*(placements(y, s) for s in along), strict=True)
    m, n = int((y == 1).sum()), int((y == 0).sum())
    found: Array = np.cov(by_positive) / m + np.cov(by_negative) / n
    return found


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 50))
def test_every_combination_has_the_variance_of_all_pairs(seed: int) -> None:
    y, along = scores(40, seed)
    spread, direct = spread_of(y, along), direct_covariance(y, along)
    # Weights of the AUROCs at severities 0 to 3, and the same in clean value and drops.
    for weights, parts in (
        ((1, 0, 0, 0), {0: 1.0}),
        ((0, 0, 1, 0), {0: 1.0, 2: -1.0}),
        ((1, 0, 0, -1), {3: 1.0}),
        ((0, 1, -1, 0), {2: 1.0, 1: -1.0}),
        ((1, -1 / 3, -1 / 3, -1 / 3), dict.fromkeys((1, 2, 3), 1 / 3)),
    ):
        found = combination(spread, parts, 0.0)
        assert found is not None
        assert found.error is not None
        expected = float(np.array(weights) @ direct @ np.array(weights))
        assert found.error**2 == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_a_drop_is_that_of_the_public_function() -> None:
    y, along = scores()
    public = stats.delong(y, along[0], along[2])
    found = combination(spread_of(y, along), {2: 1.0}, public.estimate)
    assert found is not None
    assert found.interval(0.95) == pytest.approx((public.low, public.high), abs=1e-12)


def test_the_same_scores_leave_no_doubt() -> None:
    y, (clean, *_) = scores()
    found = combination(spread_of(y, [clean, clean, clean]), {1: 0.5, 2: 0.5}, 0.0)
    assert found is not None
    assert found.error == 0.0
    assert found.interval(0.95) == (0.0, 0.0)
    assert (found.p_above(0.0), found.p_below(0.0)) == (1.0, 0.0)


def test_a_relative_drop_by_the_delta_method_agrees_with_the_bootstrap() -> None:
    y, along = scores(600, rungs=1)
    clean, noisy = (components(y, s).auroc for s in along)
    ratio = (clean - noisy) / clean
    found = share_of_clean(spread_of(y, along), {1: 1.0}, clean, ratio)
    assert found is not None
    assert found.method == "delong, delta method"
    ratios = []
    for weights in np.concatenate(list(stats.resampling_weights(600, 2000, seed=5))):
        drawn = np.repeat(np.arange(600), weights.astype(int))
        before, after = (components(y[drawn], s[drawn]).auroc for s in along)
        ratios.append((before - after) / before)
    assert found.error == pytest.approx(np.std(ratios), rel=0.06)


def test_a_relative_drop_is_not_the_drop_scaled_by_an_exact_clean_value() -> None:
    y, (clean_scores, *_) = scores(200)
    along = [clean_scores, np.random.default_rng(1).normal(size=200)]  # noise takes everything
    clean, noisy = (components(y, s).auroc for s in along)
    found = share_of_clean(spread_of(y, along), {1: 1.0}, clean, (clean - noisy) / clean)
    assert found is not None
    assert found.error is not None
    drop = stats.delong(y, along[0], along[1])
    scaled = (drop.high - drop.low) / clean / (2 * 1.959964)
    assert found.error < 0.95 * scaled


def test_a_ratio_of_resamples_is_taken_in_each_of_them() -> None:
    resampled = np.array([[0.5, 0.4, 0.8, 0.0], [0.1, 0.2, 0.2, 0.1]])
    found = share_of_clean(Spread((1,), 1.0, None, resampled), {1: 1.0}, 0.5, 0.3)
    assert found is not None
    assert found.resampled is not None
    assert np.allclose(found.resampled, [0.2, 0.5, 0.25, np.nan], equal_nan=True)


def test_a_number_that_most_resamples_leave_undefined_has_no_distribution() -> None:
    resampled = np.array([[0.5, 0.4, 0.8, 0.9], [np.nan, np.nan, 0.2, 0.1], [0.1, 0.1, 0.1, 0.1]])
    spread = Spread((1, 2), 1.0, None, resampled)
    assert combination(spread, {1: 1.0}, 0.1) is None
    assert share_of_clean(spread, {1: 1.0}, 0.5, 0.1) is None
    other = combination(spread, {2: 1.0}, 0.1)  # another rung's trouble is not its own
    assert other is not None
    assert other.resampled is not None
    assert not np.isnan(other.resampled).any()


def test_draws_of_the_noise_are_pooled_component_by_component() -> None:
    """The variance of a mean of correlated AUROCs, by all pairs."""
    y, (clean, *draws) = scores(60, 7)
    parts = [components(y, s) for s in draws]
    rows = ladder_deviations(components(y, clean), [pooled(parts)])
    found = combination(Spread((1,), 1.0, rows @ rows.T, method="delong"), {1: 1.0}, 0.0)
    weights = np.array([1, -1 / 3, -1 / 3, -1 / 3])
    expected = weights @ direct_covariance(y, [clean, *draws]) @ weights
    assert found is not None
    assert found.error == pytest.approx(math.sqrt(expected), rel=1e-9)
    assert pooled(parts).auroc == pytest.approx(np.mean([part.auroc for part in parts]))
    assert pooled(parts[:1]) is parts[0]


@settings(deadline=None, derandomize=True)
@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.3), st.floats(-0.5, 0.5))
def test_normal_tails_are_those_of_scipy(estimate: float, error: float, limit: float) -> None:
    one = Distribution(estimate, error)
    assert one.p_above(limit) == pytest.approx(norm.sf((estimate - limit) / error), abs=1e-9)
    assert one.p_below(limit) == pytest.approx(norm.cdf((estimate - limit) / error), abs=1e-9)
    low, high = one.interval(0.9) or (0.0, 0.0)
    again = from_interval(estimate, low, high, 0.9, "as stored")
    assert again.interval(0.9) == pytest.approx((low, high))
    turned = one.mirrored()
    assert turned.p_above(-limit) == pytest.approx(one.p_below(limit), abs=1e-12)


def test_bootstrap_tails_count_resamples_and_ties_keep_a_limit() -> None:
    one = Distribution(0.3, None, np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, np.nan]))
    assert one.p_above(0.2) == (1 + 2) / 7
    assert one.p_below(0.5) == (1 + 1) / 7
    assert one.mirrored().p_below(-0.5) == (1 + 4) / 7


def test_where_no_resample_lies_beyond_the_tail_is_normal_but_never_heavier() -> None:
    values = np.random.default_rng(0).normal(0.10, 0.01, 2000)
    one = Distribution(0.10, None, values)
    assert one.p_above(0.01) == pytest.approx(norm.sf(9), rel=0.5)
    assert one.p_above(float(values.min()) - 1e-9) <= 1 / 2001
    assert Distribution(0.1, None, np.full(50, 0.1)).p_below(0.1) == 0.0
    assert Distribution(0.1, None, np.full(50, 0.1)).p_above(0.1) == 1.0


def test_without_an_error_there_is_no_interval() -> None:
    assert Distribution(0.1).interval(0.95) is None
