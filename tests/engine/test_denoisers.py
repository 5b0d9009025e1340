"""Denoisers by their words, against the libraries that they come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from pytest_xraynoise.engine.denoiser_words import parse_word
from pytest_xraynoise.engine.denoisers import built_in
from pytest_xraynoise.errors import SpecError


def _noisy(count: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    clean = np.stack([ndimage.gaussian_filter(rng.random((48, 40)), 6) for _ in range(count)])
    clean = (clean - clean.min()) / (clean.max() - clean.min()) * 0.6 + 0.2
    noisy = np.clip(clean + rng.normal(0, 0.1, clean.shape), 0, 1)
    return torch.from_numpy(clean[:, None]).float(), torch.from_numpy(noisy[:, None]).float()


@pytest.mark.parametrize("word", ["gaussian", "gaussian:2", "median", "median:5", "nlm"])
def test_a_built_in_denoiser_comes_closer_to_the_clean_image(word: str) -> None:
    clean, noisy = _noisy()
    found = built_in(word)(noisy)
    assert found.shape == noisy.shape
    assert found.dtype == torch.float32
    assert float((found - clean).pow(2).mean()) < 0.5 * float((noisy - clean).pow(2).mean())
    assert built_in(word) is built_in(word)


def test_filters_are_those_of_scipy() -> None:
    _, noisy = _noisy(1)
    image = noisy[0, 0].numpy()
    blurred = built_in("gaussian:1.5")(noisy)[0, 0].numpy()
    np.testing.assert_array_equal(blurred, ndimage.gaussian_filter(image, 1.5))
    median = built_in("median:5")(noisy)[0, 0].numpy()
    np.testing.assert_array_equal(median, ndimage.median_filter(image, 5))


def test_non_local_means_leaves_an_image_without_noise() -> None:
    flat = torch.full((1, 1, 32, 32), 0.25)
    assert torch.equal(built_in("nlm")(flat), flat)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gausian", "did you mean 'gaussian'"),
        ("gaussian:x", "expected a sigma"),
        ("gaussian:0", "expected a sigma"),
        ("median:4", "expected an odd side"),
        ("nlm:3", "nlm has no parameter"),
        ("dncnn", "needs its weights"),
    ],
)
def test_bad_words(word: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_word(word)
