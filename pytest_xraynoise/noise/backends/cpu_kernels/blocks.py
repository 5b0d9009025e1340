"""Loops over one block of one channel: normal numbers, counting, readout, clipping.

Every array comes with the offset of its first element, and ``size`` says how many follow.
"""

from __future__ import annotations

from typing import Any

from pytest_xraynoise.noise.backends.cpu_kernels.compiled import (
    FIRST,
    SECOND,
    Z_COUNT,
    Z_READOUT,
    Array,
    compiled,
    reducing,
)
from pytest_xraynoise.noise.backends.cpu_kernels.draws import (
    ONE,
    ZERO,
    bright_count,
    quantile,
    radicand,
    rooted,
)


@compiled
def normals(words: Array, at: Any, s: Array, out: Array, begin: Any, size: Any) -> None:
    """Standard normal numbers of words[at:] into out[begin:]."""
    for i in range(size):
        s[FIRST + i] = radicand(words[at + i])
    for i in range(size):
        out[begin + i] = quantile(rooted(s[FIRST + i]), words[at + i])


@compiled
def two_normals(words: Array, first: Any, second: Any, s: Array, size: Any) -> None:
    """The first word's normal numbers into Z_COUNT, the second's almost: SECOND is rooted.

    Roots are slow and use no multiplier, so each loop takes those of one word and the polynomial of
    the other.
    """
    for i in range(size):
        s[FIRST + i] = radicand(words[first + i])
    for i in range(size):
        s[FIRST + i] = rooted(s[FIRST + i])
        s[SECOND + i] = radicand(words[second + i])
    for i in range(size):
        s[SECOND + i] = rooted(s[SECOND + i])
        s[Z_COUNT + i] = quantile(s[FIRST + i], words[first + i])


@compiled
def finish_normals(words: Array, second: Any, s: Array, size: Any) -> None:
    """The second word's normal numbers into Z_READOUT, after :func:`two_normals`."""
    for i in range(size):
        s[Z_READOUT + i] = quantile(s[SECOND + i], words[second + i])


@compiled
def count_and_read(
    words: Array,
    second: Any,
    s: Array,
    x: Array,
    begin: Any,
    out: Array,
    at: Any,
    size: Any,
    photons: Any,
    sigma: Any,
) -> None:
    """Bright counts and readout noise, straight after :func:`two_normals`."""
    inverse = ONE / photons
    for i in range(size):
        z = quantile(s[SECOND + i], words[second + i])
        out[at + i] = bright_count(x[begin + i] * photons, s[Z_COUNT + i]) * inverse + z * sigma


@compiled
def count_and_add(
    x: Array,
    begin: Any,
    z: Array,
    counting: Any,
    readout: Any,
    out: Array,
    at: Any,
    size: Any,
    photons: Any,
    sigma: Any,
) -> None:
    """Bright counts and readout noise from normal numbers z[counting:] and z[readout:]."""
    inverse = ONE / photons
    for i in range(size):
        count = bright_count(x[begin + i] * photons, z[counting + i])
        out[at + i] = count * inverse + z[readout + i] * sigma


@compiled
def count(
    x: Array, begin: Any, z: Array, counting: Any, out: Array, at: Any, size: Any, photons: Any
) -> None:
    """Bright counts; pixels with a rate under 12 get 0."""
    inverse = ONE / photons
    for i in range(size):
        out[at + i] = bright_count(x[begin + i] * photons, z[counting + i]) * inverse


@compiled
def add(
    x: Array, begin: Any, z: Array, readout: Any, out: Array, at: Any, size: Any, sigma: Any
) -> None:
    """Readout noise on x[begin:]."""
    for i in range(size):
        out[at + i] = x[begin + i] + z[readout + i] * sigma


@compiled
def read(
    words: Array,
    at_word: Any,
    s: Array,
    x: Array,
    begin: Any,
    out: Array,
    at: Any,
    size: Any,
    sigma: Any,
) -> None:
    """Readout noise alone, straight from words."""
    for i in range(size):
        s[FIRST + i] = radicand(words[at_word + i])
    for i in range(size):
        z = quantile(rooted(s[FIRST + i]), words[at_word + i])
        out[at + i] = x[begin + i] + z * sigma


@reducing
def cut(out: Array, at: Any, size: Any) -> Any:
    """Cut to [0, 1] in place; return the sum of the changes and the number of cut pixels.

    The order of the sum is left to the compiler, so that it stays in registers.
    """
    change, pixels = ZERO, ZERO
    for i in range(size):
        y = out[at + i]
        kept = y if y > ZERO else ZERO
        kept = kept if kept < ONE else ONE
        change += kept - y
        pixels += ONE if kept != y else ZERO
        out[at + i] = kept
    return change, pixels


@compiled
def normalise(made: Array, out: Array, at: Any, size: Any, mean: Any, std: Any) -> None:
    """(made - mean) / std into out[at:]."""
    for i in range(size):
        out[at + i] = (made[i] - mean) / std


@compiled
def copy(made: Array, out: Array, at: Any, size: Any) -> None:
    """Made into out[at:]."""
    for i in range(size):
        out[at + i] = made[i]
