"""Noise on one sample, and its stored field: what the backend calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytest_xraynoise.noise.backends.cpu_kernels.blocks import (
    ROWS,
    noise_block,
    readout_block,
)
from pytest_xraynoise.noise.backends.cpu_kernels.compiled import (
    BLOCK,
    ROW,
    Array,
    cached,
    compiled,
)
from pytest_xraynoise.noise.backends.cpu_kernels.draws import (
    ZERO,
    census,
    normal_block,
    philox_block,
)

REVISION = 1
"""Raised with any change in this folder, because Numba's cache watches this file alone."""
COMPILED_FOR_SPEC = 1


@compiled
def summarise(lanes: Array, size: Any, stats: Array) -> None:
    """Sum the lanes in double precision."""
    shift, cut = 0.0, 0.0
    for i in range(BLOCK):
        shift += lanes[i]
        cut += lanes[ROW + i]
    stats[0] = shift / size
    stats[1] = cut / size


@cached
def noise_sample(
    images: Array,
    out: Array,
    stats: Array,
    field: Array,
    per_pixel: Any,
    seed: Any,
    key: Any,
    stream: Any,
    photons: Any,
    sigma: Any,
    clip: Any,
) -> None:
    """One sample (C, n) with noise into out; the mean shift and cut fraction into stats (2,).

    ``field`` holds the sample's normal numbers (per_pixel, n), or nothing (0, 0). The words
    themselves are drawn where there is no field, and for blocks that need inversion.
    """
    pixels, served = images.shape[1], 4 // per_pixel
    stored = field.size > 0
    words = np.empty((4, ROW), np.uint32)
    z = np.zeros((2, ROW), np.float32)
    rows = np.empty((ROWS, ROW), np.float32)
    lanes = np.zeros(2 * ROW, np.float32)
    index = np.empty(BLOCK, np.int32)
    for group in range(0, pixels, BLOCK * served):
        drawn = False
        for j in range(served):
            begin = group + j * BLOCK
            size = min(BLOCK, pixels - begin)
            if size <= 0:
                break
            end, first, last = begin + size, j * per_pixel, j * per_pixel + per_pixel - 1
            dim, bright = False, False
            for channel in range(images.shape[0] if photons > ZERO else 0):
                some_dim, some_bright = census(images[channel, begin:end], photons)
                dim, bright = dim | (some_dim > ZERO), bright | (some_bright > ZERO)
            if not drawn and (dim or not stored):
                philox_block(seed, key, stream, group // served, min(BLOCK, pixels - group), words)
                drawn = True
            if not stored and not photons > ZERO and images.shape[0] == 1:
                x, made = images[0, begin:end], out[0, begin:end]
                readout_block(x, made, words[last], sigma, clip, lanes)
                continue
            z_count, z_readout = z[0, :size], z[1, :size]
            if stored:
                z_count, z_readout = field[0, begin:end], field[per_pixel - 1, begin:end]
            else:
                if bright:
                    normal_block(words[first], z_count)
                if sigma > ZERO:
                    normal_block(words[last], z_readout)
            for channel in range(images.shape[0]):
                noise_block(
                    images[channel, begin:end],
                    out[channel, begin:end],
                    z_count,
                    z_readout,
                    words[first],
                    photons,
                    sigma,
                    clip,
                    dim,
                    bright,
                    rows,
                    index,
                    lanes,
                )
    summarise(lanes, images.size, stats)


@cached
def draw_field(field: Array, seed: Any, key: Any, stream: Any) -> None:
    """The standard normal numbers of one sample into field (per_pixel, n)."""
    per_pixel, pixels = field.shape
    served = 4 // per_pixel
    words = np.empty((4, ROW), np.uint32)
    for group in range(0, pixels, BLOCK * served):
        philox_block(seed, key, stream, group // served, min(BLOCK, pixels - group), words)
        for j in range(served):
            begin = group + j * BLOCK
            size = min(BLOCK, pixels - begin)
            if size > 0:
                for word in range(per_pixel):
                    normal_block(words[j * per_pixel + word], field[word, begin : begin + size])
