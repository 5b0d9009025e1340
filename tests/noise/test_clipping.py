"""Mean shift and clipped fraction of a rung against the closed forms of censored laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats

from pytest_xraynoise import noise

SIDE = 512
PIXELS = SIDE * SIDE
LEVELS = (0.0, 0.05, 0.3, 0.5, 0.8, 0.97, 1.0)
Floats = npt.NDArray[np.float64]


def censored_normal(mean: Any, sigma: float) -> tuple[Any, Any, Any]:
    """Clipped fraction, mean shift and mean square change of N(mean, sigma) cut to [0, 1].

    Tobin 1958 (DOI 10.2307/1907382): E max(X - 1, 0) = sigma (phi(b) - b Q(b)), b = (1 - mean) /
    sigma, and the same at 0; the square by integrating (x - 1)^2 over the tail.
    """
    ends = [(1 - mean) / sigma, mean / sigma]
    tail = [stats.norm.sf(b) for b in ends]
    lost = [sigma * (stats.norm.pdf(b) - b * q) for b, q in zip(ends, tail, strict=True)]
    square = [
        sigma**2 * ((1 + b * b) * q - b * stats.norm.pdf(b))
        for b, q in zip(ends, tail, strict=True)
    ]
    return tail[0] + tail[1], lost[1] - lost[0], square[0] + square[1]


def clipped_poisson(level: float, photons: float) -> tuple[float, float, float]:
    """The same of Poisson(level N) / N, whose counts above N are white."""
    k, law = counts(level, photons)
    over = np.maximum(k / photons - 1, 0)
    return (
        float(law[k > photons].sum()),
        -float((over * law).sum()),
        float((over**2 * law).sum()),
    )


def counts(level: float, photons: float) -> tuple[Floats, Floats]:
    rate = level * photons
    k = np.arange(int(rate + 40 * rate**0.5 + 40), dtype=np.float64)
    return k, np.asarray(stats.poisson.pmf(k, rate))


def clipped_both(level: float, photons: float, sigma: float) -> tuple[float, float, float]:
    """Counting and readout noise: the censored normal law, mixed over the counts."""
    k, law = counts(level, photons)
    parts = censored_normal(k / photons, sigma)
    return tuple(float((part * law).sum()) for part in parts)  # type: ignore[return-value]


def assert_told(
    out: noise.Noisy, index: int, theory: tuple[float, float, float], pixels: int = PIXELS
) -> None:
    """What is told against theory, within five standard errors of that many pixels."""
    fraction, shift, square = theory
    error = max(fraction * (1 - fraction) / pixels, 1e-18) ** 0.5
    assert abs(float(out.clipped[index]) - fraction) < 5 * error + 1e-7
    error = (max(square - shift**2, 0) / pixels) ** 0.5
    assert abs(float(out.mean_shift[index]) - shift) < 5 * error + 1e-7


def flats() -> torch.Tensor:
    return torch.stack([torch.full((SIDE, SIDE), level) for level in LEVELS])


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["imagenet-c", "medmnist-c-chest"])
def test_gaussian(name: str, severity: int) -> None:
    sigma = noise.ladder("gaussian", name).rung(severity).parameters["sigma"]
    out = noise.add(flats(), "gaussian", severity=severity, ladder=name)
    for index, level in enumerate(LEVELS):
        assert_told(out, index, censored_normal(level, sigma))


@pytest.mark.parametrize("photons", [60.0, 25.0, 12.0, 5.0, 3.0, 300.0, 20_000.0])
def test_poisson(photons: float) -> None:
    """The rungs of the ladder and two brighter ones; whole and broken numbers of photons."""
    out = noise.add(flats(), "poisson", photons=photons)
    for index, level in enumerate(LEVELS):
        assert_told(out, index, clipped_poisson(float(np.float32(level)), photons))
    assert not out.clipped[0]


def test_poisson_clips_at_white_and_only_there() -> None:
    out = noise.add(flats(), "poisson", photons=12.0)
    assert out.mean_shift[0] == 0
    assert (out.mean_shift[2:] < 0).all()
    white = len(LEVELS) - 1
    assert float(out.clipped[white]) == pytest.approx(stats.poisson.sf(12, 12), abs=3e-3)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_poisson_and_gaussian(severity: int) -> None:
    strength = noise.ladder("poisson+gaussian").rung(severity).parameters
    out = noise.add(flats(), "poisson+gaussian", severity=severity)
    for index, level in enumerate(LEVELS):
        assert_told(out, index, clipped_both(level, strength["photons"], strength["sigma"]))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_speckle(severity: int) -> None:
    sigma = noise.ladder("speckle").rung(severity).parameters["sigma"]
    out = noise.add(flats(), "speckle", severity=severity)
    assert not out.clipped[0]
    for index, level in enumerate(LEVELS[1:], start=1):
        assert_told(out, index, censored_normal(level, sigma * level))


@pytest.mark.parametrize("kind", ["impulse", "dead-pixels", "dead-lines"])
def test_what_stays_within_the_range_is_not_clipped(kind: str) -> None:
    out = noise.add(flats(), kind, severity=5)
    assert not out.clipped.any()
    assert not out.mean_shift.any()
    assert out.images[3].mean() != 0.5 or kind == "impulse"


def test_dark_sides_of_uneven_images_are_told_for_each_sample() -> None:
    """Half black, half mid-grey: half of the censored law of each."""
    image = torch.full((2, SIDE, SIDE), 0.5)
    image[1, :, : SIDE // 2] = 0
    out = noise.add(image, "gaussian", sigma=0.2)
    middle, black = (censored_normal(level, 0.2) for level in (0.5, 0.0))
    assert_told(out, 0, middle)
    fraction, shift, square = ((a + b) / 2 for a, b in zip(middle, black, strict=True))
    assert_told(out, 1, (fraction, shift, square))


@pytest.mark.parametrize("kind", noise.names())
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_told_is_what_clipping_did(kind: str, channels: int) -> None:
    """Against the same noise without clipping, cut by hand."""
    images = torch.rand(3, channels, 40, 41, generator=torch.Generator().manual_seed(2))
    for severity in (1, 5):
        free = noise.add(images, kind, severity=severity, clip=False)
        cut = noise.add(images, kind, severity=severity)
        assert torch.equal(cut.images, free.images.clamp(0, 1))
        change = (cut.images.double() - free.images.double()).flatten(1)
        torch.testing.assert_close(
            cut.mean_shift.double(), change.mean(dim=1), atol=1e-7, rtol=1e-5
        )
        share = (change != 0).double().mean(dim=1)
        torch.testing.assert_close(cut.clipped.double(), share, atol=1e-7, rtol=1e-6)
        assert not free.clipped.any()
        assert not free.mean_shift.any()


def test_a_ladder_run_returns_the_means_over_its_samples() -> None:
    from pytest_xraynoise import evaluate

    draw = torch.Generator().manual_seed(1)
    images = torch.rand(20, 1, 32, 32, generator=draw)
    targets = torch.arange(20) % 2

    def model(batch: torch.Tensor) -> torch.Tensor:
        return batch.mean(dim=(1, 2, 3)) * 20 - 10

    result = evaluate(model, (images, targets), noise="gaussian", task="binary", batch_size=7)
    ids = list(result.ids)
    for rung in result.rungs:
        made = noise.add(images, "gaussian", severity=rung.severity, ids=ids)
        assert rung.clipped == pytest.approx(float(made.clipped.double().mean()), abs=1e-7)
        assert rung.mean_shift == pytest.approx(float(made.mean_shift.double().mean()), abs=1e-7)
        # and theory: a uniform image, its levels averaged over
        levels = np.linspace(0.0005, 0.9995, 1000)
        if rung.severity:
            sigma = rung.rung.parameters["sigma"]
            fraction, shift, _ = censored_normal(levels, sigma)
            assert rung.clipped == pytest.approx(fraction.mean(), abs=0.02)
            assert rung.mean_shift == pytest.approx(shift.mean(), abs=0.005)
    assert (result.rungs[0].clipped, result.rungs[0].mean_shift) == (0.0, 0.0)
