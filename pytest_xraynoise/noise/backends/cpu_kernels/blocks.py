"""Noise on one block of one channel: counting, readout, clipping."""

from __future__ import annotations

from typing import Any

from pytest_xraynoise.noise.backends.cpu_kernels.compiled import ROW, Array, compiled
from pytest_xraynoise.noise.backends.cpu_kernels.draws import ONE, TURN, ZERO, expansion, normal
from pytest_xraynoise.noise.backends.cpu_kernels.inversion import invert_block

ROWS = 6
COUNTS = ROWS - 1
"""The row of working memory that holds counts, behind those of inversion."""


@compiled
def count_block(
    x: Array,
    out: Array,
    z: Array,
    words: Array,
    photons: Any,
    dim: Any,
    bright: Any,
    rows: Array,
    index: Array,
) -> None:
    """Poisson(x photons) / photons; a rate of 0 or less gives 0."""
    inverse = ONE / photons
    if bright:
        for i in range(x.size):
            rate = x[i] * photons
            count = expansion(rate if rate > TURN else TURN, z[i])
            out[i] = (count if rate >= TURN else ZERO) * inverse
    else:
        out[:] = ZERO
    if dim:
        invert_block(x, out, words, photons, not bright, rows, index)


@compiled
def finish_block(source: Array, out: Array, z: Array, sigma: Any, clip: Any, lanes: Array) -> None:
    """Readout noise, then the cut to [0, 1].

    The change by the cut and the cut pixels are summed lane by lane into lanes (2 ROW,): one array,
    because the compiler gives up on a loop over more than four.
    """
    if not clip:
        for i in range(out.size):
            out[i] = source[i] + z[i] * sigma if sigma > ZERO else source[i]
    elif sigma > ZERO:
        for i in range(out.size):
            y = source[i] + z[i] * sigma
            kept = y if y > ZERO else ZERO
            kept = kept if kept < ONE else ONE
            lanes[i] += kept - y
            lanes[ROW + i] += ONE if kept != y else ZERO
            out[i] = kept
    else:  # counts are never under 0
        for i in range(out.size):
            y = source[i]
            kept = y if y < ONE else ONE
            lanes[i] += kept - y
            lanes[ROW + i] += ONE if kept != y else ZERO
            out[i] = kept


@compiled
def readout_block(x: Array, out: Array, words: Array, sigma: Any, clip: Any, lanes: Array) -> None:
    """Readout noise alone, straight from words: memory and arithmetic overlap in one loop."""
    if clip:
        for i in range(out.size):
            y = x[i] + normal(words[i]) * sigma
            kept = y if y > ZERO else ZERO
            kept = kept if kept < ONE else ONE
            lanes[i] += kept - y
            lanes[ROW + i] += ONE if kept != y else ZERO
            out[i] = kept
    else:
        for i in range(out.size):
            out[i] = x[i] + normal(words[i]) * sigma


@compiled
def bright_block(
    x: Array,
    out: Array,
    z_count: Array,
    z_readout: Array,
    photons: Any,
    sigma: Any,
    clip: Any,
    lanes: Array,
) -> None:
    """All of :func:`noise_block` in one loop, for rates of 12 or more, or of 0."""
    inverse = ONE / photons
    if clip:
        for i in range(out.size):
            rate = x[i] * photons
            count = expansion(rate if rate > TURN else TURN, z_count[i])
            y = (count if rate >= TURN else ZERO) * inverse + z_readout[i] * sigma
            kept = y if y > ZERO else ZERO
            kept = kept if kept < ONE else ONE
            lanes[i] += kept - y
            lanes[ROW + i] += ONE if kept != y else ZERO
            out[i] = kept
    else:
        for i in range(out.size):
            rate = x[i] * photons
            count = expansion(rate if rate > TURN else TURN, z_count[i])
            out[i] = (count if rate >= TURN else ZERO) * inverse + z_readout[i] * sigma


@compiled
def noise_block(
    x: Array,
    out: Array,
    z_count: Array,
    z_readout: Array,
    words: Array,
    photons: Any,
    sigma: Any,
    clip: Any,
    dim: Any,
    bright: Any,
    rows: Array,
    index: Array,
    lanes: Array,
) -> None:
    """One block of one channel: counting noise, readout noise, clipping."""
    if photons > ZERO and not dim:
        bright_block(x, out, z_count, z_readout, photons, sigma, clip, lanes)
    elif photons > ZERO:
        counts = rows[COUNTS, : x.size]
        count_block(x, counts, z_count, words, photons, dim, bright, rows, index)
        finish_block(counts, out, z_readout, sigma, clip, lanes)
    else:
        finish_block(x, out, z_readout, sigma, clip, lanes)
