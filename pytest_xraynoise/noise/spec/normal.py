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
    """Standard normal numbers by the quantile function, float32, within +-6.23.

    With m the distance of the word from its nearer end (an odd whole number, so that two words give
    one number) and v = m / 2^31 twice the tail probability, the quantile is (1 - v) P(t), t a root
    of -log(v (2 - v)) plus a constant (the variable of Giles 2010, "Approximating the erfinv
    function"), with a polynomial P of its own, in an even and an odd part.
    """
    signed: npt.NDArray[np.int32] = words.view(np.int32)
    m: Floats = ((signed ^ (signed >> 31)) | 1).astype(_f)
    t = np.sqrt(_f(c.ROOT) - _log2(m * (_f(c.WHOLE) - m))) * _f(c.ROOT_SCALE) - _f(c.CENTRE)
    t2 = t * t
    p = _QUANTILE
    even = p[0] + t2 * (p[2] + t2 * (p[4] + t2 * (p[6] + t2 * p[8])))
    odd = p[1] + t2 * (p[3] + t2 * (p[5] + t2 * (p[7] + t2 * p[9])))
    z: Floats = (even + t * odd) * (_f(c.HALFWAY) - m)
    signed_z: Floats = np.where(signed < 0, z, -z)
    return signed_z


def uniform(words: Words) -> Floats:
    """Uniform numbers in [0, 1), float32, the top 24 bits of each word."""
    top: Floats = (words >> np.uint32(8)).astype(_f)
    return top * _f(2.0**-24)


def _log2(x: Floats) -> Floats:
    """2^23 (log2(x) - 62), float32: the bits of a float are a logarithm but for a curve."""
    bits: npt.NDArray[np.int32] = x.view(np.int32)
    steps: Floats = (bits - np.int32(c.WHOLE_BITS)).astype(_f)
    u: Floats = ((bits & np.int32(c.MANTISSA_BITS)) | np.int32(c.ONE_BITS)).view(_f)
    u2 = u * u
    p = _LOG
    result: Floats = steps + (
        (p[0] + u2 * (p[2] + u2 * p[4])) + u * (p[1] + u2 * (p[3] + u2 * p[5]))
    )
    return result
