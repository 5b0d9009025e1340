from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.noise.on_image import OnImage, on_image

Image = npt.NDArray[np.float32]


def ramp(side: int = 96) -> Image:
    return np.linspace(0, 1, side * side, dtype=np.float32).reshape(side, side)


def made(image: Image, kind: str, severity: int, seed: int = 0) -> OnImage:
    return next(on_image(image, kind, [noise.ladder(kind).rung(severity)], seed=seed))


@pytest.mark.parametrize("kind", noise.names())
def test_it_is_what_add_makes_of_the_same_image(kind: str) -> None:
    image = ramp(48)
    rungs = noise.ladder(kind).rungs
    for at in on_image(image, kind, rungs, seed=7):
        out = noise.add(torch.from_numpy(image)[None], kind, severity=at.rung.severity, seed=7)
        assert np.array_equal(at.image, out.images[0].numpy())
        assert (at.clipped, at.mean_shift) == (float(out.clipped[0]), float(out.mean_shift[0]))
        assert at.noise_sd == pytest.approx(float(np.std(at.image - image)), rel=1e-5)


def test_the_clean_rung_is_the_image_and_has_no_noise() -> None:
    clean = made(ramp(), "poisson", 0)
    assert np.array_equal(clean.image, ramp())
    assert (clean.noise_sd, clean.mid_grey_sd, clean.clipped, clean.mean_shift) == (0, 0, 0, 0)
    assert clean.snr is None


@pytest.mark.parametrize(("severity", "photons"), [(1, 60), (2, 25), (3, 12)])
def test_mid_grey_follows_the_law_of_counting(severity: int, photons: int) -> None:
    at = made(ramp(512), "poisson", severity)
    assert at.mid_grey_sd == pytest.approx((0.5 / photons) ** 0.5, rel=0.02)
    assert at.snr == pytest.approx((0.5 * photons) ** 0.5, rel=0.02)


def test_without_mid_grey_there_is_no_figure_for_it() -> None:
    at = made(np.full((64, 64), 0.9, np.float32), "gaussian", 1)
    assert at.mid_grey_sd is None
    assert at.snr is None
    assert at.noise_sd > 0


def test_a_read_only_image_is_left_alone() -> None:
    image = ramp()
    image.setflags(write=False)
    assert made(image, "gaussian", 1).noise_sd > 0
    assert np.array_equal(image, ramp())
