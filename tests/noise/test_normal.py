"""The normal field against SciPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.special import ndtri

from pytest_xraynoise.noise.spec.normal import normal, uniform
from pytest_xraynoise.noise.spec.philox import pixel_words

EDGES = [0, 1, 2, 1000, 2**31 - 2, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1000, 2**32 - 2, 2**32 - 1]


def exact(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    u = (words.astype(np.float64) + 0.5) * 2.0**-32
    return np.asarray(np.where(u < 0.5, ndtri(u), -ndtri(1 - u)))


def test_quantile_is_within_its_stated_error_everywhere() -> None:
    spread = np.arange(0, 2**32, 4099, dtype=np.uint64)
    words = np.concatenate([spread, np.array(EDGES, dtype=np.uint64)]).astype(np.uint32)
    z = normal(words).astype(np.float64)
    assert np.abs(z - exact(words)).max() < 4.2e-5
    assert z.min() == pytest.approx(-6.3379, abs=1e-3)
    assert z.max() == pytest.approx(6.3379, abs=1e-3)


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
