"""Poisson counts against the exact law."""

from __future__ import annotations

import functools
from collections.abc import Callable

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


def holm(pvalues: list[float]) -> list[float]:
    """Holm's adjusted p-values (Holm 1979), in the order given, each at most 1."""
    count, adjusted, running = len(pvalues), [0.0] * len(pvalues), 0.0
    for rank, index in enumerate(np.argsort(pvalues)):
        running = max(running, min(1.0, (count - rank) * pvalues[index]))
        adjusted[index] = running
    return adjusted


def assert_distribution(draws: int) -> None:
    """Neither a bad fit (Holm over the rates) nor one that is too good to be random."""
    pvalues = [chi_square(counts(rate, draws), rate) for rate in RATES]
    assert min(holm(pvalues)) > 1e-4, dict(zip(RATES, pvalues, strict=True))
    assert max(pvalues) < 1 - 1e-4 / len(RATES), dict(zip(RATES, pvalues, strict=True))


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
    assert_distribution(2**20)


@pytest.mark.slow
def test_distribution_over_ten_million_draws() -> None:
    draws = 10 * 2**20
    assert draws >= 10**7
    assert_distribution(draws)
    for rate in RATES:
        assert_moments(rate, draws)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda rng, n: rng.poisson(50 * 1.003, n),
        lambda rng, n: np.rint(rng.normal(50, 50**0.5, n)).astype(np.int64),
        lambda rng, n: rng.binomial(5000, 0.01, n),
        lambda rng, n: np.repeat(
            np.arange(120), np.rint(stats.poisson.pmf(np.arange(120), 50) * n).astype(int)
        ),
    ],
    ids=["rate off by 3/1000", "rounded normal", "binomial", "stratified"],
)
def test_the_chi_square_test_would_notice(
    wrong: Callable[[np.random.Generator, int], npt.NDArray[np.int64]],
) -> None:
    """Laws that are nearly Poisson(50), at the quick test's number of draws."""
    pvalue = chi_square(wrong(np.random.default_rng(1), 2**20), 50.0)
    assert not 1e-4 / len(RATES) < pvalue < 1 - 1e-4 / len(RATES)


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("rate", "limit"),
    [
        (0.5, 1e-5),
        (3.0, 1e-5),
        (5.0, 1e-5),
        (11.9, 1e-5),
        (12.0, 1e-4),
        (50.0, 1e-4),
        (200.0, 1e-4),
        (1000.0, 1e-4),
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
