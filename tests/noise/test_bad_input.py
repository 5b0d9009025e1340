"""Bad input: one clear error that says what was got, what is expected and how to go on."""

from __future__ import annotations

import builtins
import logging
import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError, XrayNoiseError
from pytest_xraynoise.noise import dispatch

KINDS = noise.names()
STRENGTHS = {kind: noise.ladder(kind).rung(2).parameters for kind in KINDS}


def grey(*shape: int) -> torch.Tensor:
    return torch.full(shape or (1, 1, 8, 8), 0.5)


def message(call: Callable[[], Any], kind: type[XrayNoiseError] = NoiseError) -> str:
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, XrayNoiseError)
    return text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("severity", [0, 1, 5])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (255.0, "intensities from 0.5 to 255, expected [0, 1]"),
        (1.01, "intensities from 0.5 to 1.01, expected [0, 1]"),
        (-0.25, "intensities from -0.25 to 0.5, expected [0, 1]"),
        (math.nan, "1 of 64 intensities are NaN or infinite"),
        (math.inf, "1 of 64 intensities are NaN or infinite"),
    ],
)
def test_an_image_outside_the_declared_range(
    kind: str, severity: int, value: float, told: str
) -> None:
    """For every kind, and for the clean image too: it is never cut to size in silence."""
    images = grey()
    images[0, 0, 3, 3] = value
    text = message(lambda: noise.add(images, kind, severity=severity))
    assert text.startswith(told)
    if math.isfinite(value):
        assert "IntensityRange(low, high)" in text
        assert "Normalized(mean, std)" in text


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, -math.inf, True, None, "1", [1.0]])
@pytest.mark.parametrize("kind", KINDS)
def test_a_strength_that_is_not_positive_or_not_finite(kind: str, bad: Any) -> None:
    for keyword in STRENGTHS[kind]:
        text = message(lambda k=keyword: noise.add(grey(), kind, **{**STRENGTHS[kind], k: bad}))  # type: ignore[misc]
        assert text.startswith(f"{keyword}={bad!r}: expected a ")
        unit = next(p.unit for p in noise.get(kind).parameters if p.keyword == keyword)
        assert f"({unit})" in text


@pytest.mark.parametrize(
    ("keyword", "unit"),
    [("dose", "of the reference dose"), ("kerma", "uGy"), ("pixel_pitch", "mm")],
)
@pytest.mark.parametrize("bad", [0.0, -2.0, math.nan, math.inf])
@pytest.mark.parametrize("kind", ["quantum", "lowdose"])
def test_a_dose_or_pitch_that_is_not_positive_or_not_finite(
    kind: str, keyword: str, unit: str, bad: float
) -> None:
    settings = {"dose": 0.5, "kerma": 1.0, "pixel_pitch": 0.1, keyword: bad}
    text = message(lambda: noise.add(grey(), kind, **settings))  # type: ignore[arg-type]
    assert text.startswith(f"{keyword}={bad!r}: expected a finite number above 0")
    assert unit in text


@pytest.mark.parametrize("kind", ["quantum", "electronic", "lowdose"])
def test_a_kerma_without_the_pitch_that_it_needs(kind: str) -> None:
    strength = STRENGTHS[kind]
    text = message(lambda: noise.add(grey(), kind, kerma=1.0, **strength), SpecError)  # type: ignore[arg-type]
    assert text == (
        "kerma=1 uGy needs pixel_pitch=, in mm at the resolution where noise is added, "
        "to become quanta per pixel"
    )
    assert noise.add(grey(), kind, kerma=1.0, pixel_pitch=0.2, **strength).images.isfinite().all()  # type: ignore[arg-type]
    assert noise.add(grey(), kind, **strength).images.isfinite().all()  # type: ignore[arg-type]


