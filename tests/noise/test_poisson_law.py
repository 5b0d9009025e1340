"""Poisson counts against the exact law."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats

from pytest_xraynoise import noise
from pytest_xraynoise.noise.spec.philox import pixel_words
from pytest_xraynoise.noise.spec.poisson import exp_minus, poisson

RATES = (0.5, 3.0, 5.0, 12.0, 50.0, 200.0, 1000.0, 20_000.0)


@functools.cache
def counts(rate: float, draws: int) -> npt.NDArray[np.int64]:
    """Counts through the public function: a flat image of 1/2, twice the rate at white."""
    side = 1024
    images = torch.full((draws // side**2, side, side), 0.5)
    noisy = noise.add(images, "poisson", photons=2 * rate, seed=20_240_229, clip=False)
    return np.rint(noisy.images.numpy().ravel() * (2 * rate)).astype(np.int64)


def chi_square(observed: npt.NDArray[np.int64], rate: float) -> float:
    """P-value of the counts under Poisson(rate), cells with at least 20 expected."""
    low, high = (int(stats.poisson.ppf(p, rate)) for p in (1e-5, 1 - 1e-5))
    cells = np.arange(low, high + 1)
    found = np.bincount(np.clip(observed, low, high) - low, minlength=cells.size).astype(float)
    expected = stats.poisson.pmf(cells, rate)
    expected[0], expected[-1] = stats.poisson.cdf(low, rate), stats.poisson.sf(high - 1, rate)
    expected = expected * observed.size
    big = expected >= 20
    found = np.append(found[big], found[~big].sum())
    expected = np.append(expected[big], expected[~big].sum())
    kept = expected > 0
    statistic = ((found[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    return float(stats.chi2.sf(statistic, kept.sum() - 1))


def holm(pvalues: list[float]) -> float:
    """The smallest p-value, times the number of tests: where Holm's step-down begins."""
    return min(pvalues) * len(pvalues)


def assert_moments(rate: float, draws: int) -> None:
    """Mean, variance and skew within five standard errors."""
    k = counts(rate, draws).astype(np.float64)
    assert abs(k.mean() - rate) < 5 * np.sqrt(rate / k.size)
    assert abs(k.var() - rate) < 5 * np.sqrt((2 * rate**2 + rate) / k.size)
    skew_error = np.sqrt((6 + 25 / rate + 10 / rate**2) / k.size)
    assert abs(stats.skew(k) - rate**-0.5) < 5 * skew_error


@pytest.mark.parametrize("rate", RATES)
def test_moments(rate: float) -> None:
    assert_moments(rate, 2**20)


def test_distribution() -> None:
    assert holm([chi_square(counts(rate, 2**20), rate) for rate in RATES]) > 1e-4


@pytest.mark.slow
def test_distribution_over_ten_million_draws() -> None:
    draws = 10 * 2**20
    assert holm([chi_square(counts(rate, draws), rate) for rate in RATES]) > 1e-4
    for rate in RATES:
        assert_moments(rate, draws)


@pytest.mark.parametrize(
    ("rate", "limit"),
    [
        (0.5, 1e-5),
        (3.0, 1e-5),
        (11.9, 1e-5),
        (12.0, 1e-4),
        (50.0, 1e-4),
        (2000.0, 1e-4),
        (2e4, 5e-4),
    ],
)
def test_total_variation_from_the_exact_law(rate: float, limit: float) -> None:
    """The word is swept in equal steps, so that the counts' law is known without sampling error."""
    strata = 2**22
    words = (np.arange(strata, dtype=np.uint64) * 2**10 + 2**9).astype(np.uint32)
    k = poisson(np.full(strata, rate, dtype=np.float32), words).astype(np.int64)
    law = stats.poisson.pmf(np.arange(k.max() + 1), rate)
    share = np.bincount(k) / strata
    assert 0.5 * (np.abs(share - law).sum() + 1 - law.sum()) < limit


def test_counts_grow_with_the_rate_at_a_fixed_word() -> None:
    """The same field at every severity: more dose never gives fewer counts."""
    words = pixel_words(2000, 1, seed=3, key=4, stream=1)[0]
    rates = np.concatenate([np.linspace(0, 14, 57), np.geomspace(14, 20_000, 40)])
    ladder = [poisson(np.full(2000, rate, dtype=np.float32), words) for rate in rates]
    steps = np.diff(np.stack(ladder), axis=0)
    assert steps.min() >= 0


def test_no_light_no_counts() -> None:
    words = np.array([0, 1, 2**31, 2**32 - 1], dtype=np.uint32)
    assert not poisson(np.zeros(4, dtype=np.float32), words).any()
    assert not poisson(np.full(4, -1e-3, dtype=np.float32), words).any()


def test_exponential_is_accurate() -> None:
    rate = np.linspace(0, 12, 20_001, dtype=np.float32)
    exact = np.exp(-rate.astype(np.float64))
    assert np.abs(exp_minus(rate) / exact - 1).max() < 1e-6
