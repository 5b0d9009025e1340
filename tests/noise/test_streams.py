"""Streams that must not know of each other: neighbours, samples, draws, seeds, kinds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.noise.spec.philox import pixel_words

SIDE = 512
Noise = npt.NDArray[np.float64]

LIMIT = 5 / SIDE
"""Five standard errors of the correlation of two independent fields of 512 x 512 pixels."""

STRENGTH: dict[str, dict[str, Any]] = {
    "poisson": {"photons": 1e4},
    "gaussian": {"sigma": 0.01},
    "poisson+gaussian": {"photons": 1e4, "sigma": 0.01},
    "speckle": {"sigma": 0.01},
    "impulse": {"amount": 0.5},
    "banding": {"sigma": 0.01},
    "dead-pixels": {"fraction": 0.5},
    "dead-lines": {"fraction": 0.3},
    "quantum": {"dose": 1.0, "response": "linear", "correlate": False},
    "electronic": {"electrons": 1500.0, "response": "linear"},
    "lowdose": {"dose": 0.5, "response": "linear", "correlate": False},
}
LINES = {"banding", "dead-lines"}
"""Kinds of whole rows and columns, with the two lines' worth of random numbers a side."""


def field(
    kind: str = "gaussian", *, sample: int = 1, seed: int = 7, draw: int = 0, **strength: Any
) -> Noise:
    """The noise alone on a flat image, standardised."""
    flat = torch.full((1, SIDE, SIDE), 0.5)
    settings = strength or STRENGTH[kind]
    out = noise.add(flat, kind, ids=[sample], seed=seed, draw=draw, clip=False, **settings)
    values: Noise = out.images[0].numpy().astype(np.float64)
    return np.asarray((values - values.mean()) / values.std())


def parts() -> tuple[Noise, Noise]:
    """Counting and readout noise of the kind that has both, told apart."""
    counts = field("poisson+gaussian", photons=1e6, sigma=1e-12)
    black = torch.zeros(1, SIDE, SIDE)
    out = noise.add(black, "poisson+gaussian", photons=1e6, sigma=1.0, ids=[1], seed=7, clip=False)
    readout: Noise = out.images[0].numpy().astype(np.float64)
    return counts, np.asarray((readout - readout.mean()) / readout.std())


def correlation(a: Noise, b: Noise) -> float:
    return float((a * b).mean() - a.mean() * b.mean())


def energy(z: Noise) -> Noise:
    """The square, standardised: what dependence without correlation would show in."""
    square = z * z
    return np.asarray((square - square.mean()) / square.std())


def assert_unrelated(a: Noise, b: Noise) -> None:
    assert abs(correlation(a, b)) < LIMIT
    assert abs(correlation(energy(a), energy(b))) < LIMIT


def cross_correlation(a: Noise, b: Noise) -> Noise:
    """Correlation of a and b at every lag, pixels in row-major order, round the end."""
    product = np.fft.rfft(a.ravel()) * np.conj(np.fft.rfft(b.ravel()))
    return np.asarray(np.fft.irfft(product, a.size) / a.size)


def test_the_fields_are_what_they_are_meant_to_be() -> None:
    """The same numbers at any strength; or the tests below would compare nothing."""
    assert correlation(field(sigma=0.01), field(sigma=0.3)) > 0.999
    assert correlation(field("poisson"), field("poisson", photons=1e6)) > 0.99
    counts, readout = parts()
    both = field("poisson+gaussian", photons=2e4, sigma=0.005)
    assert correlation(both, counts) == pytest.approx(0.5**0.5, abs=0.01)
    assert correlation(both, readout) == pytest.approx(0.5**0.5, abs=0.01)


@pytest.mark.parametrize("kind", ["gaussian", "poisson", "speckle"])
@pytest.mark.parametrize("sample", [2, 3, 1000, 2**32 + 1, 2**63 + 1, 2**64 - 1])
def test_samples_are_unrelated(kind: str, sample: int) -> None:
    assert_unrelated(field(kind), field(kind, sample=sample))


def test_a_hundred_consecutive_samples_are_unrelated() -> None:
    """All pairs at once: their correlation matrix."""
    flat = torch.full((100, 128, 128), 0.5)
    out = noise.add(flat, "gaussian", sigma=0.01, seed=7, clip=False).images
    table: Noise = np.asarray(np.corrcoef(out.numpy().reshape(100, -1).astype(np.float64)))
    off = table[np.triu_indices(100, 1)]
    assert np.abs(off).max() < 6 / 128
    assert off.std() == pytest.approx(1 / 128, rel=0.1)


