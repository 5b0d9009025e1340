from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, bootstrap, chisquare

from pytest_xraynoise import stats
from pytest_xraynoise.errors import MetricError, SpecError

Array = npt.NDArray[np.float64]
STEADY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def _pair(n: int = 50, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    clean = rng.beta(8, 2, n)
    return clean, clean - 0.1 * rng.random(n)


def _weights(*args: Any, **kwargs: Any) -> Array:
    return np.concatenate(list(stats.resampling_weights(*args, **kwargs)))


@STEADY
@given(st.integers(2, 60), st.integers(1, 30), st.integers(0, 2**70), st.integers(1, 2000))
def test_a_resample_depends_on_seed_and_number_only(n: int, r: int, seed: int, chunk: int) -> None:
    whole = _weights(n, r, seed=seed)
    assert whole.shape == (r, n)
    assert (whole.sum(axis=1) == n).all()
    assert np.array_equal(_weights(n, r, seed=seed, chunk=chunk), whole)
    assert np.array_equal(_weights(n, r + 5, seed=seed)[:r], whole)


def test_seeds_differ() -> None:
    assert not np.array_equal(_weights(30, 10, seed=1), _weights(30, 10, seed=2))


def test_the_stream_is_held_across_versions() -> None:
    assert np.array_equal(_weights(4, 2, seed=0), [[0, 2, 1, 1], [0, 1, 2, 1]])
    second = [0, 0, 0, 2, 1, 1, 2, 2, 0, 2]
    assert np.array_equal(_weights(10, 2, seed=0)[1], second)


def test_every_resample_is_as_likely_as_it_should_be() -> None:
    outcomes: dict[tuple[float, ...], int] = {}
    for drawn in product(range(3), repeat=3):
        key = tuple(np.bincount(drawn, minlength=3).astype(float))
        outcomes[key] = outcomes.get(key, 0) + 1
    weights = _weights(3, 27_000, seed=3)
    seen = [int((weights == key).all(axis=1).sum()) for key in outcomes]
    assert chisquare(seen, [1000 * count for count in outcomes.values()]).pvalue > 0.001


def test_weight_of_a_sample_is_binomial() -> None:
    weights = _weights(40, 5000, seed=4)
    observed = np.bincount(weights.ravel().astype(int), minlength=7)[:5]
    expected = weights.size * binom.pmf(np.arange(5), 40, 1 / 40)
    assert observed == pytest.approx(expected, rel=0.05)


def test_groups_are_drawn_whole() -> None:
    groups = np.array(["b", "a", "b", "c", "a", "a"])
    weights = _weights(6, 500, groups=groups, seed=0)
    for name in "abc":
        members = weights[:, groups == name]
        assert (members == members[:, :1]).all()
    firsts = weights[:, [1, 0, 3]]
    assert np.array_equal(firsts, _weights(3, 500, seed=0))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std])
def test_as_scipy(statistic: Any, confidence: float) -> None:
    clean, noisy = _pair()
    ours = stats.paired_bootstrap(statistic, clean, noisy, confidence, resamples=20_000)

    def gap(a: Array, b: Array, axis: int = -1) -> Any:
        return statistic(a, axis=axis) - statistic(b, axis=axis)

    theirs = bootstrap(
        (clean, noisy),
        gap,
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    assert ours.estimate == statistic(clean) - statistic(noisy)
    # Two independent bootstraps: their ends differ by some 0.03 standard errors.
    ends = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert (ours.low, ours.high) == pytest.approx(ends, abs=0.15 * theirs.standard_error)
    assert (ours.method, ours.confidence) == ("bootstrap", confidence)


def _as_it_stands(statistic: Any) -> Any:
    """The same statistic without an ``axis`` to work along."""
    return lambda values: statistic(values)


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_path_gives_the_same(statistic: Any, grouped: bool) -> None:
    clean, noisy = _pair()
    groups = np.arange(50) // 3 if grouped else None
    fast = stats.paired_bootstrap(statistic, clean, noisy, groups=groups, resamples=200)
    slow = stats.paired_bootstrap(
        _as_it_stands(statistic), clean, noisy, groups=groups, resamples=200
    )
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=1e-12)
    assert fast.estimate == slow.estimate


