"""A model without weights, so that runs take seconds: is the heart in the way?

A large heart reaches to the left, so a patch of the left lung beside it is brighter than the same
patch of the right lung. The larger the patch, the less the noise in its mean.
"""

from __future__ import annotations

import pytest
import torch

from pytest_xraynoise import ChestPhantom, XrayDataset

FINDING = "Cardiomegaly"
PATCH = 8  # pixels a side


class BesideTheHeart:
    """Intensities (N, 1, 64, 64) -> logits (N,)."""

    labels = (FINDING,)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        rows = slice(36, 36 + PATCH)
        left = images[:, 0, rows, 40 : 40 + PATCH].mean((1, 2))
        right = images[:, 0, rows, 24 - PATCH : 24].mean((1, 2))
        return 10 * (left - right)


@pytest.fixture(scope="session")
def xray_model() -> BesideTheHeart:
    return BesideTheHeart()


@pytest.fixture(scope="session")
def xray_dataset() -> XrayDataset:
    phantom = ChestPhantom(120, size=64, seed=3, prevalence=0.4)
    column = phantom.labels.index(FINDING)
    films = [phantom[number] for number in range(len(phantom))]
    items = [(film["image"], int(film["target"][column])) for film in films]
    return XrayDataset(items, labels=[FINDING], ids=[film["id"] for film in films])
