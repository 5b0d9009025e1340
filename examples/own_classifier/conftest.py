"""Your model and your validation data: the two fixtures that every repository writes."""

from __future__ import annotations

import pytest
from own_classifier.network import FINDING, MEAN, STD, Films, OurNet, trained
from phantom_models import one_thread

from pytest_xraynoise import Normalized, XrayDataset


@pytest.fixture(scope="session")
def xray_model() -> OurNet:
    """In your repository: build the network, load its weights."""
    with one_thread():
        return trained(Films(400, seed=1))


@pytest.fixture(scope="session")
def xray_dataset() -> XrayDataset:
    """The tensors are normalised, so that has to be said: noise acts on intensities."""
    films = Films(150, seed=7)
    return XrayDataset(
        films,
        intensity=Normalized(MEAN, STD),
        labels=[FINDING],
        ids=[f"film-{number}" for number in range(len(films))],
    )
