# Triton reads annotations as code, so the kernels have none.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""The frozen function as a Triton kernel.

Floating-point fusion is off and division and square root are rounded to nearest, so that the
images equal the CPU's bit for bit. With TRITON_INTERPRET=1 the same code runs on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import triton
import triton.language as tl

from pytest_xraynoise.noise.spec import coefficients as c

F = TypeVar("F", bound=Callable[..., Any])
compiled = cast("Callable[[F], F]", triton.jit)


def _constant(value: float) -> Any:
    return tl.constexpr(float(np.float32(value)))


L0, L1, L2, L3, L4, L5, L6 = (_constant(value) for value in c.LOG)
Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10 = (_constant(value) for value in c.QUANTILE)
SCALE, OFFSET, LN2, LOG2E = (_constant(v) for v in (c.SCALE, c.OFFSET, c.LN2, c.LOG2E))
LN2_HIGH, LN2_LOW = _constant(c.LN2_HIGH), _constant(c.LN2_LOW)
TURN = _constant(c.INVERSION_BELOW)
TO_V, TO_U = _constant(2.0**-31), _constant(2.0**-24)
A1, A2, B1, B2 = (_constant(v) for v in (1 / 6, 1 / 3, 1 / 72, 1 / 36))
D1, D2, D3 = (_constant(v) for v in (1 / 270, 7 / 810, 8 / 405))
E6, E5, E4, E3 = (_constant(v) for v in (1 / 720, 1 / 120, 1 / 24, 1 / 6))
SQRT_HALF_BITS = tl.constexpr(c.SQRT_HALF_BITS)
LAST_TERM = tl.constexpr(c.INVERSION_TERMS + 1)


@compiled
def normal(word):
    """Standard normal quantile of words; see ``spec.normal``."""
    signed = word.to(tl.int32, bitcast=True)
    v = ((signed ^ (signed >> 31)).to(tl.float32) + 0.5) * TO_V
    x = v * (2.0 - v)
    bits = x.to(tl.int32, bitcast=True)
    e = (bits - SQRT_HALF_BITS) >> 23
    f = (bits - (e << 23)).to(tl.float32, bitcast=True) - 1.0
    f2 = f * f
    q = (L0 + L1 * f) + f2 * (L2 + L3 * f) + (f2 * f2) * ((L4 + L5 * f) + f2 * L6)
    w = -(q * f + e.to(tl.float32) * LN2)
    t = tl.sqrt_rn(w + 2.0) * SCALE + OFFSET
    t2 = t * t
    t4 = t2 * t2
    low = ((Z0 + Z1 * t) + t2 * (Z2 + Z3 * t)) + t4 * ((Z4 + Z5 * t) + t2 * (Z6 + Z7 * t))
    z = (low + (t4 * t4) * ((Z8 + Z9 * t) + t2 * Z10)) * (1.0 - v)
    return tl.where(signed < 0, z, -z)


@compiled
def expansion(rate, z):
    """Poisson count for a rate of 12 or more; see ``spec.poisson.by_expansion``."""
    s = tl.sqrt_rn(rate)
    z2 = z * z
    q = (
        rate
        + s * z
        + (z2 * A1 + A2)
        + tl.div_rn(z * (-(z2 * B1) - B2), s)
        + tl.div_rn(z2 * (z2 * D1 + D2) - D3, rate)
    )
    return tl.maximum(tl.floor(q), 0.0)


@compiled
def inversion(rate, word, open_pixels, reciprocals):
    """Poisson count for a rate of 0 to 12; see ``spec.poisson.by_inversion``."""
    u = (word >> 8).to(tl.int32).to(tl.float32) * TO_U
    n = tl.floor(rate * LOG2E + 0.5)
    r = (n * LN2_HIGH - rate) - n * LN2_LOW
    p = (((((E6 * r + E5) * r + E4) * r + E3) * r + 0.5) * r + 1.0) * r + 1.0
    term = p * ((127 - n.to(tl.int32)) << 23).to(tl.float32, bitcast=True)
    total = term
    count = tl.zeros_like(term)
    k = 1
    above = tl.max(((u >= total) & open_pixels).to(tl.int32), 0)
    while (above > 0) & (k < LAST_TERM):
        count += (u >= total).to(tl.float32)
        term = term * rate * tl.load(reciprocals + k)
        total = total + term
        k += 1
        above = tl.max(((u >= total) & open_pixels).to(tl.int32), 0)
    return count


