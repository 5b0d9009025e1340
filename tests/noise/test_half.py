"""Noise is computed in float32, whatever the images or the model are kept in."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from pytest_xraynoise import noise

KINDS = noise.names()
HALVES = [torch.float16, torch.bfloat16]


def batch(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 0.9 + 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [*HALVES, torch.float64])
def test_images_of_any_float_get_the_noise_of_their_float32_values(
    kind: str, dtype: torch.dtype
) -> None:
    images = batch(2, 1, 21, 20).to(dtype)
    for severity in (1, 3, 5):
        made = noise.add(images, kind, severity=severity)
        expected = noise.add(images.to(torch.float32), kind, severity=severity)
        assert made.images.dtype == made.mean_shift.dtype == made.clipped.dtype == torch.float32
        assert torch.equal(made.images, expected.images)
        assert torch.equal(made.mean_shift, expected.mean_shift)
        assert torch.equal(made.clipped, expected.clipped)


@pytest.mark.parametrize("dtype", HALVES)
def test_rungs_of_half_images_too(dtype: torch.dtype) -> None:
    images = batch(2, 3, 9, 8).to(dtype)
    ready = noise.prepare(images, "poisson+gaussian", ids=["a", "b"])
    same = noise.prepare(images.float(), "poisson+gaussian", ids=["a", "b"])
    for rung in noise.ladder("poisson+gaussian").rungs:
        assert torch.equal(ready.at(rung).images, same.at(rung).images)


def test_no_value_went_through_a_half_float() -> None:
    """Most noisy values need more bits than float16 and bfloat16 have."""
    images = batch(1, 1, 64, 64).to(torch.bfloat16)
    made = noise.add(images, "gaussian", sigma=0.01, clip=False).images
    for dtype in HALVES:
        assert (made.to(dtype).float() != made).float().mean() > 0.8


def test_a_default_dtype_of_half_changes_nothing() -> None:
    images = batch(2, 1, 16, 16)
    expected = [noise.add(images, kind, severity=3) for kind in KINDS]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        made = [noise.add(images, kind, severity=3) for kind in KINDS]
    finally:
        torch.set_default_dtype(before)
    for one, other in zip(made, expected, strict=True):
        assert one.images.dtype == one.mean_shift.dtype == torch.float32
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.mean_shift, other.mean_shift)


def test_autocast_changes_nothing() -> None:
    images = batch(2, 1, 16, 16)
    for kind in KINDS:
        expected = noise.add(images, kind, severity=3).images
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(noise.add(images, kind, severity=3).images, expected)


class Watched(nn.Module):
    """A model whose weights are half floats; keeps what it is given."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 2, 3).to(dtype)
        self.given: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.given.append(images.detach().clone())
        own: Any = self.convolution.weight.dtype
        logits: torch.Tensor = self.convolution(images.to(own)).mean(dim=(1, 2, 3))
        return logits


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("kind", ["poisson", "poisson+gaussian", "lowdose"])
def test_a_half_model_is_given_float32_noise_rounded_once(kind: str, dtype: torch.dtype) -> None:
    """Through the engine: what reaches the model is the float32 noise, cast at the very end."""
    from pytest_xraynoise import evaluate

    images, targets = batch(6, 1, 12, 12), torch.arange(6) % 2
    model = Watched(dtype)
    evaluate(
        model,
        (images, targets),
        noise=kind,
        severities=[2, 5],
        task="binary",
        device="cpu",
        channels_last=False,  # else it is tried out on the first image
        seed=3,
    )
    ids = [str(index) for index in range(6)]
    expected = [noise.add(images, kind, severity=s, ids=ids, seed=3).images for s in (0, 2, 5)]
    assert len(model.given) == 3
    for given, wanted in zip(model.given, expected, strict=True):
        assert torch.equal(given.to(dtype), wanted.to(dtype))


@pytest.mark.parametrize("dtype", HALVES)
def test_half_data_and_float32_data_of_the_same_values_score_the_same(dtype: torch.dtype) -> None:
    from pytest_xraynoise import evaluate

    images, targets = batch(6, 1, 12, 12).to(dtype), torch.arange(6) % 2
    settings: dict[str, Any] = {"severities": [3], "task": "binary", "device": "cpu"}
    models = [Watched(torch.float32), Watched(torch.float32)]
    evaluate(models[0], (images, targets), **settings)
    evaluate(models[1], (images.float(), targets), **settings)
    for half, full in zip(*(model.given for model in models), strict=True):
        assert half.dtype == torch.float32
        assert torch.equal(half, full)
