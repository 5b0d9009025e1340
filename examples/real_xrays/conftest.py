"""Real X-rays: the folder that XRAYNOISE_DATA names, or a skip that says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from real_xrays.kermany import KermanyTest, squeezenet
from real_xrays.lungs import LungMasks, lung_segmenter

CACHE = Path(__file__).parents[1] / ".xraynoise-cache"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real X-rays."""
    folder = os.environ.get("XRAYNOISE_DATA")
    if not folder:
        pytest.skip("XRAYNOISE_DATA is not set: no real X-rays to test on")
    return Path(folder)


@pytest.fixture(scope="session")
def xray_model(real_data: Path) -> torch.nn.Module:
    """A SqueezeNet that others trained: abnormal against normal."""
    return squeezenet(real_data / "weights" / "squeezenet1_1_kermany3.pth")


@pytest.fixture(scope="session")
def xray_dataset(real_data: Path) -> KermanyTest:
    """624 paediatric chest X-rays."""
    return KermanyTest(real_data / "kermany")


@pytest.fixture(scope="session")
def lung_model(real_data: Path) -> torch.nn.Module:
    """The phantom's segmenter, taught on seven real images."""
    return lung_segmenter(real_data / "lungs", CACHE)


@pytest.fixture(scope="session")
def lung_masks(real_data: Path) -> LungMasks:
    """Four real images that it was not taught on."""
    return LungMasks(real_data / "lungs", held_out=True)
