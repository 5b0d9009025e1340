"""Sample keys, quanta from dose, and what importing costs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError


def test_sample_keys() -> None:
    expected = int.from_bytes(hashlib.blake2b(b"a.png", digest_size=8).digest(), "little")
    keys = noise.sample_keys([0, 2**64 - 1, "a.png", np.uint64(7)])
    assert keys.dtype == np.uint64
    assert keys.tolist() == [0, 2**64 - 1, expected, 7]
    assert noise.sample_keys([]).shape == (0,)


@pytest.mark.parametrize("bad", [True, -1, 2**64, 1.5, None, b"x", ("a",)])
def test_ids_that_are_no_ids(bad: Any) -> None:
    with pytest.raises(NoiseError, match="sample id"):
        noise.sample_keys([bad])


@pytest.mark.parametrize(
    ("pitch", "expected", "digits"),
    [(0.10, 777, 0), (0.139, 1501, 0), (0.20, 3108, 0), (350 / 224, 189_700, -2)],
)
def test_the_clinical_table(pitch: float, expected: int, digits: int) -> None:
    """RQA9 at 2.5 uGy, to every digit that the table states; the last is of 224 px over 35 cm."""
    quanta = noise.quanta_per_pixel(kerma=2.5, quality="RQA9", pixel_pitch=pitch)
    assert round(quanta, digits) == expected
    assert quanta == pytest.approx(2.5 * 31_077 * pitch**2, rel=1e-12)


@pytest.mark.parametrize(
    ("pitch", "expected"), [(0.10, 777), (0.139, 1501), (0.20, 3108), (350 / 224, 189_700)]
)
def test_the_clinical_table_is_the_noise_that_is_made(pitch: float, expected: int) -> None:
    """A perfect detector of that pitch: the relative variance is one over the quanta."""
    torch = pytest.importorskip("torch")
    perfect = noise.Detector("perfect", pitch, 1.0, 1000.0, 0.0, 0.0)
    flat = torch.full((4, 512, 512), 0.5)
    made = noise.add(
        flat, "quantum", dose=1.0, detector=perfect, pixel_pitch=pitch, response="linear"
    ).images.double()
    assert float((made / 0.5).var()) ** -1 == pytest.approx(expected, rel=0.008)


def test_fluences_of_the_standard() -> None:
    per_unit = {q: noise.quanta_per_pixel(1, q, 1) for q in ("RQA3", "RQA5", "RQA7", "RQA9")}
    assert per_unit == {"RQA3": 21759, "RQA5": 30174, "RQA7": 32362, "RQA9": 31077}


def test_bad_dose() -> None:
    with pytest.raises(SpecError, match="Known: RQA3, RQA5"):
        noise.quanta_per_pixel(quality="RQA8")
    for kerma in (0, -1, float("nan"), float("inf")):
        with pytest.raises(NoiseError, match="kerma="):
            noise.quanta_per_pixel(kerma=kerma)
    with pytest.raises(NoiseError, match="pixel_pitch=0"):
        noise.quanta_per_pixel(pixel_pitch=0)


def test_ladders_need_neither_torch_nor_numpy() -> None:
    code = (
        "import sys\n"
        "from pytest_xraynoise import noise\n"
        "[noise.ladder(name) for name in noise.names()]\n"
        "noise.get('poisson'); noise.custom_ladder('gaussian', sigma=[0.1])\n"
        "print(sorted({'torch', 'numpy', 'scipy', 'numba', 'triton'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