def test_a_profile_that_nobody_knows() -> None:
    for call in (
        lambda: noise.add(grey(), "lowdose", severity=1, detector="csi-0139"),
        lambda: noise.detector("csi-0139"),
    ):
        text = message(call, SpecError)
        assert "'csi-0139'" in text
        assert "did you mean 'csi-0.139'?" in text
        for panel in noise.detectors():
            assert panel.name in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "shape", [(2, 1, 0, 4), (2, 1, 4, 0), (2, 0, 4, 4), (0, 1, 0, 4), (2, 0, 0)]
)
def test_an_image_of_no_pixels(kind: str, shape: tuple[int, ...]) -> None:
    text = message(lambda: noise.add(torch.zeros(shape), kind, severity=1))
    assert text == f"images of 0 pixels: shape {shape}"


# Sample ids: 64 bits, no more.


@pytest.mark.parametrize("bad", [2**64, 2**64 + 5, 2**100, -1, -(2**63)])
@pytest.mark.parametrize("kind", KINDS)
def test_ids_beyond_64_bits_are_an_error_and_never_wrap(kind: str, bad: int) -> None:
    text = message(lambda: noise.add(grey(), kind, severity=1, ids=[bad]))
    assert text == (
        f"sample id {bad}: expected a whole number from 0 to 2**64 - 1; "
        "give such samples a string id instead"
    )
    noise.add(grey(), kind, severity=1, ids=[f"film {bad}"])


def test_all_64_bits_of_an_id_count() -> None:
    """Each single bit gives other noise; integer types of NumPy and torch are the same numbers."""
    ids = [0, *(1 << bit for bit in range(64)), 2**64 - 1]
    made = noise.add(grey(len(ids), 1, 8, 8), "gaussian", severity=1, ids=ids).images
    assert len({image.numpy().tobytes() for image in made}) == len(ids)
    for same in (np.array(ids, dtype=np.uint64), [str(index) for index in ids]):
        again = noise.add(grey(len(ids), 1, 8, 8), "gaussian", severity=1, ids=same).images
        assert torch.equal(again, made)
    small = torch.tensor([2**63 - 1, 5])
    by_tensor = noise.add(grey(2, 1, 8, 8), "gaussian", severity=1, ids=small).images
    by_list = noise.add(grey(2, 1, 8, 8), "gaussian", severity=1, ids=[2**63 - 1, 5]).images
    assert torch.equal(by_tensor, by_list)


@pytest.mark.parametrize(
    ("seed", "fits"), [(0, True), (2**64 - 1, True), (2**64, False), (-1, False), (1.0, False)]
)
def test_a_seed_has_64_bits_too(seed: Any, fits: bool) -> None:
    if fits:
        noise.add(grey(), "poisson", severity=1, seed=seed)
        return
    text = message(lambda: noise.add(grey(), "poisson", severity=1, seed=seed))
    assert text == f"seed={seed!r}: expected a whole number from 0 to {2**64 - 1}"


# A backend that is not there: a stated fallback.


@pytest.mark.parametrize("kind", ["poisson", "gaussian", "poisson+gaussian"])
def test_cuda_without_triton_falls_back_and_says_what_to_install(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    request: Any = SimpleNamespace(
        kind=noise.get(kind), images=SimpleNamespace(device=torch.device("cuda"))
    )
    for name in ("triton", "pytest_xraynoise.noise.backends.cuda"):
        monkeypatch.setitem(sys.modules, name, None)
    dispatch.forget()
    try:
        with caplog.at_level(logging.WARNING):
            served = dispatch.backend_for(request)
    finally:
        dispatch.forget()
    assert served.name in ("numba", "numpy")
    (told,) = [r.message for r in caplog.records if "Triton cannot be imported" in r.message]
    assert "made on the CPU and copied" in told
    assert "the images are the same" in told
    assert "pip install triton" in told


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"poisson", "gaussian", "poisson+gaussian"}))
def test_kinds_without_a_kernel_need_no_triton_on_cuda(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is imported for them, so nothing can be missing."""
    request: Any = SimpleNamespace(
        kind=noise.get(kind), images=SimpleNamespace(device=torch.device("cuda"))
    )
    original = builtins.__import__

    def guarded(name: str, *rest: Any, **more: Any) -> Any:
        assert not name.startswith("triton")
        return original(name, *rest, **more)

    dispatch.forget()
    monkeypatch.setattr(builtins, "__import__", guarded)
    assert dispatch.backend_for(request).name == "numpy"
