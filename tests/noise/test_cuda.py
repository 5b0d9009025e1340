"""The Triton kernel: interpreted on the CPU, compiled ahead of time, and on a device."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.noise import dispatch
from pytest_xraynoise.noise.backends.interface import Request

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed"
)

INTERPRETED = """
import numpy as np, torch
from pytest_xraynoise import noise
from pytest_xraynoise.noise.backends.cuda import CudaBackend
from pytest_xraynoise.noise.backends.interface import Request
from pytest_xraynoise.noise.backends.reference import ReferenceBackend
from pytest_xraynoise.noise.normalisation import Normalisation

images = torch.linspace(0, 1, 2 * 2 * 41 * 37).reshape(2, 2, 41, 37)
images[0, 0, :5] = 0
keys = np.array([77, 2**64 - 3], np.uint64)
cases = [("poisson", {"photons": n}) for n in (0.5, 12, 60, 2000)]
cases += [("gaussian", {"sigma": 0.3})]
cases += [("poisson+gaussian", {"photons": n, "sigma": 0.05}) for n in (5, 50, 40_000)]
for kind, strength in cases:
    for clip in (True, False):
        request = Request(images, noise.get(kind), keys, 0xF234_5678_90AB_CDEF, 65_535, clip)
        made = CudaBackend().make(request, strength, None)
        expected = ReferenceBackend().make(request, strength, None)
        assert torch.equal(made.images, expected.images), (kind, strength, clip)
        assert torch.equal(made.clipped, expected.clipped), (kind, strength, clip)
        torch.testing.assert_close(made.mean_shift, expected.mean_shift, rtol=1e-5, atol=1e-7)
grey, two = images[:, :1], images
for batch, mean, std in ((grey, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), (two, 0.5, 0.3)):
    outputs = 3 if batch is grey else 2
    norm = Normalisation.of(mean, std, outputs)
    request = Request(batch, noise.get("poisson"), keys, 1, 0, True, outputs)
    plain = CudaBackend().make(request, {"photons": 60.0}, None)
    simple = ReferenceBackend().make(request, {"photons": 60.0}, None)
    assert torch.equal(plain.images, simple.images)
    made = CudaBackend().make(request, {"photons": 60.0}, None, norm)
    expected = ReferenceBackend().make(request, {"photons": 60.0}, None, norm)
    assert torch.equal(made.images, expected.images), (mean, std)
print("same bits")
"""


@needs_triton
def test_the_interpreted_kernel_equals_the_reference_bit_for_bit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERPRETED],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "same bits"


@needs_triton
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("normed", [False, True])
def test_the_compiled_kernel_fuses_and_approximates_nothing(
    channels: int, normed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled for sm_90 without a device: IEEE division and roots, no float multiply-add."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from pytest_xraynoise.noise.backends.cuda_kernels import noise_kernel

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    floats = ("images", "out", "partial", "mean_and_std")
    signature = {
        **dict.fromkeys(floats, "*fp32"),
        **dict.fromkeys(("keys", "seed_and_stream"), "*i64"),
        "reciprocals": "*fp32",
        **dict.fromkeys(("pixels", "channels", "outputs"), "i32"),
        **dict.fromkeys(("photons", "inverse", "sigma"), "fp32"),
        **dict.fromkeys(("WORDS", "COUNTS", "READS", "CLIP", "NORMED", "BLOCK"), "constexpr"),
    }
    constants = {"WORDS": 2, "COUNTS": True, "READS": True, "CLIP": True, "BLOCK": 1024}
    constants["NORMED"] = normed
    if channels == 1:  # Triton makes an argument of 1 a constant
        signature["channels"] = "constexpr"
        constants["channels"] = 1
    source = ASTSource(noise_kernel, signature, constexprs=constants)
    target = GPUTarget("cuda", 90, 32)
    try:
        built = triton.compile(source, target=target, options={"enable_fp_fusion": False})
    except (RuntimeError, FileNotFoundError) as error:  # a Triton built without its assembler
        pytest.skip(f"Triton cannot compile for CUDA here: {error}")
    code = built.asm["ptx"]
    assert re.search(r"sqrt\.rn\.f32", code)
    assert re.search(r"div\.rn\.f32", code)
    assert not re.search(r"fma\.rn(\.ftz)?\.f32|sqrt\.approx|div\.(full|approx)|rcp\.approx", code)


def test_cuda_without_triton_is_served_by_the_cpu_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    on_cuda = SimpleNamespace(device=torch.device("cuda"))
    request: Any = SimpleNamespace(kind=noise.get("poisson"), images=on_cuda)
    for name in ("triton", "pytest_xraynoise.noise.backends.cuda"):
        monkeypatch.setitem(sys.modules, name, None)
    dispatch.forget()
    try:
        with caplog.at_level(logging.WARNING):
            names = {dispatch.backend_for(request).name for _ in range(3)}
    finally:
        dispatch.forget()
    assert names <= {"numba", "numpy"}
    assert len(caplog.records) == 1
    assert "Triton cannot be imported" in caplog.records[0].message


@pytest.mark.gpu
@needs_triton
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", ["poisson", "gaussian", "poisson+gaussian"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_device_gives_the_same_bits_as_the_cpu(kind: str, channels: int) -> None:
    images = torch.linspace(0, 1, 4 * channels * 501 * 499).reshape(4, channels, 501, 499)
    for severity in range(6):
        here = noise.add(images, kind, severity=severity, seed=2**64 - 1, draw=7)
        there = noise.add(images.cuda(), kind, severity=severity, seed=2**64 - 1, draw=7)
        assert there.images.is_cuda
        assert torch.equal(there.images.cpu(), here.images)
        assert torch.equal(there.clipped.cpu(), here.clipped)
        torch.testing.assert_close(there.mean_shift.cpu(), here.mean_shift, rtol=1e-5, atol=1e-7)
    bright = [{"photons": 20_000.0}, {"sigma": 0.01}, {"photons": 2e4, "sigma": 0.01}]
    strength = bright[["poisson", "gaussian", "poisson+gaussian"].index(kind)]
    keys = np.arange(4, dtype=np.uint64)
    made = []
    for batch in (images, images.cuda()):
        request = Request(batch, noise.get(kind), keys, 1, 0, False)
        made.append(dispatch.backend_for(request).make(request, strength, None).images.cpu())
    assert torch.equal(made[0], made[1])
