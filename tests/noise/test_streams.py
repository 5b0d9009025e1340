"""Streams that must not know of each other: neighbours, samples, draws, seeds, kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import noise

SIDE = 512


def field(
    kind: str = "gaussian", *, sample: int = 1, seed: int = 7, draw: int = 0
) -> npt.NDArray[np.float64]:
    """The noise alone on a flat image, standardised."""
    strength: dict[str, Any] = {"sigma": 0.01} if kind == "gaussian" else {"photons": 10_000.0}
    flat = torch.full((1, SIDE, SIDE), 0.5)
    out = noise.add(flat, kind, ids=[sample], seed=seed, draw=draw, clip=False, **strength)
    values: npt.NDArray[np.float64] = out.images[0].numpy().astype(np.float64) - 0.5
    return np.asarray(values / values.std())


def correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    return float((a * b).mean() - a.mean() * b.mean())


@pytest.mark.parametrize(
    "other",
    [
        lambda: field(sample=2),
        lambda: field(sample=1 << 32),
        lambda: field(draw=1),
        lambda: field(seed=8),
        lambda: field(seed=7 + (1 << 32)),
        lambda: field("poisson"),
    ],
    ids=["sample", "high half of the id", "draw", "seed", "high half of the seed", "kind"],
)
def test_streams_are_uncorrelated(other: Callable[[], npt.NDArray[np.float64]]) -> None:
    assert abs(correlation(field(), other())) < 5 / SIDE


def test_poisson_and_readout_of_one_kind_are_uncorrelated() -> None:
    flat = torch.full((1, SIDE, SIDE), 0.5)
    both = noise.add(flat, "poisson+gaussian", photons=1e4, sigma=0.02, clip=False).images
    counts = noise.add(flat, "poisson+gaussian", photons=1e4, sigma=1e-6, clip=False).images
    readout = (both - counts)[0].numpy().astype(np.float64)
    quantum = counts[0].numpy().astype(np.float64)
    assert abs(np.corrcoef(readout.ravel(), quantum.ravel())[0, 1]) < 5 / SIDE


@pytest.mark.parametrize(
    "lag", [(0, 1), (1, 0), (1, 1), (2, 0), (4, 0), (8, 0), (0, SIDE // 2), (SIDE // 2, 0)]
)
def test_neighbours_are_uncorrelated(lag: tuple[int, int]) -> None:
    z = field()
    assert abs(correlation(z, np.roll(z, lag, axis=(0, 1)))) < 5 / SIDE


def test_power_spectrum_is_flat() -> None:
    power = np.mean(
        [np.abs(np.fft.fft2(field(sample=sample))) ** 2 / SIDE**2 for sample in range(8)], axis=0
    )
    bands = power[1:, 1:][: 8 * 63, : 8 * 63].reshape(8, 63, 8, 63).mean(axis=(1, 3))
    # 8 spectra of 63 x 63 cells in a band: a relative error of 1 / sqrt(8 * 63 * 63) = 0.0056
    assert np.abs(bands - 1).max() < 6 * 0.0056
