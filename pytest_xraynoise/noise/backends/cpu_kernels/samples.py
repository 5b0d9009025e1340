"""Noise on one sample, and its stored field: what the backend calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64 as _uint64

from pytest_xraynoise.noise.backends.cpu_kernels import blocks as b
from pytest_xraynoise.noise.backends.cpu_kernels.compiled import (
    BLOCK,
    COUNTS,
    ROW,
    ROWS,
    Z_COUNT,
    Z_READOUT,
    Array,
    cached,
    compiled,
)
from pytest_xraynoise.noise.backends.cpu_kernels.draws import ZERO, census, philox_block
from pytest_xraynoise.noise.backends.cpu_kernels.inversion import invert_block

uint64: Any = _uint64
REVISION = 4
"""Raised with any change in this folder, because Numba's cache watches this file alone."""
COMPILED_FOR_SPEC = 2


@compiled
def block_count(pixels: Any, served: Any) -> Any:
    """Blocks of counters in a sample; each counter serves that many pixels, BLOCK apart."""
    return -(-pixels // (BLOCK * served))


@compiled
def from_words(
    x: Array,
    begin: Any,
    out: Array,
    at: Any,
    size: Any,
    words: Array,
    counting: Any,
    readout: Any,
    s: Array,
    photons: Any,
    sigma: Any,
) -> None:
    """A block without a dim pixel, its numbers drawn on the way."""
    if photons > ZERO and sigma > ZERO:
        b.two_normals(words, counting, readout, s, size)
        b.count_and_read(words, readout, s, x, begin, out, at, size, photons, sigma)
    elif photons > ZERO:
        b.normals(words, counting, s, s, Z_COUNT, size)
        b.count(x, begin, s, Z_COUNT, out, at, size, photons)
    else:
        b.read(words, readout, s, x, begin, out, at, size, sigma)


@compiled
def from_normals(
    x: Array,
    begin: Any,
    out: Array,
    at: Any,
    size: Any,
    z: Array,
    counting: Any,
    readout: Any,
    photons: Any,
    sigma: Any,
) -> None:
    """A block without a dim pixel, its normal numbers given."""
    if photons > ZERO and sigma > ZERO:
        b.count_and_add(x, begin, z, counting, readout, out, at, size, photons, sigma)
    elif photons > ZERO:
        b.count(x, begin, z, counting, out, at, size, photons)
    else:
        b.add(x, begin, z, readout, out, at, size, sigma)


@compiled
def with_dim(
    x: Array,
    begin: Any,
    out: Array,
    at: Any,
    size: Any,
    words: Array,
    word: Any,
    z: Array,
    counting: Any,
    readout: Any,
    s: Array,
    index: Array,
    bright: Any,
    photons: Any,
    sigma: Any,
) -> None:
    """A block with dim pixels; its normal numbers are given, as far as they are needed."""
    if bright:
        b.count(x, begin, z, counting, s, COUNTS, size, photons)
    else:
        s[COUNTS : COUNTS + size] = ZERO
    invert_block(x, begin, size, words, word, photons, not bright, s, index)
    if sigma > ZERO:
        b.add(s, COUNTS, z, readout, out, at, size, sigma)
    else:
        for i in range(size):
            out[at + i] = s[COUNTS + i]


@compiled
def look(images: Array, pixels: Any, begin: Any, size: Any, photons: Any) -> Any:
    """Whether any channel has dim pixels in a block, and whether any has bright ones."""
    dim, bright = False, False
    if photons > ZERO:
        for start in range(begin, uint64(images.size), pixels):
            some_dim, some_bright = census(images, start, size, photons)
            dim, bright = dim | (some_dim > ZERO), bright | (some_bright > ZERO)
    return dim, bright


@compiled
def needed_normals(
    words: Array, counting: Any, readout: Any, s: Array, size: Any, bright: Any, sigma: Any
) -> None:
    """The normal numbers of a block, as far as they are needed, into their rows."""
    if bright and sigma > ZERO:
        b.two_normals(words, counting, readout, s, size)
        b.finish_normals(words, readout, s, size)
    elif bright:
        b.normals(words, counting, s, s, Z_COUNT, size)
    elif sigma > ZERO:
        b.normals(words, readout, s, s, Z_READOUT, size)


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
    mean: Array,
    std: Array,
) -> None:
    """One sample (C, n) with noise into out; the mean shift and cut fraction into stats (2,).

    ``images`` is contiguous and so is ``out``: (C, n), or (D, n) where C = 1. ``mean`` and ``std``
    have a value for each output channel, which is (y - mean) / std, or are empty (0,) for y itself.
    ``field`` holds the sample's normal numbers (per_pixel, n), or nothing (0, 0) to draw them on
    the way. The words are drawn where there is no field, and for blocks with dim pixels.
    ``photons`` and ``sigma`` are 0 for none.
    """
    channels, pixels = images.shape[0], uint64(images.shape[1])
    served, normed, stored = 4 // per_pixel, mean.size > 0, field.size > 0
    spread = normed or out.shape[0] > channels
    x, target, z_stored = images.reshape(-1), out.reshape(-1), field.reshape(-1)
    words, index = np.empty(4 * ROW, np.uint32), np.empty(BLOCK, np.int32)
    s, made = np.empty(ROWS, np.float32), np.empty(ROW, np.float32)
    change, cut = 0.0, 0.0
    for block in range(block_count(images.shape[1], served)):
        counter, first_pixel = block * BLOCK, block * BLOCK * served
        drawn = False
        for j in range(served):
            begin = uint64(first_pixel + j * BLOCK)
            if begin >= pixels:
                break
            size = min(uint64(BLOCK), pixels - begin)
            counting = uint64(j * per_pixel * ROW)
            readout = uint64((j * per_pixel + per_pixel - 1) * ROW)
            dim, bright = look(x, pixels, begin, size, photons)
            if not drawn and (dim or not stored):
                philox_block(seed, key, stream, uint64(counter), words)
                drawn = True
            straight = not stored and not dim and channels == 1
            if not stored and not straight:
                needed_normals(words, counting, readout, s, size, bright, sigma)
            z, z_counting, z_readout = s, Z_COUNT, Z_READOUT
            if stored:
                z, z_counting = z_stored, begin
                z_readout = uint64(per_pixel - 1) * pixels + begin
            for channel in range(channels):
                at = uint64(channel) * pixels + begin
                place, to = (made, uint64(0)) if spread else (target, at)
                if straight:
                    from_words(x, at, place, to, size, words, counting, readout, s, photons, sigma)
                elif dim:
                    with_dim(
                        x,
                        at,
                        place,
                        to,
                        size,
                        words,
                        counting,
                        z,
                        z_counting,
                        z_readout,
                        s,
                        index,
                        bright,
                        photons,
                        sigma,
                    )
                else:
                    from_normals(x, at, place, to, size, z, z_counting, z_readout, photons, sigma)
                if clip:
                    changed, pixels_cut = b.cut(place, to, size)
                    change += changed
                    cut += pixels_cut
                for d in range(channel, out.shape[0] if spread else 0, channels):
                    at = uint64(d) * pixels + begin
                    if normed:
                        b.normalise(made, target, at, size, mean[d], std[d])
                    else:
                        b.copy(made, target, at, size)
    stats[0] = change / images.size
    stats[1] = cut / images.size


@cached
def draw_field(field: Array, seed: Any, key: Any, stream: Any) -> None:
    """The standard normal numbers of one sample into field (per_pixel, n)."""
    per_pixel, pixels = field.shape
    served = 4 // per_pixel
    words, s, out = np.empty(4 * ROW, np.uint32), np.empty(ROWS, np.float32), field.reshape(-1)
    for block in range(block_count(pixels, served)):
        counter, first_pixel = block * BLOCK, block * BLOCK * served
        philox_block(seed, key, stream, uint64(counter), words)
        for j in range(served):
            begin = first_pixel + j * BLOCK
            if begin < pixels:
                size = uint64(min(BLOCK, pixels - begin))
                for word in range(per_pixel):
                    at = uint64(word * pixels + begin)
                    b.normals(words, uint64((j * per_pixel + word) * ROW), s, out, at, size)
