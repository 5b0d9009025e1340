"""Philox 4x32-10, and how its words are dealt to pixels.

Key: the seed (low word, high word). Counter: (q, id low, id high, stream | draw << 16), where
``stream`` is the kind's number and ``draw`` the realisation. A counter gives four words. A kind
that needs W words a pixel (1, 2 or 4) serves S = 4 / W pixels from each counter. Pixels count in
row-major order, in groups of 1024 S: pixel p = 1024 (S g + j) + i, with i < 1024 and j < S, takes
the words j W to j W + W - 1 of the counter q = 1024 g + i. So memory is walked straight through,
and a pixel's words do not depend on the size of the image.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.noise.spec import coefficients as c

Words: TypeAlias = npt.NDArray[np.uint32]

_LOW = 0xFFFFFFFF
_SHIFT = np.uint64(32)


def philox4x32(counter: tuple[Words, Words, Words, Words], key: int) -> tuple[Words, ...]:
    """Ten rounds of Philox 4x32.

    Args:
        counter: four uint32 arrays of one shape.
        key: 64 bits, the low word first.

    Returns:
        Four uint32 arrays of that shape.

    Source: Salmon, Moraes, Dror and Shaw 2011, DOI 10.1145/2063384.2063405.
    """
    c0, c1, c2, c3 = counter
    key0, key1 = key & _LOW, key >> 32
    for _ in range(10):
        low0, high0 = _multiply(c0, c.PHILOX_M0)
        low1, high1 = _multiply(c2, c.PHILOX_M1)
        c0, c1, c2, c3 = high1 ^ c1 ^ np.uint32(key0), low1, high0 ^ c3 ^ np.uint32(key1), low0
        key0, key1 = (key0 + c.PHILOX_W0) & _LOW, (key1 + c.PHILOX_W1) & _LOW
    return c0, c1, c2, c3


def pixel_words(pixels: int, per_pixel: int, *, seed: int, key: int, stream: int) -> Words:
    """The random words of one sample.

    Args:
        pixels: number of pixels n.
        per_pixel: words a pixel, 1, 2 or 4.
        seed: 64 bits.
        key: the sample's 64-bit key.
        stream: the fourth counter word, from :func:`stream_word`.

    Returns:
        uint32 array (per_pixel, n); row i is the i-th word of each pixel, row-major pixel order.
    """
    served = 4 // per_pixel
    groups = -(-pixels // (c.LANES * served))
    lanes = min(pixels, c.LANES)
    first = np.arange(groups * c.LANES if groups > 1 else lanes, dtype=np.uint32)
    counter = (
        first,
        np.full_like(first, key & _LOW),
        np.full_like(first, key >> 32),
        np.full_like(first, stream),
    )
    dealt = np.stack(philox4x32(counter, seed)).reshape(served, per_pixel, groups, lanes)
    return np.ascontiguousarray(dealt.transpose(1, 2, 0, 3).reshape(per_pixel, -1)[:, :pixels])


def stream_word(stream: int, draw: int) -> int:
    """The fourth counter word: the kind's number in the low half, the draw in the high half."""
    return stream | draw << 16


def _multiply(value: Words, factor: int) -> tuple[Words, Words]:
    product = value.astype(np.uint64) * np.uint64(factor)
    return product.astype(np.uint32), (product >> _SHIFT).astype(np.uint32)
