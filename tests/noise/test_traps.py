"""What tools for noise get wrong in radiographs: draws per channel, a shifted mean, integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise import noise

KINDS = noise.names()
KEEPS_THE_MEAN = ("poisson", "gaussian", "poisson+gaussian", "speckle")
SIDE = 512


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("severity", [1, 4])
def test_one_draw_for_a_grey_image_in_any_number_of_channels(kind: str, severity: int) -> None:
    """Averaging over channels, as a model's first layer may, takes nothing from the noise."""
    grey = torch.rand(2, 1, 24, 25, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    one = noise.add(grey, kind, severity=severity, clip=False).images
    for channels in (2, 3, 5):
        for held in (grey.expand(2, channels, 24, 25), grey.repeat(1, channels, 1, 1)):
            many = noise.add(held, kind, severity=severity, clip=False).images
            assert torch.equal(many, one.expand(2, channels, 24, 25))
    three = noise.add(grey.repeat(1, 3, 1, 1), kind, severity=severity, clip=False).images
    averaged = (three.double().mean(dim=1, keepdim=True) - grey.double()).std()
    assert float(averaged) == pytest.approx(float((one.double() - grey).std()), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_axis_of_channels_is_no_axis_of_samples(kind: str) -> None:
    """(N, H, W) and (N, 1, H, W) are the same images."""
    images = torch.rand(3, 20, 21, generator=torch.Generator().manual_seed(1))
    flat = noise.add(images, kind, severity=3).images
    assert torch.equal(noise.add(images[:, None], kind, severity=3).images[:, 0], flat)


@pytest.mark.parametrize("kind", KEEPS_THE_MEAN)
@pytest.mark.parametrize("level", [0.02, 0.1, 0.5, 0.9, 1.0])
def test_the_mean_is_kept_at_every_rung(kind: str, level: float) -> None:
    flat = torch.full((1, SIDE, SIDE), level)
    ready = noise.prepare(flat, kind, ids=["mean"], seed=3, clip=False)
    for rung in noise.ladder(kind).rungs:
        made = ready.at(rung).images.double()
        error = float(made.std()) / SIDE
        assert abs(float(made.mean()) - float(np.float32(level))) < 5 * error + 1e-7


@pytest.mark.parametrize("kind", ["quantum", "electronic", "lowdose"])
@pytest.mark.parametrize("dose", [1.0, 0.25, 0.05])
def test_the_mean_exposure_is_kept_by_less_dose(kind: str, dose: float) -> None:
    """A film of less dose is rescaled, so a linear image stays as bright as it was."""
    flat = torch.full((1, SIDE, SIDE), 0.5)
    strength: dict[str, Any] = {"electrons": 6000.0} if kind == "electronic" else {}
    made = noise.add(
        flat, kind, dose=dose, pixel_pitch=0.139, response="linear", clip=False, **strength
    ).images.double()
    noisy = kind != "lowdose" or dose < 1
    assert (float(made.std()) > 0) == noisy
    assert abs(float(made.mean()) - 0.5) < 5 * float(made.std()) / SIDE + 1e-6


@pytest.mark.parametrize("kind", ["poisson", "gaussian", "poisson+gaussian", "speckle", "banding"])
def test_no_value_is_truncated_to_an_integer(kind: str) -> None:
    """A grey level between two integers of 8 bits keeps its mean to a hundredth of a level.

    Truncation would shift it by half a level, rounding would leave nothing of noise of a tenth.
    """
    weak = {"photons": 5e6, "sigma": 1e-4}
    strength = {name: weak[name] for name in noise.get(kind).keywords}
    level = 100.3 / 255
    flat = torch.full((1, SIDE, SIDE), level)
    made = noise.add(flat, kind, clip=False, **strength).images.double() * 255  # type: ignore[arg-type]
    assert float(made.mean()) == pytest.approx(100.3, abs=0.01)
    assert 0 < float(made.std()) < 0.2
    assert np.unique(made.numpy()).size > 100


def test_poisson_counts_are_whole_and_the_image_is_not() -> None:
    """k / N with whole k: the counts are integers, and the image is never rounded to 8 bits."""
    ramp = torch.linspace(0, 1, SIDE * SIDE).reshape(1, SIDE, SIDE)
    made = noise.add(ramp, "poisson", photons=7, clip=False).images.double()
    counts = made * 7
    assert float((counts - counts.round()).abs().max()) < 1e-5
    off_grid = (made * 255 - (made * 255).round()).abs() > 1e-3
    assert off_grid.any()


def test_dark_pixels_of_less_than_one_photon_keep_their_mean() -> None:
    """Where truncation does the most harm: 0.2 photons on average are 0 or 1, not always 0."""
    flat = torch.full((4, SIDE, SIDE), 0.1)
    made = noise.add(flat, "poisson", photons=2, clip=False).images.double()
    assert float(made.mean()) == pytest.approx(0.1, abs=5 * (0.05 / made.numel()) ** 0.5)


def test_a_rung_in_physical_units_depends_on_the_pitch_where_noise_is_added() -> None:
    """Half the pixels at twice the pitch: four times the quanta, half the noise."""
    flat = torch.full((1, SIDE, SIDE), 0.5)
    spread = [
        float(
            noise.add(
                flat, "quantum", dose=1.0, pixel_pitch=pitch, correlate=False, response="linear"
            ).images.std()
        )
        for pitch in (0.2, 0.4)
    ]
    assert spread[0] / spread[1] == pytest.approx(2, rel=0.02)
