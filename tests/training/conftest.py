"""Sets of phantoms small enough to train on in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from pytest_xraynoise import ChestPhantom

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom import PhantomClassification, PhantomSegmentation

SIZE = 40


@pytest.fixture(scope="session")
def findings() -> PhantomClassification:
    """24 phantoms with findings."""
    return ChestPhantom(24, size=SIZE, seed=3, cache=24).classification()


@pytest.fixture(scope="session")
def lungs() -> PhantomSegmentation:
    """16 phantoms with masks."""
    return ChestPhantom(16, size=SIZE, seed=4, cache=16).segmentation()


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Bit for bit."""
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
