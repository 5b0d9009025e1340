"""Words, normal numbers and bright counts, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64

from pytest_xraynoise.noise.backends.cpu_kernels.bits import (
    distance,
    mantissa,
    signed_by,
    steps,
)
from pytest_xraynoise.noise.backends.cpu_kernels.compiled import (
    BLOCK,
    ROW,
    Array,
    compiled,
    reducing,
)
from pytest_xraynoise.noise.spec import coefficients as c

_f = np.float32
L0, L1, L2, L3, L4, L5 = (_f(value) for value in c.LOG)
Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9 = (_f(value) for value in c.QUANTILE)
ROOT, ROOT_SCALE, CENTRE = _f(c.ROOT), _f(c.ROOT_SCALE), _f(c.CENTRE)
HALFWAY, WHOLE, TURN = _f(c.HALFWAY), _f(c.WHOLE), _f(c.INVERSION_BELOW)
ZERO, HALF, ONE = _f(0), _f(0.5), _f(1)
A1, A2, B1, B2 = _f(1 / 6), _f(1 / 3), _f(1 / 72), _f(1 / 36)
D1, D2, D3 = _f(1 / 270), _f(7 / 810), _f(8 / 405)
M0, M1, HALF_BITS = np.uint64(c.PHILOX_M0), np.uint64(c.PHILOX_M1), np.uint64(32)
W0, W1, LOW = np.uint32(c.PHILOX_W0), np.uint32(c.PHILOX_W1), np.uint64(0xFFFFFFFF)
MIDDLE = np.uint64(BLOCK // 2)
WORD1, WORD2, WORD3 = np.uint64(ROW), np.uint64(2 * ROW), np.uint64(3 * ROW)


@compiled
def philox_block(seed: Any, key: Any, stream: Any, start: Any, out: Array) -> None:
    """Words of the counters start .. start + BLOCK - 1 into the four rows of out (4 ROW,).

    The words are held in 64 bits and only their low halves matter, so that the products need no
    repacking. Two counters at a time hide the latency of the multiplications.
    """
    low, high = uint64(key & LOW), uint64(key >> HALF_BITS)
    for i in range(MIDDLE):
        key0, key1 = uint32(seed & LOW), uint32(seed >> HALF_BITS)
        c0, c1, c2, c3 = uint64(uint32(start + i)), low, high, uint64(stream)
        d0, d1, d2, d3 = uint64(uint32(start + MIDDLE + i)), low, high, uint64(stream)
        for _ in range(10):
            p0, p1 = (c0 & LOW) * M0, (c2 & LOW) * M1
            q0, q1 = (d0 & LOW) * M0, (d2 & LOW) * M1
            c0 = (p1 >> HALF_BITS) ^ c1 ^ uint64(key0)
            c2 = (p0 >> HALF_BITS) ^ c3 ^ uint64(key1)
            d0 = (q1 >> HALF_BITS) ^ d1 ^ uint64(key0)
            d2 = (q0 >> HALF_BITS) ^ d3 ^ uint64(key1)
            c1, c3, d1, d3 = p1, p0, q1, q0
            key0, key1 = uint32(key0 + W0), uint32(key1 + W1)
        j = MIDDLE + i
        out[i], out[j] = uint32(c0), uint32(d0)
        out[WORD1 + i], out[WORD1 + j] = uint32(c1), uint32(d1)
        out[WORD2 + i], out[WORD2 + j] = uint32(c2), uint32(d2)
        out[WORD3 + i], out[WORD3 + j] = uint32(c3), uint32(d3)


@compiled
def radicand(word: Any) -> Any:
    """What the quantile takes the root of; see ``spec.normal``."""
    m = distance(word)
    x = m * (WHOLE - m)
    u = mantissa(x)
    u2 = u * u
    return ROOT - (steps(x) + ((L0 + u2 * (L2 + u2 * L4)) + u * (L1 + u2 * (L3 + u2 * L5))))


@compiled
def rooted(value: Any) -> Any:
    """The polynomials' argument."""
    return np.sqrt(value) * ROOT_SCALE - CENTRE


@compiled
def quantile(t: Any, word: Any) -> Any:
    """Standard normal quantile of a word, t = rooted(radicand)."""
    t2 = t * t
    even = Z0 + t2 * (Z2 + t2 * (Z4 + t2 * (Z6 + t2 * Z8)))
    odd = Z1 + t2 * (Z3 + t2 * (Z5 + t2 * (Z7 + t2 * Z9)))
    return signed_by((even + t * odd) * (HALFWAY - distance(word)), word)


@compiled
def expansion(rate: Any, z: Any) -> Any:
    """Poisson count for a rate of 12 or more; see ``spec.poisson.by_expansion``."""
    s = np.sqrt(rate)
    z2 = z * z
    small = s * (z * (-(z2 * B1) - B2)) + (z2 * (z2 * D1 + D2) - D3)
    q = np.floor(rate + s * z + (z2 * A1 + A2) + small / rate)
    return q if q > ZERO else ZERO


@compiled
def bright_count(rate: Any, z: Any) -> Any:
    """The count of a rate of 12 or more, 0 for any other."""
    count = expansion(rate if rate > TURN else TURN, z)
    return count if rate >= TURN else ZERO


@reducing
def census(x: Array, begin: Any, size: Any, photons: Any) -> Any:
    """How many of the rates x[begin : begin + size] photons are in (0, 12), how many above."""
    dim, bright = ZERO, ZERO
    for i in range(size):
        rate = x[begin + i] * photons
        dim += ONE if (rate > ZERO) & (rate < TURN) else ZERO
        bright += ONE if rate >= TURN else ZERO
    return dim, bright
