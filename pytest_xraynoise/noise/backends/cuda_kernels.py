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


L0, L1, L2, L3, L4, L5 = (_constant(value) for value in c.LOG)
Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9 = (_constant(value) for value in c.QUANTILE)
ROOT, ROOT_SCALE, CENTRE = (_constant(v) for v in (c.ROOT, c.ROOT_SCALE, c.CENTRE))
HALFWAY, WHOLE, LOG2E = (_constant(v) for v in (c.HALFWAY, c.WHOLE, c.LOG2E))
LN2_HIGH, LN2_LOW = _constant(c.LN2_HIGH), _constant(c.LN2_LOW)
TURN = _constant(c.INVERSION_BELOW)
TO_U = _constant(2.0**-24)
A1, A2, B1, B2 = (_constant(v) for v in (1 / 6, 1 / 3, 1 / 72, 1 / 36))
D1, D2, D3 = (_constant(v) for v in (1 / 270, 7 / 810, 8 / 405))
E6, E5, E4, E3 = (_constant(v) for v in (1 / 720, 1 / 120, 1 / 24, 1 / 6))
WHOLE_BITS = tl.constexpr(c.WHOLE_BITS)
MANTISSA_BITS, ONE_BITS = tl.constexpr(c.MANTISSA_BITS), tl.constexpr(c.ONE_BITS)
LAST_TERM = tl.constexpr(c.INVERSION_TERMS + 1)


@compiled
def normal(word):
    """Standard normal quantile of words; see ``spec.normal``."""
    signed = word.to(tl.int32, bitcast=True)
    m = ((signed ^ (signed >> 31)) | 1).to(tl.float32)
    x = m * (WHOLE - m)
    bits = x.to(tl.int32, bitcast=True)
    steps = (bits - WHOLE_BITS).to(tl.float32)
    u = ((bits & MANTISSA_BITS) | ONE_BITS).to(tl.float32, bitcast=True)
    u2 = u * u
    log2 = steps + ((L0 + u2 * (L2 + u2 * L4)) + u * (L1 + u2 * (L3 + u2 * L5)))
    t = tl.sqrt_rn(-log2 + ROOT) * ROOT_SCALE - CENTRE
    t2 = t * t
    even = Z0 + t2 * (Z2 + t2 * (Z4 + t2 * (Z6 + t2 * Z8)))
    odd = Z1 + t2 * (Z3 + t2 * (Z5 + t2 * (Z7 + t2 * Z9)))
    z = (even + t * odd) * (HALFWAY - m)
    return tl.where(signed < 0, z, -z)


@compiled
def expansion(rate, z):
    """Poisson count for a rate of 12 or more; see ``spec.poisson.by_expansion``."""
    s = tl.sqrt_rn(rate)
    z2 = z * z
    small = s * (z * (-(z2 * B1) - B2)) + (z2 * (z2 * D1 + D2) - D3)
    q = rate + s * z + (z2 * A1 + A2) + tl.div_rn(small, rate)
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
    """One block of one channel; the block, the sum of the cut and the number of cut pixels."""
    x = tl.load(images + base + pixel, mask=mask, other=1.0)
    y = x
    if COUNTS:
        y = poisson(x * photons, counting, mask, reciprocals) * inverse
    if READS:
        y = y + normal(readout) * sigma
    kept = y
    if CLIP:
        kept = tl.minimum(tl.maximum(y, 0.0), 1.0)
    shift = tl.sum(tl.where(mask, kept - y, 0.0), 0)
    cut = tl.sum(((kept != y) & mask).to(tl.float32), 0)
    return kept, shift, cut


@compiled
def write(
    out,
    mean_and_std,
    made,
    sample,
    channel,
    channels,
    outputs,
    pixels,
    pixel,
    mask,
    NORMED: tl.constexpr,  # noqa: N803
):
    """A block of one channel into each of its outputs, normalised or as it is."""
    for d in range(channel, outputs, channels):
        base = (sample.to(tl.int64) * outputs + d) * pixels
        value = made
        if NORMED:
            mean = tl.load(mean_and_std + d)
            std = tl.load(mean_and_std + outputs + d)
            value = tl.div_rn(made - mean, made * 0.0 + std)
        tl.store(out + base + pixel, value, mask=mask)


@compiled
def noise_kernel(
    images,
    out,
    partial,
    mean_and_std,
    keys,
    seed_and_stream,
    reciprocals,
    pixels,
    channels,
    outputs,
    photons,
    inverse,
    sigma,
    WORDS: tl.constexpr,  # noqa: N803
    COUNTS: tl.constexpr,  # noqa: N803
    READS: tl.constexpr,  # noqa: N803
    CLIP: tl.constexpr,  # noqa: N803
    NORMED: tl.constexpr,  # noqa: N803
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
            made, one_shift, one_cut = segment(
                images,
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
            write(
                out,
                mean_and_std,
                made,
                sample,
                channel,
                channels,
                outputs,
                pixels,
                pixel,
                mask,
                NORMED,
            )
            shift += one_shift
            cut += one_cut
    place = (sample * tl.num_programs(1) + tl.program_id(1)) * 2
    tl.store(partial + place, shift)
    tl.store(partial + place + 1, cut)
