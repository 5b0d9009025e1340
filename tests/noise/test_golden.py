"""Golden hashes: the streams of one spec version, on every backend.

A hash that changes means other noise for the same seed: raise ``SPEC_VERSION`` and say so in the
changelog, or undo the change.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.noise.spec import SPEC_VERSION

IDS = [7, "patient-0001/view-1.png"]
SEED = 0x1234_5678_9ABC_DEF0
GOLDEN: dict[tuple[str, int], str] = {
    ("poisson", 1): "2fd0716ec2b58190",
    ("poisson", 3): "4540358f1e4677eb",
    ("poisson", 5): "43349dae3e223ffb",
    ("gaussian", 1): "477601797f968b90",
    ("gaussian", 3): "528993fed7077cbd",
    ("gaussian", 5): "b6cffe94d014fe5c",
    ("poisson+gaussian", 1): "7387fcd408dbb6b8",
    ("poisson+gaussian", 3): "321fa9c57198300d",
    ("poisson+gaussian", 5): "90899e17487db6ac",
    ("speckle", 1): "136fcd1250882ee7",
    ("speckle", 3): "0090c0b7a74e60f6",
    ("speckle", 5): "70e6a19b1798fd73",
    ("impulse", 1): "3b589285dfb74e65",
    ("impulse", 3): "ff8042663b3119ca",
    ("impulse", 5): "20c1707f8f168340",
    ("banding", 1): "eb5167bc328725d6",
    ("banding", 3): "0559a85267b9a5a5",
    ("banding", 5): "114c987e9bddd80e",
    ("dead-pixels", 1): "d52b6efe0dfa21bc",
    ("dead-pixels", 3): "ece5292e7c7ecc57",
    ("dead-pixels", 5): "09086a1a616e521f",
    ("dead-lines", 1): "ba1d8f2fa3b36f59",
    ("dead-lines", 3): "02601a56e55a0891",
    ("dead-lines", 5): "76996c71d7f158d8",
    ("quantum", 1): "cf5168ccee800df7",
    ("quantum", 3): "825c00a15c1b65a0",
    ("quantum", 5): "6f3da1625f82dc82",
    ("electronic", 1): "5f912aa0b967305f",
    ("electronic", 3): "3008d64a9855f244",
    ("electronic", 5): "3f0e5d9dff62b5af",
    ("lowdose", 1): "62349439a3081eb9",
    ("lowdose", 3): "ae77fef2d82c644e",
    ("lowdose", 5): "142cdc151533a8db",
}


def ramp() -> torch.Tensor:
    """Two images of odd size from 0 to 1, without a random number in them."""
    pixels = torch.arange(2 * 61 * 67, dtype=torch.float32) / (2 * 61 * 67 - 1)
    return pixels.reshape(2, 1, 61, 67)


def digest(images: torch.Tensor) -> str:
    return hashlib.sha256(np.ascontiguousarray(images.numpy()).tobytes()).hexdigest()[:16]


def test_the_version_that_these_hashes_are_of() -> None:
    assert SPEC_VERSION == 2


def test_the_input_itself_is_the_same_everywhere() -> None:
    assert digest(ramp()) == "8a43c422508417ac"


@pytest.mark.parametrize(("kind", "severity"), GOLDEN, ids=lambda part: str(part))
def test_images(kind: str, severity: int, backend: str) -> None:
    out = noise.add(ramp(), kind, severity=severity, ids=IDS, seed=SEED, draw=3)
    assert digest(out.images) == GOLDEN[kind, severity]


@pytest.mark.parametrize(
    ("photons", "expected"), [(2_000.0, "b4993ed1671a5706"), (50_000.0, "2cd14c3df27cb581")]
)
def test_bright_images(photons: float, expected: str, backend: str) -> None:
    out = noise.add(
        ramp(), "poisson+gaussian", photons=photons, sigma=0.01, ids=IDS, seed=SEED, clip=False
    )
    assert digest(out.images) == expected
