"""The compiled CPU kernels, one task for each sample on a pool of threads.

A pool of plain threads rather than Numba's own: it survives fork (each process makes its own), and
several pytest-xdist workers do not fight over OpenMP.
"""

from __future__ import annotations

import functools
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise.noise.backends.cpu_kernels import samples
from pytest_xraynoise.noise.backends.interface import Made, Request
from pytest_xraynoise.noise.spec import SPEC_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_xraynoise.noise.normalisation import Normalisation

_LOG = logging.getLogger(__name__)
_NONE = np.empty(0, dtype=np.float32)
_NO_FIELD = np.empty((0, 0), dtype=np.float32)
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_compiled = False

if samples.COMPILED_FOR_SPEC != SPEC_VERSION:
    raise ImportError("the CPU kernels are of another version of the spec; reinstall the package")


class CpuBackend:
    """Fused kernels for the kinds that are counting noise and readout noise."""

    name = "numba"

    def draw(self, request: Request) -> npt.NDArray[np.float32]:
        """Normal numbers of the batch, (N, words, H W) float32."""
        batch, _, height, width = request.images.shape
        field = np.empty((batch, request.kind.words, height * width), dtype=np.float32)
        seed, stream = np.uint64(request.seed), np.uint32(request.stream)
        compile_once()
        _each(
            batch, lambda i: samples.draw_field(field[i], seed, np.uint64(request.keys[i]), stream)
        )
        return field

    def make(
        self,
        request: Request,
        parameters: Mapping[str, float],
        field: npt.NDArray[np.float32] | None,
        normalise: Normalisation | None = None,
    ) -> Made:
        """The batch at one rung."""
        fused = request.kind.fused(parameters)
        if fused is None:
            raise TypeError(f"noise {request.kind.name!r} has no fused form")
        source = request.images.cpu().numpy()
        batch, channels, height, width = source.shape
        outputs = request.outputs or channels
        mean, std = (_NONE, _NONE) if normalise is None else normalise.arrays
        mean, std = _for_each(mean, outputs), _for_each(std, outputs)
        made = torch.empty((batch, outputs, height, width), dtype=torch.float32)
        target = made.numpy().reshape(batch, -1, height * width)
        stats = np.zeros((batch, 2), dtype=np.float64)
        seed, stream = np.uint64(request.seed), np.uint32(request.stream)
        photons, sigma = np.float32(fused.photons or 0), np.float32(fused.sigma or 0)
        compile_once()

        def one(i: int) -> None:
            samples.noise_sample(
                # One channel of several lies in one piece though the batch does not.
                np.ascontiguousarray(source[i]).reshape(channels, -1),
                target[i],
                stats[i],
                _NO_FIELD if field is None else field[i],
                request.kind.words,
                seed,
                np.uint64(request.keys[i]),
                stream,
                photons,
                sigma,
                request.clip,
                mean,
                std,
            )

        _each(batch, one)
        told = torch.from_numpy(stats).to(torch.float32)
        device = request.images.device
        return Made(made.to(device), told[:, 0].to(device), told[:, 1].to(device))


def _for_each(values: npt.NDArray[np.float32], channels: int) -> npt.NDArray[np.float32]:
    """One value for each channel, where one stands for all of them."""
    return np.repeat(values, channels) if len(values) == 1 else values


def compile_once() -> None:
    """Compile the kernels, or load them from Numba's disk cache, before threads need them."""
    global _compiled
    if _compiled:
        return
    began = time.perf_counter()
    one = np.full((1, 4), 0.5, dtype=np.float32)
    seed, stream, stats = np.uint64(0), np.uint32(0), np.zeros(2)
    samples.draw_field(np.empty((1, 4), dtype=np.float32), seed, seed, stream)
    strength = np.float32(1)
    rest = (1, seed, seed, stream, strength, strength, True, _NONE, _NONE)
    samples.noise_sample(one, one.copy(), stats, _NO_FIELD, *rest)
    _compiled = True
    seconds = time.perf_counter() - began
    _LOG.info("noise kernels ready after %.1f s (compiled once, then cached on disk)", seconds)


def _each(count: int, task: Callable[[int], None]) -> None:
    threads = min(torch.get_num_threads(), count)
    if threads <= 1:
        for index in range(count):
            task(index)
        return
    shares = [range(first, count, threads) for first in range(threads)]
    list(_pool(threads).map(functools.partial(_share, task), shares))


def _share(task: Callable[[int], None], indices: Sequence[int]) -> None:
    for index in indices:
        task(index)


def _pool(threads: int) -> ThreadPoolExecutor:
    wanted = (os.getpid(), threads)
    if wanted not in _pools:
        _pools[wanted] = ThreadPoolExecutor(threads, thread_name_prefix="xraynoise")
    return _pools[wanted]
