"""The training module."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError


def batch(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3)) * 0.8 + 0.1


@pytest.mark.parametrize(
    "shape", [(4, 1, 16, 16), (4, 3, 16, 16), (1, 16, 16), (3, 16, 16), (9, 9)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_shape_and_dtype_are_kept(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    images = batch(*shape).to(dtype)
    out = noise.NoiseAugment("poisson")(images)
    assert out.shape == images.shape
    assert out.dtype == dtype
    assert not torch.equal(out, images)


def test_torch_seed_repeats_it_and_calls_differ() -> None:
    augment, images = noise.NoiseAugment("gaussian"), batch(4, 1, 16, 16)
    torch.manual_seed(5)
    first, second = augment(images), augment(images)
    torch.manual_seed(5)
    assert torch.equal(augment(images), first)
    assert not torch.equal(first, second)


def test_only_in_training_mode() -> None:
    images = batch(2, 1, 8, 8)
    assert noise.NoiseAugment("poisson").eval()(images) is images


def test_probability_and_severities() -> None:
    images = batch(400, 1, 4, 4)
    torch.manual_seed(1)
    out = noise.NoiseAugment("gaussian", severities=[2, 4], probability=0.5, clip=False)(images)
    spread = (out - images).std(dim=(1, 2, 3))
    hit = spread > 0
    assert 150 < int(hit.sum()) < 250
    assert float(spread[hit].pow(2).mean().sqrt()) == pytest.approx(
        ((0.12**2 + 0.26**2) / 2) ** 0.5, rel=0.1
    )
    assert torch.equal(noise.NoiseAugment("gaussian", probability=0)(images), images)


def test_it_can_be_copied_to_workers_and_printed() -> None:
    augment = pickle.loads(pickle.dumps(noise.NoiseAugment("lowdose", pixel_pitch=0.2)))
    assert augment(batch(1, 8, 8)).shape == (1, 8, 8)
    assert "lowdose, severities [1, 2, 3, 4, 5]" in repr(augment)


class _Same(Dataset[torch.Tensor]):
    def __init__(self) -> None:
        self.augment = noise.NoiseAugment("gaussian", severities=[1])

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.augment(torch.full((1, 8, 8), 0.5))  # type: ignore[no-any-return]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_workers_of_a_loader_differ() -> None:
    torch.manual_seed(0)
    images = torch.cat(list(DataLoader(_Same(), batch_size=1, num_workers=2)))
    assert len({image.numpy().tobytes() for image in images}) == 4


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"kind": "poison"}, "did you mean 'poisson'"),
        ({"probability": 2}, "probability=2"),
        ({"severities": [9]}, "severity 9"),
        ({"severities": []}, "at least one severity"),
        ({"detector": "csi-0.139"}, "setting of noise 'poisson'"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(SpecError, match=match):
        noise.NoiseAugment(**arguments)


def test_bad_images() -> None:
    with pytest.raises(NoiseError, match="intensities from"):
        noise.NoiseAugment("poisson")(batch(1, 1, 4, 4) * 255)
