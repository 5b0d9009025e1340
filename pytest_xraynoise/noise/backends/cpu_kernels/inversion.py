"""Counts of dim pixels, by inversion of the distribution function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from pytest_xraynoise.noise.backends.cpu_kernels.bits import power_of_half, top_bits
from pytest_xraynoise.noise.backends.cpu_kernels.compiled import (
    COUNTS,
    FIRST,
    RATE,
    TERM,
    TOTAL,
    UNIFORM,
    Array,
    compiled,
)
from pytest_xraynoise.noise.backends.cpu_kernels.draws import HALF, ONE, TURN, ZERO, census
from pytest_xraynoise.noise.spec import coefficients as c
from pytest_xraynoise.noise.spec.poisson import RECIPROCALS

_f = np.float32
LOG2E, LN2_HIGH, LN2_LOW = _f(c.LOG2E), _f(c.LN2_HIGH), _f(c.LN2_LOW)
E6, E5, E4, E3, TO_U = _f(1 / 720), _f(1 / 120), _f(1 / 24), _f(1 / 6), _f(2.0**-24)
GROUP = np.uint64(64)
"""Pixels that are passed over at once where none is dim."""
LAST_TERM = c.INVERSION_TERMS + 1
COUNTED = FIRST
"""Row of the counts so far; the normal numbers are done with it by then."""


@compiled
def collect_dim(
    x: Array, begin: Any, size: Any, words: Array, at: Any, photons: Any, s: Array, index: Array
) -> Any:
    """Collect the pixels with 0 < rate < 12 in the front of the rows; return how many there are.

    A rate of 0 always gives 0.
    """
    found = uint64(0)
    for start in range(uint64(0), size, GROUP):
        end = min(start + GROUP, size)
        if census(x, begin + start, end - start, photons)[0] > ZERO:
            for i in range(start, end):
                rate = x[begin + i] * photons
                s[RATE + found] = rate
                index[found] = i
                found += uint64(rate > ZERO) & uint64(rate < TURN)
    for i in range(found):
        s[UNIFORM + i] = top_bits(words[at + uint64(index[i])]) * TO_U
    return found


@compiled
def collect_all(
    x: Array, begin: Any, size: Any, words: Array, at: Any, photons: Any, s: Array, index: Array
) -> Any:
    """As :func:`collect_dim`, for a block without a bright pixel: all of them."""
    for i in range(size):
        rate = x[begin + i] * photons
        s[RATE + i] = rate if rate > ZERO else ZERO
        s[UNIFORM + i] = top_bits(words[at + i]) * TO_U
    for i in range(size):
        index[i] = i
    return size


@compiled
def first_terms(s: Array, found: Any) -> None:
    """exp(-rate), the first term and sum of the distribution function."""
    for i in range(found):
        rate = s[RATE + i]
        n = np.floor(rate * LOG2E + HALF)
        r = (n * LN2_HIGH - rate) - n * LN2_LOW
        p = (((((E6 * r + E5) * r + E4) * r + E3) * r + HALF) * r + ONE) * r + ONE
        p = p * power_of_half(n)
        s[TERM + i] = p
        s[TOTAL + i] = p
        s[COUNTED + i] = ZERO


@compiled
def four_terms(first: Any, found: Any, s: Array) -> Any:
    """Four more terms; return how many pixels are still above the sum."""
    k0, k1 = RECIPROCALS[first], RECIPROCALS[first + 1]
    k2, k3 = RECIPROCALS[first + 2], RECIPROCALS[first + 3]
    for i in range(found):
        rate, u, term, total = s[RATE + i], s[UNIFORM + i], s[TERM + i], s[TOTAL + i]
        counted = s[COUNTED + i] + (ONE if u >= total else ZERO)
        term = term * rate * k0
        total = total + term
        counted = counted + (ONE if u >= total else ZERO)
        term = term * rate * k1
        total = total + term
        counted = counted + (ONE if u >= total else ZERO)
        term = term * rate * k2
        total = total + term
        counted = counted + (ONE if u >= total else ZERO)
        term = term * rate * k3
        s[TERM + i], s[TOTAL + i], s[COUNTED + i] = term, total + term, counted
    above = 0
    for i in range(found):
        above += 1 if s[UNIFORM + i] >= s[TOTAL + i] else 0
    return above


@compiled
def settle(found: Any, inverse: Any, s: Array, index: Array) -> Any:
    """Write the counts so far, times inverse; keep the pixels still above at the rows' front."""
    kept = uint64(0)
    for i in range(found):
        s[COUNTS + uint64(index[i])] = s[COUNTED + i] * inverse
        above = uint64(s[UNIFORM + i] >= s[TOTAL + i])
        s[RATE + kept], s[TERM + kept] = s[RATE + i], s[TERM + i]
        s[UNIFORM + kept], s[TOTAL + kept] = s[UNIFORM + i], s[TOTAL + i]
        s[COUNTED + kept], index[kept] = s[COUNTED + i], index[i]
        kept += above
    return kept


@compiled
def invert_block(
    x: Array,
    begin: Any,
    size: Any,
    words: Array,
    at: Any,
    photons: Any,
    all_dim: Any,
    s: Array,
    index: Array,
) -> None:
    """Overwrite the counts of dim pixels in the row COUNTS; see ``spec.poisson.by_inversion``.

    Finished pixels are dropped once they are two thirds of those carried; further terms would
    change nothing.
    """
    inverse = ONE / photons
    if all_dim:
        found = collect_all(x, begin, size, words, at, photons, s, index)
    else:
        found = collect_dim(x, begin, size, words, at, photons, s, index)
    first_terms(s, found)
    for first in range(1, LAST_TERM, 4):
        if found == 0:
            return
        above = four_terms(first, found, s)
        if 3 * above <= found:
            found = settle(found, inverse, s, index)
    settle(found, inverse, s, index)
