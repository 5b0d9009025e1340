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
    ("gaussian", 1): "61f04d30812aa665",
    ("gaussian", 3): "c7a933d579d7d458",
    ("gaussian", 5): "82b64f627186cbe4",
    ("poisson+gaussian", 1): "f85aec3ee2680528",
    ("poisson+gaussian", 3): "f858af09ac1e5945",
    ("poisson+gaussian", 5): "644261de1ef88ee7",
    ("speckle", 1): "4a8e3a5fbd714c82",
    ("speckle", 3): "f2c7b479378992c3",
    ("speckle", 5): "0ed591e76d5d66c6",
    ("impulse", 1): "3b589285dfb74e65",
    ("impulse", 3): "ff8042663b3119ca",
    ("impulse", 5): "20c1707f8f168340",
    ("banding", 1): "cc7ca276cf33693e",
    ("banding", 3): "d8ed7e7195ee2cc2",
    ("banding", 5): "8226c9fd9da5c86c",
    ("dead-pixels", 1): "d52b6efe0dfa21bc",
    ("dead-pixels", 3): "ece5292e7c7ecc57",
    ("dead-pixels", 5): "09086a1a616e521f",
    ("dead-lines", 1): "ba1d8f2fa3b36f59",
    ("dead-lines", 3): "02601a56e55a0891",
    ("dead-lines", 5): "76996c71d7f158d8",
    ("quantum", 1): "ed5dcb542046a577",
    ("quantum", 3): "9505524ca74f0ba7",
    ("quantum", 5): "4e14b3d4fdca16ad",
    ("electronic", 1): "226c010546a0b00f",
    ("electronic", 3): "5914ad94306008f2",
    ("electronic", 5): "6974e8325660e559",
    ("lowdose", 1): "f1c8e661f8ca596e",
    ("lowdose", 3): "bd7d791a8a337096",
    ("lowdose", 5): "d8c24e5fe0ddf243",
}


def ramp() -> torch.Tensor:
    """Two images of odd size from 0 to 1, without a random number in them."""
    pixels = torch.arange(2 * 61 * 67, dtype=torch.float32) / (2 * 61 * 67 - 1)
    return pixels.reshape(2, 1, 61, 67)


def digest(images: torch.Tensor) -> str:
    return hashlib.sha256(np.ascontiguousarray(images.numpy()).tobytes()).hexdigest()[:16]


def test_the_version_that_these_hashes_are_of() -> None:
    assert SPEC_VERSION == 1


def test_the_input_itself_is_the_same_everywhere() -> None:
    assert digest(ramp()) == "8a43c422508417ac"


@pytest.mark.parametrize(("kind", "severity"), GOLDEN, ids=lambda part: str(part))
def test_images(kind: str, severity: int, backend: str) -> None:
    out = noise.add(ramp(), kind, severity=severity, ids=IDS, seed=SEED, draw=3)
    assert digest(out.images) == GOLDEN[kind, severity]


@pytest.mark.parametrize(
    ("photons", "expected"), [(2_000.0, "d3fed982e6c12a1b"), (50_000.0, "67127a69358f6039")]
)
def test_bright_images(photons: float, expected: str, backend: str) -> None:
    out = noise.add(
        ramp(), "poisson+gaussian", photons=photons, sigma=0.01, ids=IDS, seed=SEED, clip=False
    )
    assert digest(out.images) == expected
