"""Standard normal and uniform numbers from 32 random bits."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.noise.spec import coefficients as c

Floats: TypeAlias = npt.NDArray[np.float32]
Words: TypeAlias = npt.NDArray[np.uint32]

_f = np.float32
_LOG = np.array(c.LOG, dtype=np.float32)
_QUANTILE = np.array(c.QUANTILE, dtype=np.float32)


def normal(words: Words) -> Floats:
    """Standard normal numbers by the quantile function, float32, within +-6.34.

    The quantile is z = (1 - v) P(sqrt(w + 2)), w = -log(v (2 - v)), v = twice the tail probability
    (the variable of Giles 2010, "Approximating the erfinv function"), with an own polynomial P.
    """
    signed: npt.NDArray[np.int32] = words.view(np.int32)
    v: Floats = ((signed ^ (signed >> 31)).astype(_f) + _f(0.5)) * _f(2.0**-31)
    t = np.sqrt(_minus_log(v * (_f(2) - v)) + _f(2)) * _f(c.SCALE) + _f(c.OFFSET)
    t2 = t * t
    t4 = t2 * t2
    p = _QUANTILE
    low = ((p[0] + p[1] * t) + t2 * (p[2] + p[3] * t)) + t4 * (
        (p[4] + p[5] * t) + t2 * (p[6] + p[7] * t)
    )
    z: Floats = (low + (t4 * t4) * ((p[8] + p[9] * t) + t2 * p[10])) * (_f(1) - v)
    signed_z: Floats = np.where(signed < 0, z, -z)
    return signed_z


def uniform(words: Words) -> Floats:
    """Uniform numbers in [0, 1), float32, the top 24 bits of each word."""
    top: Floats = (words >> np.uint32(8)).astype(_f)
    return top * _f(2.0**-24)


def _minus_log(x: Floats) -> Floats:
    """-log(x) for 0 < x <= 1, float32: exponent by bits, mantissa by a polynomial."""
    bits: npt.NDArray[np.int32] = x.view(np.int32)
    exponent = (bits - np.int32(c.SQRT_HALF_BITS)) >> 23
    f: Floats = (bits - (exponent << 23)).view(_f) - _f(1)
    f2 = f * f
    p = _LOG
    q = (p[0] + p[1] * f) + f2 * (p[2] + p[3] * f) + (f2 * f2) * ((p[4] + p[5] * f) + f2 * p[6])
    result: Floats = -(q * f + exponent.astype(_f) * _f(c.LN2))
    return result
