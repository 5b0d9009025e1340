"""The fixtures of the phantom examples: two small models, trained once and cached."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import phantom_models
import pytest
import torch

CACHE = Path(__file__).parent / ".xraynoise-cache"


@pytest.fixture(scope="session")
def xray_model() -> torch.nn.Module:
    """The classifier of six findings. Where need be the segmenter is trained beside it."""
    if not phantom_models.is_trained(phantom_models.SEGMENTER, CACHE):
        _train_segmenter_beside()
    return phantom_models.trained_classifier(CACHE)


def _train_segmenter_beside() -> None:
    beside = multiprocessing.get_context("spawn").Process(
        target=phantom_models.trained_segmenter, args=(CACHE,), daemon=True
    )
    beside.start()


@pytest.fixture(scope="session")
def xray_dataset() -> object:
    """Phantoms that no model was trained on."""
    return phantom_models.validation_classification()


@pytest.fixture(scope="session")
def lung_unet() -> torch.nn.Module:
    """The segmenter: left lung, right lung, heart."""
    return phantom_models.trained_segmenter(CACHE)


@pytest.fixture(scope="session")
def phantom_masks() -> object:
    """Phantoms with masks."""
    return phantom_models.validation_segmentation()