@compiled
def poisson(rate, word, mask, reciprocals):
    """Poisson counts; a block without a dim pixel skips inversion."""
    dim = (rate < TURN) & mask
    count = expansion(tl.maximum(rate, TURN), normal(word))
    if tl.max(dim.to(tl.int32), 0) > 0:
        held = tl.maximum(tl.minimum(rate, TURN), 0.0)
        count = tl.where(rate < TURN, inversion(held, word, dim, reciprocals), count)
    return count


@compiled
def segment(
    images,
    out,
    base,
    pixel,
    mask,
    counting,
    readout,
    reciprocals,
    photons,
    inverse,
    sigma,
    COUNTS: tl.constexpr,  # noqa: N803 - constants of the compiler
    READS: tl.constexpr,  # noqa: N803
    CLIP: tl.constexpr,  # noqa: N803
):
    """One block of one channel; return the sum of the cut and the number of cut pixels."""
    x = tl.load(images + base + pixel, mask=mask, other=1.0)
    y = x
    if COUNTS:
        y = poisson(x * photons, counting, mask, reciprocals) * inverse
    if READS:
        y = y + normal(readout) * sigma
    kept = y
    if CLIP:
        kept = tl.minimum(tl.maximum(y, 0.0), 1.0)
    tl.store(out + base + pixel, kept, mask=mask)
    shift = tl.sum(tl.where(mask, kept - y, 0.0), 0)
    cut = tl.sum(((kept != y) & mask).to(tl.float32), 0)
    return shift, cut


@compiled
def noise_kernel(
    images,
    out,
    partial,
    keys,
    seed_and_stream,
    reciprocals,
    pixels,
    channels,
    photons,
    inverse,
    sigma,
    WORDS: tl.constexpr,  # noqa: N803
    COUNTS: tl.constexpr,  # noqa: N803
    READS: tl.constexpr,  # noqa: N803
    CLIP: tl.constexpr,  # noqa: N803
    BLOCK: tl.constexpr,  # noqa: N803
):
    """A group of pixels of one sample, in all channels."""
    sample = tl.program_id(0)
    group = tl.program_id(1)
    lane = tl.arange(0, BLOCK)
    q = group * BLOCK + lane
    key = tl.load(keys + sample)
    c0 = q.to(tl.uint32)
    zero = c0 * 0
    c1 = zero + (key & 0xFFFFFFFF).to(tl.uint32)
    c2 = zero + ((key >> 32) & 0xFFFFFFFF).to(tl.uint32)
    c3 = zero + (tl.load(seed_and_stream + 1) & 0xFFFFFFFF).to(tl.uint32)
    w0, w1, w2, w3 = tl.philox(tl.load(seed_and_stream), c0, c1, c2, c3)
    shift = 0.0
    cut = 0.0
    for channel in range(channels):
        base = (sample.to(tl.int64) * channels + channel) * pixels
        for j in tl.static_range(4 // WORDS):
            pixel = (group * (4 // WORDS) + j) * BLOCK + lane
            mask = pixel < pixels
            if WORDS == 2:
                counting = w0 if j == 0 else w2
                readout = w1 if j == 0 else w3
            else:
                counting = w0 if j == 0 else (w1 if j == 1 else (w2 if j == 2 else w3))
                readout = counting
            one_shift, one_cut = segment(
                images,
                out,
                base,
                pixel,
                mask,
                counting,
                readout,
                reciprocals,
                photons,
                inverse,
                sigma,
                COUNTS,
                READS,
                CLIP,
            )
            shift += one_shift
            cut += one_cut
    place = (sample * tl.num_programs(1) + tl.program_id(1)) * 2
    tl.store(partial + place, shift)
    tl.store(partial + place + 1, cut)
