"""Every backend gives the same images, however the batch is cut and whoever computes it."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.noise import dispatch
from pytest_xraynoise.noise.backends.interface import Backend, Made, Request
from pytest_xraynoise.noise.backends.reference import ReferenceBackend
from pytest_xraynoise.noise.images import single_channel

cpu = pytest.importorskip("pytest_xraynoise.noise.backends.cpu")

REFERENCE = ReferenceBackend()
STRENGTHS: dict[str, list[dict[str, float]]] = {
    "poisson": [{"photons": n} for n in (0.5, 3, 12, 60, 1_500, 40_000, 1e7)],
    "gaussian": [{"sigma": s} for s in (0.001, 0.38, 5)],
    "poisson+gaussian": [{"photons": n, "sigma": 0.05} for n in (0.5, 5, 50, 3_000, 40_000)],
}


def same(a: Made, b: Made) -> None:
    assert torch.equal(a.images, b.images)
    assert torch.equal(a.clipped, b.clipped)
    torch.testing.assert_close(a.mean_shift, b.mean_shift, rtol=1e-5, atol=1e-7)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(list(STRENGTHS)),
    data=st.data(),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 90), st.integers(1, 70)),
    seed=st.integers(0, 2**64 - 1),
    draw=st.integers(0, 2**16 - 1),
    clip=st.booleans(),
    keep=st.booleans(),
)
def test_kernels_equal_the_reference_bit_for_bit(
    kind: str,
    data: st.DataObject,
    shape: tuple[int, int, int, int],
    seed: int,
    draw: int,
    clip: bool,
    keep: bool,
) -> None:
    strength = data.draw(st.sampled_from(STRENGTHS[kind]))
    keys = data.draw(st.lists(st.integers(0, 2**64 - 1), min_size=shape[0], max_size=shape[0]))
    images = torch.rand(shape, generator=torch.Generator().manual_seed(seed % 2**32))
    images = torch.where(images < 0.2, torch.zeros(()), images)
    request = Request(images, noise.get(kind), np.array(keys, np.uint64), seed, draw, clip)
    kernels: Backend = cpu.CpuBackend()
    fast, slow = (
        backend.make(request, strength, backend.draw(request) if keep else None)
        for backend in (kernels, REFERENCE)
    )
    same(fast, slow)


@pytest.mark.parametrize("kind", list(STRENGTHS))
def test_large_samples_agree_too(kind: str) -> None:
    """More than one block of counters, more than one thread."""
    torch.set_num_threads(2)
    images = torch.linspace(0, 1, 3 * 300 * 301).reshape(3, 1, 300, 301)
    request = Request(images, noise.get(kind), np.arange(3, dtype=np.uint64), 5, 0, True)
    for strength in STRENGTHS[kind]:
        same(
            cpu.CpuBackend().make(request, strength, None), REFERENCE.make(request, strength, None)
        )


@pytest.mark.parametrize("kind", list(STRENGTHS))
def test_a_stored_field_changes_nothing(kind: str, backend: str) -> None:
    images = torch.rand(2, 1, 40, 50, generator=torch.Generator().manual_seed(1))
    ready = noise.prepare(images, kind, ids=["a", "b"], seed=9)
    for rung in noise.ladder(kind).rungs:
        once = noise.add(images, kind, severity=rung.severity, ids=["a", "b"], seed=9)
        assert torch.equal(ready.at(rung).images, once.images)
        assert torch.equal(ready.at(rung).images, once.images)


def test_any_number_of_threads_gives_the_same() -> None:
    images = torch.rand(5, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    made = []
    for count in (1, 2, 3, 8):
        torch.set_num_threads(count)
        made.append(noise.add(images, "poisson+gaussian", severity=2, seed=3).images)
    assert all(torch.equal(made[0], other) for other in made[1:])


def _in_child(queue: Any, images: torch.Tensor) -> None:
    torch.set_num_threads(2)
    queue.put(noise.add(images, "poisson", severity=1).images.numpy().tobytes())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_thread_pool_survives_a_fork() -> None:
    torch.set_num_threads(2)
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    here = noise.add(images, "poisson", severity=1).images.numpy().tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue, images))
    child.start()
    assert queue.get(timeout=60) == here
    child.join(timeout=60)
    assert child.exitcode == 0


def test_without_numba_numpy_serves_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    images = torch.rand(2, 1, 20, 20, generator=torch.Generator().manual_seed(1))
    fast = noise.add(images, "poisson", severity=2).images
    for name in ("numba", "pytest_xraynoise.noise.backends.cpu"):
        monkeypatch.setitem(sys.modules, name, None)
    dispatch.forget()
    try:
        with caplog.at_level(logging.WARNING):
            slow = [noise.add(images, "poisson", severity=2).images for _ in range(3)]
    finally:
        dispatch.forget()
    assert all(torch.equal(fast, other) for other in slow)
    assert [
        record.message for record in caplog.records if "pytest-xraynoise[fast]" in record.message
    ]
    assert len(caplog.records) == 1


def test_the_backend_is_told() -> None:
    images = torch.rand(1, 1, 4, 4)
    assert noise.prepare(images, "poisson", ids=None).backend == "numba"
    assert noise.prepare(images, "speckle", ids=None).backend == "numpy"


def test_same_channels_are_made_once() -> None:
    grey = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert single_channel(grey.expand(2, 3, 8, 8)).shape[1] == 1
    assert single_channel(grey.repeat(1, 3, 1, 1)).shape[1] == 1
    different = torch.cat([grey, grey * 0.5], dim=1)
    assert single_channel(different).shape[1] == 2
