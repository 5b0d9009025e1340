"""Binomial thinning of true counts against the binomial and Poisson laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError
from pytest_xraynoise.noise import thinning

Counts = npt.NDArray[Any]


def poisson_counts(mean: float, shape: tuple[int, ...] = (4, 128, 128), seed: int = 0) -> Counts:
    return np.random.default_rng(seed).poisson(mean, shape)


def chi_square(observed: Counts, law: Any, count: int) -> float:
    """p value of whole numbers against a law, cells of at least 10 expected."""
    low, high = int(law.ppf(1e-3)), int(law.ppf(1 - 1e-3))
    edges = np.arange(low, high + 1)
    expected = law.cdf(edges) - np.concatenate([[0.0], law.cdf(edges[:-1])])
    expected = np.append(expected, 1 - expected.sum()) * count
    found = np.bincount(np.clip(observed.ravel() - low, 0, len(edges)), minlength=len(edges) + 1)
    kept = expected >= 10
    pooled = [(x[kept], x[~kept].sum()) for x in (found, expected)]
    seen, wanted = (np.append(many, rest) for many, rest in pooled)
    wanted, seen = (x[wanted > 0] for x in (wanted, seen))
    return float(stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue)


@pytest.mark.parametrize("dose", [0.5, 0.1, 0.93])
@pytest.mark.parametrize("count", [1, 7, 60, 1501, 200_000])
def test_it_is_the_binomial_law(count: int, dose: float) -> None:
    made = noise.thin(np.full((4, 128, 128), count), dose, seed=5)
    law = stats.binom(count, dose)
    deviation = (made.mean() - law.mean()) / (law.std() / made.size**0.5)
    assert abs(deviation) < 4
    spread = (2 / made.size) ** 0.5 * (1 + abs(law.stats("k")))
    assert made.var() / law.var() == pytest.approx(1, abs=5 * spread)
    assert chi_square(made, law, made.size) > 1e-3


@pytest.mark.parametrize("mean", [3.0, 40.0, 1501.0])
def test_poisson_counts_stay_poisson_counts(mean: float) -> None:
    made = noise.thin(poisson_counts(mean), 0.25, seed=2)
    assert chi_square(made, stats.poisson(0.25 * mean), made.size) > 1e-3


def test_lowdose_has_the_two_moments_of_thinning() -> None:
    """Given the image, both add the variance dose (1 - dose) lambda in counts."""
    quanta, dose = 1501 * 0.65, 0.25
    panel = noise.Detector("ideal", 0.139, 0.65, 1000, 0, 0.0)
    flat = torch.full((4, 128, 128), 0.5)
    made = noise.add(
        flat, "lowdose", dose=dose, detector=panel, pixel_pitch=0.139, response="linear", clip=False
    )
    in_counts = made.images.numpy().astype(np.float64) / 0.5 * dose * quanta
    thinned = noise.thin(np.full((4, 128, 128), round(quanta)), dose)
    for moment, tolerance in ((np.mean, 2e-3), (np.var, 0.02)):
        assert moment(in_counts) == pytest.approx(moment(thinned), rel=tolerance)


def test_quantiles_are_scipys_with_and_without_a_table() -> None:
    rng = np.random.default_rng(1)
    counts = np.concatenate([np.full(3000, 1500), rng.integers(0, 5000, 500)])
    u = rng.random(len(counts))
    u[:2] = 2.0**-54, 1 - 1e-12  # nearer to 1 the distribution function is rounded away
    assert np.array_equal(thinning._quantile(u, counts, 0.3), stats.binom.ppf(u, counts, 0.3))


@given(
    counts=st.lists(st.integers(0, 2**31), min_size=1, max_size=4),
    doses=st.tuples(st.floats(1e-6, 1), st.floats(1e-6, 1)),
    ident=st.integers(0, 2**64 - 1),
)
@settings(max_examples=60, deadline=None)
def test_counts_fall_with_the_dose(
    counts: list[int], doses: tuple[float, float], ident: int
) -> None:
    images = np.array(counts)[None, None]
    low, high = (noise.thin(images, dose, ids=[ident]) for dose in sorted(doses))
    assert (low >= 0).all()
    assert (low <= high).all()
    assert (high <= images).all()


def test_it_follows_the_sample_not_the_batch() -> None:
    counts = poisson_counts(50, (5, 16, 16))
    ids = ["a", 7, "b", 2**63, 0]
    whole = noise.thin(counts, 0.5, ids=ids, seed=9)
    turned = noise.thin(counts[::-1], 0.5, ids=ids[::-1], seed=9)
    assert np.array_equal(whole, turned[::-1])
    assert np.array_equal(whole[3:4], noise.thin(counts[3:4], 0.5, ids=[2**63], seed=9))
    for other in ({"seed": 10}, {"draw": 1}):
        assert not np.array_equal(whole, noise.thin(counts, 0.5, ids=ids, **{"seed": 9, **other}))
    assert not np.array_equal(*noise.thin(np.full((2, 16, 16), 50), 0.5))


def test_channels_of_a_grey_image_stay_equal() -> None:
    grey = np.repeat(poisson_counts(50, (2, 1, 16, 16)), 3, axis=1)
    made = noise.thin(grey, 0.5)
    assert np.array_equal(made[:, 0], made[:, 2])
    assert np.array_equal(made[:, 0], noise.thin(grey[:, 0], 0.5))


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int16, torch.int32, torch.int64, torch.float32, torch.float64]
)
def test_tensors_keep_dtype_and_shape(dtype: torch.dtype) -> None:
    counts = torch.full((2, 1, 8, 9), 100).to(dtype)
    made = noise.thin(counts, 0.5, seed=1)
    assert (made.dtype, made.shape) == (dtype, counts.shape)
    expected = noise.thin(np.full((2, 1, 8, 9), 100), 0.5, seed=1)
    assert np.array_equal(made.numpy(), expected)


def test_dose_1_is_a_copy() -> None:
    for counts in (poisson_counts(9).astype(np.uint16), np.full((1, 2, 2), 2**31)):
        same = noise.thin(counts, 1)
        assert np.array_equal(same, counts)
        assert same.dtype == counts.dtype
        assert not np.shares_memory(same, counts)
    tensor = torch.full((1, 2, 2), 5)
    noise.thin(tensor, 1.0).zero_()
    assert int(tensor.sum()) == 20


def test_the_largest_counts() -> None:
    made = noise.thin(np.full((1, 16, 16), 2**31), 0.5)
    assert abs(made.mean() - 2**30) < 5 * (0.25 * 2**31) ** 0.5 / 16
    assert noise.thin(np.zeros((1, 4, 4), np.int64), 0.5).sum() == 0
    assert noise.thin(np.zeros((0, 4, 4), np.int64), 0.5).shape == (0, 4, 4)


@pytest.mark.parametrize(
    ("counts", "options", "match"),
    [
        (np.full((1, 2, 2), 0.5), {}, "whole numbers, but got fractions"),
        (np.full((1, 2, 2), np.nan), {}, "fractions, NaN"),
        (np.full((1, 2, 2), -1), {}, "counts from -1 to -1"),
        (np.full((1, 2, 2), 2**31 + 1), {}, "expected whole numbers from 0 to 2147483648"),
        (np.full((1, 2, 2), 2.0**25, np.float32), {}, "all of which float32 holds"),
        (np.full((2, 2), 1), {}, r"leading axis: counts\[None\]"),
        (np.full((1, 2, 0), 1), {}, "0 pixels"),
        (np.full((1, 2, 2), True), {}, "bool"),
        ([[[1]]], {}, "but got list"),
        (torch.ones(1, 2, 2, dtype=torch.bfloat16), {}, "bfloat16"),
        (np.full((1, 2, 2), 1), {"dose": 0}, "dose=0"),
        (np.full((1, 2, 2), 1), {"dose": 1.5}, "at most 1"),
        (np.full((1, 2, 2), 1), {"ids": [1, 2]}, "2 ids for 1 images"),
        (np.full((1, 2, 2), 1), {"seed": -1}, "seed=-1"),
        (np.full((1, 2, 2), 1), {"draw": 2**16}, "draw=65536"),
    ],
)
def test_bad_counts(counts: Any, options: dict[str, Any], match: str) -> None:
    with pytest.raises(NoiseError, match=match):
        noise.thin(counts, **{"dose": 0.5, **options})


def test_its_stream_is_its_own() -> None:
    assert thinning.STREAM not in {noise.get(name).stream for name in noise.names()}