def test_rows_of_more_than_one_number() -> None:
    clean, noisy = _pair()
    y = np.tile([0.0, 1.0], 25)
    a, b = (np.column_stack([y, s]) for s in (clean, noisy))

    def mean_of_positives(rows: Array) -> float:
        return float(rows[rows[:, 0] == 1, 1].mean())

    found = stats.paired_bootstrap(mean_of_positives, a, b, resamples=500)
    assert found.estimate == pytest.approx((clean - noisy)[y == 1].mean())
    assert found.low < found.estimate < found.high
    all_rows = stats.paired_bootstrap(np.mean, a, b, resamples=500)
    assert all_rows.estimate == pytest.approx((clean - noisy).mean() / 2)
    assert all_rows.low < all_rows.estimate < all_rows.high


def test_deterministic_and_seeded() -> None:
    clean, noisy = _pair()
    first = stats.paired_bootstrap(np.mean, clean, noisy, seed=5)
    assert stats.paired_bootstrap(np.mean, clean, noisy, seed=5) == first
    assert stats.paired_bootstrap(np.mean, clean, noisy, seed=6) != first


def test_identical_sides_have_no_width() -> None:
    clean, _ = _pair()
    for statistic in (np.mean, np.median, _as_it_stands(np.max)):
        found = stats.paired_bootstrap(statistic, clean, clean, resamples=200)
        assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_copies_of_a_patient_are_one_patient() -> None:
    clean, noisy = _pair()
    patients = np.arange(50)
    a, b = (np.concatenate([v, v]) for v in (clean, noisy))
    single = stats.paired_bootstrap(np.mean, clean, noisy)
    found = stats.paired_bootstrap(np.mean, a, b, groups=np.tile(patients, 2))
    assert (found.low, found.high) == pytest.approx((single.low, single.high), abs=1e-12)
    naive = stats.paired_bootstrap(np.mean, a, b)
    shrunk = (naive.high - naive.low) / (single.high - single.low)
    assert shrunk == pytest.approx(1 / math.sqrt(2), rel=0.1)


def test_coverage() -> None:
    rng = np.random.default_rng(11)
    runs, hits = 400, 0
    for run in range(runs):
        gap = rng.exponential(0.1, size=80)
        clean = rng.random(80)
        found = stats.paired_bootstrap(np.mean, clean, clean - gap, resamples=400, seed=run)
        hits += found.low <= 0.1 <= found.high
    assert 0.90 <= hits / runs <= 0.98


def _needs_a_positive(rows: Array) -> float:
    if not rows.any():
        raise MetricError("no positive")
    return float(rows.sum())


def test_undefined_resamples() -> None:
    one = np.r_[1.0, np.zeros(9)]
    with pytest.raises(MetricError, match="of 500 resamples leave the statistic undefined"):
        stats.paired_bootstrap(_needs_a_positive, one, one, resamples=500)
    two = np.r_[1.0, 1.0, np.zeros(8)]  # missing from 11 % of resamples: these do not count
    found = stats.paired_bootstrap(_needs_a_positive, two, two, resamples=500)
    assert (found.low, found.high) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"confidence": 95}, SpecError, "confidence must be between 0 and 1, got 95"),
        ({"resamples": 0}, SpecError, "resamples must be at least 1"),
        ({"groups": [1, 2]}, MetricError, r"groups must be \(3,\)"),
        ({"groups": [1, 1, 1]}, MetricError, "at least two groups, got 1"),
        ({"clean": [1.0], "noisy": [1.0]}, MetricError, "at least two samples, got 1"),
        ({"clean": [1.0]}, MetricError, r"one shape \(N, ...\), got \(1,\), \(3,\)"),
        ({"statistic": np.cumsum}, MetricError, r"one number, got shape \(3,\)"),
    ],
)
def test_what_does_not_fit(kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
    given = {"statistic": np.mean, "clean": [1.0, 2.0, 3.0], "noisy": [0.0, 1.0, 2.0], **kwargs}
    with pytest.raises(error, match=message):
        stats.paired_bootstrap(**given)
