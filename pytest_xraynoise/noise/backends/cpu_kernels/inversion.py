"""Counts of dim pixels, by inversion of the distribution function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from pytest_xraynoise.noise.backends.cpu_kernels.bits import power_of_half, top_bits
from pytest_xraynoise.noise.backends.cpu_kernels.compiled import Array, compiled
from pytest_xraynoise.noise.backends.cpu_kernels.draws import HALF, ONE, TURN, ZERO, census
from pytest_xraynoise.noise.spec import coefficients as c
from pytest_xraynoise.noise.spec.poisson import RECIPROCALS

_f = np.float32
LOG2E, LN2_HIGH, LN2_LOW = _f(c.LOG2E), _f(c.LN2_HIGH), _f(c.LN2_LOW)
E6, E5, E4, E3, TO_U = _f(1 / 720), _f(1 / 120), _f(1 / 24), _f(1 / 6), _f(2.0**-24)
GROUP = 64
"""Pixels that are passed over at once where none is dim."""
LAST_TERM = c.INVERSION_TERMS + 1
RATE, UNIFORM, TERM, TOTAL, COUNT = range(5)
"""Rows of working memory that inversion needs, each ``ROW`` long."""


@compiled
def start_dim(x: Array, words: Array, photons: Any, all_dim: Any, rows: Array, index: Array) -> Any:
    """Collect the pixels with 0 < rate < 12 in the front of the rows; return how many there are.

    A rate of 0 always gives 0.
    """
    rates, uniform, count = rows[RATE], rows[UNIFORM], np.uint64(0)
    if all_dim:
        for i in range(x.size):
            rate = x[i] * photons
            rates[i] = rate if rate > ZERO else ZERO
            uniform[i] = top_bits(words[i]) * TO_U
            index[i] = i
        count = np.uint64(x.size)
    else:
        for begin in range(0, x.size, GROUP):
            end = min(begin + GROUP, x.size)
            if census(x[begin:end], photons)[0] > ZERO:
                for i in range(begin, end):
                    rate = x[i] * photons
                    rates[count] = rate
                    index[count] = i
                    count += uint64(rate > ZERO) & uint64(rate < TURN)
        for i in range(count):
            uniform[i] = top_bits(words[index[i]]) * TO_U
    term, total, counted = rows[TERM], rows[TOTAL], rows[COUNT]
    for i in range(count):
        rate = rates[i]
        n = np.floor(rate * LOG2E + HALF)
        r = (n * LN2_HIGH - rate) - n * LN2_LOW
        p = (((((E6 * r + E5) * r + E4) * r + E3) * r + HALF) * r + ONE) * r + ONE
        p = p * power_of_half(n)
        term[i] = p
        total[i] = p
        counted[i] = ZERO
    return count


@compiled
def invert_terms(first: Any, count: Any, rows: Array) -> Any:
    """Four terms of the distribution function; return how many pixels are still above it."""
    rate, uniform, term = rows[RATE, :count], rows[UNIFORM, :count], rows[TERM, :count]
    total, counted = rows[TOTAL, :count], rows[COUNT, :count]
    for k in range(first, first + 4):
        reciprocal = RECIPROCALS[k]
        for i in range(count):
            counted[i] += ONE if uniform[i] >= total[i] else ZERO
            p = term[i] * rate[i] * reciprocal
            term[i] = p
            total[i] = total[i] + p
    above = 0
    for i in range(count):
        above += 1 if uniform[i] >= total[i] else 0
    return above


@compiled
def settle(count: Any, out: Array, inverse: Any, rows: Array, index: Array) -> Any:
    """Write the counts so far, times inverse; keep the pixels still above at the rows' front."""
    kept = np.uint64(0)
    rate, uniform, term, total = rows[RATE], rows[UNIFORM], rows[TERM], rows[TOTAL]
    counted = rows[COUNT]
    for i in range(count):
        out[index[i]] = counted[i] * inverse
        rate[kept], term[kept], counted[kept], index[kept] = rate[i], term[i], counted[i], index[i]
        above = uint64(uniform[i] >= total[i])
        uniform[kept], total[kept] = uniform[i], total[i]
        kept += above
    return kept


@compiled
def invert_block(
    x: Array, out: Array, words: Array, photons: Any, all_dim: Any, rows: Array, index: Array
) -> None:
    """Overwrite out where the rate is under 12; see ``spec.poisson.by_inversion``.

    Finished pixels are dropped once they are two thirds of those carried; further terms would
    change nothing.
    """
    inverse = ONE / photons
    count = start_dim(x, words, photons, all_dim, rows, index)
    for first in range(1, LAST_TERM, 4):
        if count == 0:
            return
        above = invert_terms(first, count, rows)
        if 3 * above <= count:
            count = settle(count, out, inverse, rows, index)
    settle(count, out, inverse, rows, index)
