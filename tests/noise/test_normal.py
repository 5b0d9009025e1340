"""The normal field against SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats
from scipy.special import ndtri

from pytest_xraynoise import noise
from pytest_xraynoise.noise.spec.normal import normal, uniform
from pytest_xraynoise.noise.spec.philox import pixel_words

EDGES = [0, 1, 2, 1000, 2**31 - 2, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1000, 2**32 - 2, 2**32 - 1]


def exact(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """Two neighbouring words share a number, the quantile of the middle of the two."""
    folded = np.minimum(words, ~words) | np.uint32(1)
    z = ndtri(folded.astype(np.float64) * 2.0**-32)
    return np.asarray(np.where(words < 2**31, z, -z))


def test_quantile_is_within_its_stated_error_everywhere() -> None:
    spread = np.arange(0, 2**32, 4099, dtype=np.uint64)
    words = np.concatenate([spread, np.array(EDGES, dtype=np.uint64)]).astype(np.uint32)
    z = normal(words).astype(np.float64)
    assert np.abs(z - exact(words)).max() < 2.6e-5
    assert z.min() == pytest.approx(-6.2302, abs=1e-3)
    assert z.max() == pytest.approx(6.2302, abs=1e-3)


def test_quantile_is_antisymmetric() -> None:
    words = np.arange(0, 2**31, 65_537, dtype=np.uint32)
    assert np.array_equal(normal(words), -normal(~words))


def test_field_is_standard_normal() -> None:
    z = normal(pixel_words(1_000_000, 1, seed=11, key=5, stream=2)[0]).astype(np.float64)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert abs(z.mean()) < 4e-3
    assert abs(z.var() - 1) < 6e-3
    assert abs(stats.kurtosis(z)) < 0.02


def test_uniform_is_uniform_and_below_one() -> None:
    u = uniform(pixel_words(1_000_000, 1, seed=11, key=5, stream=2)[0])
    assert u.max() < 1
    assert u.min() >= 0
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert uniform(np.array([2**32 - 1], dtype=np.uint32))[0] == np.float32(1 - 2.0**-24)


def public(kind: str, *, sample: int = 0, side: int = 512) -> npt.NDArray[np.float64]:
    """The field as the public function adds it: sigma 1 on black is z itself, bit for bit."""
    black = torch.zeros(1, side, side)
    strength: dict[str, Any] = (
        {"sigma": 1.0} if kind == "gaussian" else {"sigma": 1.0, "photons": 100.0}
    )
    out = noise.add(black, kind, ids=[sample], seed=31, clip=False, **strength)
    return np.asarray(out.images.numpy().ravel(), dtype=np.float64)


@pytest.mark.parametrize("kind", ["gaussian", "poisson+gaussian"])
def test_the_public_field_is_normal(kind: str) -> None:
    """Kolmogorov-Smirnov on 8 samples and on all of them together, Bonferroni over the 9."""
    fields = [public(kind, sample=sample) for sample in range(8)]
    pvalues = [float(stats.kstest(z, "norm").pvalue) for z in (*fields, np.concatenate(fields))]
    assert min(pvalues) > 1e-4 / len(pvalues)
    assert max(pvalues) < 1 - 1e-4 / len(pvalues)


def test_the_ks_test_would_notice() -> None:
    """A sum of twelve uniforms, and a normal one of a deviation 1 % too large."""
    rng = np.random.default_rng(0)
    twelve = rng.random((12, 2**20)).sum(axis=0) - 6
    for wrong in (twelve, 1.01 * rng.standard_normal(2**20)):
        assert stats.kstest(wrong, "norm").pvalue < 1e-4 / 9


def tails(z: npt.NDArray[np.float64]) -> float:
    """P-value of 100 equally likely cells, and of the tails beyond 3, 3.5, 4 and 4.5 sigma."""
    inner = stats.norm.ppf(np.arange(1, 100) / 100)
    outer = np.array([3.0, 3.5, 4.0, 4.5])
    edges = np.concatenate([-outer[::-1], inner, outer])
    share = np.diff(stats.norm.cdf(np.concatenate([[-np.inf], edges, [np.inf]])))
    found = np.bincount(np.searchsorted(edges, z), minlength=share.size)
    big = share * z.size >= 5
    found = np.append(found[big], found[~big].sum())
    share = np.append(share[big], share[~big].sum())
    kept = share > 0
    return float(stats.chisquare(found[kept], share[kept] * z.size).pvalue)


def test_the_tails_are_normal() -> None:
    assert tails(public("gaussian", side=1024)) > 1e-4


@pytest.mark.slow
def test_ten_million_normal_numbers() -> None:
    z = np.concatenate([public("gaussian", sample=sample, side=1024) for sample in range(10)])
    assert z.size >= 10**7
    assert min(tails(z), float(stats.kstest(z, "norm").pvalue)) > 1e-4 / 2
    error = z.size**-0.5
    assert abs(z.mean()) < 5 * error
    assert abs(z.var() - 1) < 5 * 2**0.5 * error
    assert abs(stats.skew(z)) < 5 * 6**0.5 * error
    assert abs(stats.kurtosis(z)) < 5 * 24**0.5 * error
