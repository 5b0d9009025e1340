"""Words, normal numbers and bright counts of one block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64

from pytest_xraynoise.noise.backends.cpu_kernels.bits import (
    exponent,
    folded,
    mantissa,
    signed_by,
)
from pytest_xraynoise.noise.backends.cpu_kernels.compiled import Array, compiled, reducing
from pytest_xraynoise.noise.spec import coefficients as c

_f = np.float32
L0, L1, L2, L3, L4, L5, L6 = (_f(value) for value in c.LOG)
Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10 = (_f(value) for value in c.QUANTILE)
SCALE, OFFSET, LN2, TURN = _f(c.SCALE), _f(c.OFFSET), _f(c.LN2), _f(c.INVERSION_BELOW)
ZERO, HALF, ONE, TWO, TO_V = _f(0), _f(0.5), _f(1), _f(2), _f(2.0**-31)
A1, A2, B1, B2 = _f(1 / 6), _f(1 / 3), _f(1 / 72), _f(1 / 36)
D1, D2, D3 = _f(1 / 270), _f(7 / 810), _f(8 / 405)
M0, M1, SHIFT = np.uint64(c.PHILOX_M0), np.uint64(c.PHILOX_M1), np.uint64(32)
W0, W1, LOW = np.uint32(c.PHILOX_W0), np.uint32(c.PHILOX_W1), np.uint64(0xFFFFFFFF)


@compiled
def philox_block(seed: Any, key: Any, stream: Any, start: Any, count: Any, out: Array) -> None:
    """Words of the counters start .. start + count - 1 into out (4, BLOCK)."""
    low, high = uint32(key & LOW), uint32(key >> SHIFT)
    for i in range(count):
        key0, key1 = uint32(seed & LOW), uint32(seed >> SHIFT)
        c0, c1, c2, c3 = uint32(start + i), low, high, uint32(stream)
        for _ in range(10):
            p0, p1 = uint64(c0) * M0, uint64(c2) * M1
            c0, c2 = (
                uint32(uint32(p1 >> SHIFT) ^ c1 ^ key0),
                uint32(uint32(p0 >> SHIFT) ^ c3 ^ key1),
            )
            c1, c3 = uint32(p1), uint32(p0)
            key0, key1 = uint32(key0 + W0), uint32(key1 + W1)
        out[0, i], out[1, i], out[2, i], out[3, i] = c0, c1, c2, c3


@compiled
def normal(word: Any) -> Any:
    """Standard normal quantile of one word; see ``spec.normal``."""
    v = (folded(word) + HALF) * TO_V
    x = v * (TWO - v)
    f = mantissa(x) - ONE
    f2 = f * f
    q = (L0 + L1 * f) + f2 * (L2 + L3 * f) + (f2 * f2) * ((L4 + L5 * f) + f2 * L6)
    w = -(q * f + exponent(x) * LN2)
    t = np.sqrt(w + TWO) * SCALE + OFFSET
    t2 = t * t
    t4 = t2 * t2
    low = ((Z0 + Z1 * t) + t2 * (Z2 + Z3 * t)) + t4 * ((Z4 + Z5 * t) + t2 * (Z6 + Z7 * t))
    p = low + (t4 * t4) * ((Z8 + Z9 * t) + t2 * Z10)
    return signed_by(p * (ONE - v), word)


@compiled
def normal_block(words: Array, out: Array) -> None:
    """Standard normal quantiles of a block of words."""
    for i in range(out.size):
        out[i] = normal(words[i])


@compiled
def expansion(rate: Any, z: Any) -> Any:
    """Poisson count for a rate of 12 or more; see ``spec.poisson.by_expansion``."""
    s = np.sqrt(rate)
    z2 = z * z
    q = (
        rate
        + s * z
        + (z2 * A1 + A2)
        + (z * (-(z2 * B1) - B2)) / s
        + (z2 * (z2 * D1 + D2) - D3) / rate
    )
    q = np.floor(q)
    return q if q > ZERO else ZERO


@reducing
def census(x: Array, photons: Any) -> Any:
    """How many rates are in (0, 12), and how many are 12 or more."""
    dim, bright = ZERO, ZERO
    for i in range(x.size):
        rate = x[i] * photons
        dim += ONE if (rate > ZERO) & (rate < TURN) else ZERO
        bright += ONE if rate >= TURN else ZERO
    return dim, bright
