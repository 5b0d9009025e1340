"""The model's own normalisation, in the same pass as the noise."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
KINDS = ["poisson", "gaussian", "poisson+gaussian", "speckle", "lowdose"]


def batch(channels: int = 1, samples: int = 2) -> torch.Tensor:
    grey = torch.rand(samples, 1, 37, 41, generator=torch.Generator().manual_seed(3))
    return grey.expand(samples, channels, 37, 41)


def column(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values)[None, :, None, None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("severity", [0, 1, 5])
def test_it_is_what_one_would_do_afterwards(kind: str, severity: int, backend: str) -> None:
    images = batch(3)
    plain = noise.add(images, kind, severity=severity, seed=4)
    normed = noise.add(images, kind, severity=severity, seed=4, normalise=(MEAN, STD))
    assert torch.equal(normed.images, (plain.images - column(MEAN)) / column(STD))
    assert torch.equal(normed.clipped, plain.clipped)
    assert torch.equal(normed.mean_shift, plain.mean_shift)
    assert normed.images.is_contiguous()


@settings(max_examples=30, deadline=None)
@given(
    photons=st.floats(0.5, 1e5),
    channels=st.integers(1, 4),
    each=st.booleans(),
    clip=st.booleans(),
    same=st.booleans(),
    data=st.data(),
)
def test_any_normalisation(
    photons: float, channels: int, each: bool, clip: bool, same: bool, data: st.DataObject
) -> None:
    count = channels if each else 1
    mean = data.draw(st.lists(st.floats(-2, 2), min_size=count, max_size=count))
    std = data.draw(st.lists(st.floats(0.01, 10), min_size=count, max_size=count))
    images = batch(channels)
    if not same:
        images = images * torch.linspace(0.5, 1, channels)[None, :, None, None]
    ready = noise.prepare(images, "poisson+gaussian", ids=[5, 6], clip=clip)
    rung = noise.make_rung("poisson+gaussian", 1, {"photons": photons, "sigma": 0.1})
    expected = (ready.at(rung).images - column(tuple(mean))) / column(tuple(std))
    assert torch.equal(ready.at(rung, normalise=(mean, std)).images, expected)


def test_one_value_serves_all_channels_and_3d_batches() -> None:
    images = batch()[:, 0]
    out = noise.add(images, "gaussian", sigma=0.1, normalise=(0.5, 0.25))
    assert torch.equal(out.images, (noise.add(images, "gaussian", sigma=0.1).images - 0.5) / 0.25)
    assert out.images.shape == images.shape


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((0.5, 0.5), 0.2, "2 values of mean for images of 3 channel"),
        (0.5, (0.2, 0.2), "2 values of std for images of 3 channel"),
        (0.5, 0.0, "every std must be above 0"),
        (0.5, [0.2, -0.2, 0.2], "every std must be above 0"),
        (float("nan"), 1.0, "expected finite numbers"),
        ("half", 1.0, "expected finite numbers"),
        ([], 1.0, "mean is empty"),
    ],
)
def test_bad_values(mean: Any, std: Any, message: str) -> None:
    with pytest.raises(NoiseError, match=message):
        noise.add(batch(3), "poisson", severity=1, normalise=(mean, std))
