"""A segmenter and images with masks as the two fixtures."""

from __future__ import annotations

import pytest
from own_segmenter.network import Films, OurUNet, trained
from phantom_models import one_thread


@pytest.fixture(scope="session")
def xray_model() -> OurUNet:
    """In your repository: build the network, load its weights."""
    with one_thread():
        return trained(Films(160, seed=1))


@pytest.fixture(scope="session")
def xray_dataset() -> Films:
    """Images in [0, 1] need no declaration."""
    return Films(48, seed=7)