@pytest.mark.parametrize("what", ["sample", "seed", "draw"])
def test_one_bit_makes_unrelated_noise(what: str) -> None:
    """Each of the 64 bits of an id and of a seed, and of the 16 bits of a draw."""
    start = {"sample": 1, "seed": 7, "draw": 0}[what]
    origin = field()
    for bit in range(16 if what == "draw" else 64):
        changes: dict[str, int] = {what: start ^ 1 << bit}
        assert abs(correlation(origin, field("gaussian", **changes))) < LIMIT, bit


@pytest.mark.parametrize(
    "change",
    [{"draw": 1}, {"draw": 65_535}, {"seed": 8}, {"seed": 7 + 2**32}, {"seed": 7 + 2**63}],
    ids=str,
)
@pytest.mark.parametrize("kind", ["gaussian", "poisson"])
def test_draws_and_seeds_are_unrelated(kind: str, change: dict[str, Any]) -> None:
    assert_unrelated(field(kind), field(kind, **change))


def test_id_seed_and_draw_do_not_stand_for_each_other() -> None:
    """No sum of them is what counts: (seed 8, id 1), (seed 7, id 2) and draw 1 all differ."""
    others = [field(seed=8), field(sample=2), field(draw=1), field(sample=7, seed=1)]
    for a, b in itertools.combinations([field(), *others], 2):
        assert abs(correlation(a, b)) < LIMIT


def test_kinds_are_unrelated() -> None:
    assert set(STRENGTH) == set(noise.names())
    fields = {kind: field(kind) for kind in STRENGTH}
    for (a, first), (b, second) in itertools.combinations(fields.items(), 2):
        limit = 5 / SIDE**0.5 if {a, b} <= LINES else LIMIT
        assert abs(correlation(first, second)) < limit, (a, b)


def test_counting_and_readout_of_one_kind_are_unrelated() -> None:
    """At the same pixel, at the neighbours', and 1024 pixels on, where words share a counter."""
    counts, readout = parts()
    assert_unrelated(counts, readout)
    for lag in (1, -1, 1024, -1024, 3072):
        assert_unrelated(counts, np.roll(readout.ravel(), lag).reshape(SIDE, SIDE))


@pytest.mark.parametrize(
    "lag", [(0, 1), (1, 0), (1, 1), (1, -1), (2, 0), (4, 0), (8, 0), (0, SIDE // 2), (SIDE // 2, 0)]
)
def test_neighbours_are_unrelated(lag: tuple[int, int]) -> None:
    for z in (field(), field("poisson"), *parts()):
        assert_unrelated(z, np.roll(z, lag, axis=(0, 1)))


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 1023, 1024, 1025, 2048, 3072, 4096, 8192])
def test_pixels_of_one_counter_are_unrelated(lag: int) -> None:
    """Words are dealt in groups of 1024 pixels: 1024, 2048 and 3072 on is the same counter."""
    for z in (field(), field("poisson"), *parts()):
        assert_unrelated(z.ravel(), np.roll(z.ravel(), lag))


def test_no_two_pixels_are_related_at_any_distance() -> None:
    """All 2**18 lags at once, within a sample and between samples, draws, seeds and kinds."""
    origin = field()
    within = cross_correlation(origin, origin)
    assert within[0] == pytest.approx(1)
    within[0] = 0
    counts, readout = parts()
    others = [field(sample=2), field(draw=1), field(seed=8), field("poisson"), counts, readout]
    for found in (within, *(cross_correlation(origin, other) for other in others)):
        assert np.abs(found).max() < 6.5 / SIDE
        assert found.std() == pytest.approx(1 / SIDE, rel=0.02)


@pytest.mark.parametrize("per_pixel", [1, 2, 4])
def test_no_word_is_dealt_twice(per_pixel: int) -> None:
    """Of 2**18 random words about 8 pairs are equal by chance (Poisson); 25 would be a flaw."""
    words = pixel_words(SIDE * SIDE // per_pixel, per_pixel, seed=7, key=1, stream=2)
    assert words.size - np.unique(words).size < 25


def test_power_spectrum_is_flat() -> None:
    power = np.mean(
        [np.abs(np.fft.fft2(field(sample=sample))) ** 2 / SIDE**2 for sample in range(8)], axis=0
    )
    bands = power[1:, 1:][: 8 * 63, : 8 * 63].reshape(8, 63, 8, 63).mean(axis=(1, 3))
    # 8 spectra of 63 x 63 cells in a band: a relative error of 1 / sqrt(8 * 63 * 63) = 0.0056
    assert np.abs(bands - 1).max() < 6 * 0.0056
