"""Memory: no more than the output and one field of the batch, for any rung.

Measured as the peak of a process of its own. Before each measurement, memory is filled up to the
process's earlier peak, and freed blocks go back to the system at once, so that nothing can hide.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_xraynoise import noise

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="peak memory is read from /proc"
)
needs_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="Numba is not installed"
)
FUSED = ("poisson", "gaussian", "poisson+gaussian")
SAMPLES, SIDE = 12, 512
IMAGE = SIDE * SIDE * 4 / 2**20
"""One float32 image in MiB: 1."""
PLANE = SAMPLES * IMAGE
"""One float32 channel of the batch in MiB: 12."""
SLACK = 6.0
"""MiB for the allocator, working memory and the interpreter."""

MEASURE = """
import gc, json, sys
import numpy as np
import torch
from pytest_xraynoise import noise

cases, severities, backend, threads, samples, side = json.loads(sys.argv[1])
torch.set_num_threads(threads)
if backend == "numpy":
    from pytest_xraynoise.noise import prepared
    from pytest_xraynoise.noise.backends.reference import ReferenceBackend
    prepared.backend_for = lambda request: ReferenceBackend()

def status():
    with open("/proc/self/status") as lines:
        rows = dict(line.split(":") for line in lines if line.startswith("Vm"))
    return [int(rows[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")]

def growth(function):
    gc.collect()
    resident, peak = status()
    ballast = np.ones(max(peak - resident, 0) + 1, np.uint8)
    start, _ = status()
    kept = function()
    return (status()[1] - start) / 2**20

def measured(kind, channels):
    images = torch.rand(samples, 1, side, side)
    if channels == "3 views":
        images = images.expand(-1, 3, -1, -1)
    if channels == "3 copies":
        images = images.repeat(1, 3, 1, 1)
    ladder = noise.ladder(kind)
    for severity in (0, 3):  # compiles and imports what is needed
        noise.add(images[:1], kind, severity=severity)
        noise.prepare(images[:1], kind, ids=None).at(ladder.rung(severity))
    ready = None

    def every_rung():
        made = None
        for severity in severities:
            made = None
            made = ready.at(ladder.rung(severity))
        return made

    found = {"nothing": growth(lambda: None)}
    found["16 MiB"] = growth(lambda: np.ones(2**24, np.uint8))
    found["prepare"] = growth(lambda: noise.prepare(images, kind, ids=None))
    ready = noise.prepare(images, kind, ids=None)
    found["rungs"] = growth(every_rung)
    found["clean"] = growth(lambda: ready.at(ladder.rung(0)))
    ready = None
    found["add"] = growth(lambda: noise.add(images, kind, severity=3))
    return found

print(json.dumps([measured(*case) for case in cases]))
"""


@functools.cache
def measured(
    cases: tuple[tuple[str, str], ...],
    *,
    severities: tuple[int, ...] = (1, 2, 3, 4, 5),
    backend: str = "own",
    threads: int = 1,
    samples: int = SAMPLES,
) -> list[dict[str, float]]:
    """Peak growth in MiB of preparing, of all rungs of one field, of the clean rung, of add."""
    asked = json.dumps([cases, severities, backend, threads, samples, SIDE])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, asked],
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            # Set at all, glibc no longer raises it: what is freed is never kept for later.
            "MALLOC_MMAP_THRESHOLD_": "65536",
            "MALLOC_TRIM_THRESHOLD_": "65536",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    every: list[dict[str, Any]] = json.loads(done.stdout)
    for found in every:
        assert abs(found["nothing"]) < 1
        assert found["16 MiB"] == pytest.approx(16, abs=1)
    return every


def assert_bounds(found: dict[str, float], output: float, field: float, slack: float) -> None:
    """At most what is promised; and at least the output, or nothing was measured."""
    assert found["prepare"] < slack, found
    assert found["rungs"] < output + field + slack, found
    assert found["add"] < output + slack, found
    assert found["clean"] < output + slack, found
    for what in ("rungs", "add", "clean"):
        assert found[what] > 0.9 * output, found


ONE_CHANNEL = tuple((kind, "1") for kind in FUSED)
THREE_CHANNELS = (("poisson", "3 copies"), ("poisson", "3 views"))


@needs_numba
@pytest.mark.parametrize("index", range(3), ids=FUSED)
def test_kernels_need_the_output_and_one_field(index: int) -> None:
    field = PLANE * noise.get(FUSED[index]).words
    found = measured(ONE_CHANNEL + THREE_CHANNELS, severities=(1, 5))[index]
    assert_bounds(found, PLANE, field, SLACK)
    assert found["rungs"] > 0.9 * (PLANE + field)


@needs_numba
@pytest.mark.parametrize("index", [3, 4], ids=["copies", "views"])
def test_a_grey_image_in_three_channels_needs_no_more(index: int) -> None:
    """Three channels of output, one channel of field."""
    found = measured(ONE_CHANNEL + THREE_CHANNELS, severities=(1, 5))[index]
    # Telling that three channels are the same takes one byte for each value of two of them.
    compared = PLANE / 2 if index == 3 else 0
    assert found["prepare"] < compared + SLACK, found
    assert_bounds({**found, "prepare": 0}, 3 * PLANE, PLANE, SLACK)


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("index", range(3), ids=FUSED)
def test_two_threads_need_no_more(index: int) -> None:
    found = measured(ONE_CHANNEL, threads=2)[index]
    assert_bounds(found, PLANE, PLANE * noise.get(FUSED[index]).words, SLACK)


@pytest.mark.slow
@pytest.mark.parametrize("kind", noise.names())
def test_numpy_works_sample_by_sample(kind: str) -> None:
    """Output, field, and the temporaries of one image: 16 float32 planes of it at most."""
    kinds, samples = noise.names(), 24
    every = measured(tuple((one, "1") for one in kinds), backend="numpy", samples=samples)
    output = samples * IMAGE
    field = output * noise.get(kind).words
    assert_bounds(every[kinds.index(kind)], output, field, SLACK + 16 * IMAGE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lowdose", "speckle"])
def test_temporaries_do_not_grow_with_the_batch(kind: str) -> None:
    small, large = (
        measured(((kind, "1"),), severities=(3,), samples=samples)[0] for samples in (8, 24)
    )
    field = noise.get(kind).words
    assert large["add"] - small["add"] == pytest.approx(16 * IMAGE, abs=3 * IMAGE)
    assert large["rungs"] - small["rungs"] == pytest.approx(16 * (1 + field) * IMAGE, abs=3 * IMAGE)
