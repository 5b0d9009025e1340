"""Which samples a resample draws, as counts: in NumPy, and compiled where Numba is installed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.uint8]

GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""The step of SplitMix64: 2^64 over the golden ratio, odd."""

FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
"""The factors of its mixing function (variant 13 of Stafford)."""

HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)

DRAWS = 1 << 20
"""Draws that the NumPy form holds at a time."""


def draw_counts(first: int, resamples: int, units: int, seed: int) -> Counts:
    """How often each unit is drawn in some resamples, each of which draws as many as there are.

    Word j of resample r is mix(k + (j + 1) GAMMA) with k = mix(mix(seed) + r GAMMA): SplitMix64
    (Steele, Lea and Flood 2014, DOI 10.1145/2660193.2660195), whose words depend on their number
    alone, from a start of its own for each resample. Two of 2,000 resamples of 100,000 samples
    share words with a probability of 1e-8.

    A word makes two draws: its low half times ``units`` over 2^32 is draw j, its high half draw
    j + ceil(units / 2). A unit then has a probability of k / 2^32, where k is 2^32 / units rounded
    up or down: it is off by less than units / 2^32 of itself, 2.4 in 10,000 for a million units. No
    word is rejected, so that each has its place in the stream.

    A count has 8 bits. That a unit is drawn 256 times has a probability below 1 / 256!, 1e-507.

    Args:
        first: number of the first resample. Resample r depends on ``seed`` and r alone.
        resamples: how many, B.
        units: how many samples or groups, U, from 1 to 2^32 - 1.
        seed: any whole number; it counts modulo 2^64.

    Returns:
        (U, B) uint8.
    """
    numbers = np.arange(first, first + resamples, dtype=np.uint64)
    keys = mix(mix(np.array([seed % 2**64], dtype=np.uint64)) + numbers * GAMMA)
    counts = np.zeros((units, resamples), dtype=np.uint8)
    (_compiled() or tally_plainly)(keys, counts)
    return counts


def mix(words: Keys) -> Keys:
    """The mixing function of SplitMix64, in which every bit of a word changes half of the bits."""
    words = (words ^ (words >> np.uint64(30))) * FIRST
    words = (words ^ (words >> np.uint64(27))) * SECOND
    return words ^ (words >> np.uint64(31))


def tally_plainly(keys: Keys, counts: Counts) -> None:
    """Add one to the count of each drawn unit.

    Args:
        keys: (B,) uint64, where the stream of each resample starts.
        counts: (U, B) uint8, changed in place.
    """
    units, resamples = counts.shape
    places = np.arange(1, -(-units // 2) + 1, dtype=np.uint64) * GAMMA
    step = max(1, DRAWS // units)
    for begin in range(0, resamples, step):
        words = mix(keys[begin : begin + step, None] + places)
        halves = np.concatenate([words & LOW, words >> HALF], axis=1)[:, :units]
        drawn = ((halves * np.uint64(units)) >> HALF).astype(np.intp)
        width = len(words)
        slots = drawn * width + np.arange(width)[:, None]
        found = np.bincount(slots.ravel(), minlength=units * width)
        counts[:, begin : begin + width] += found.astype(np.uint8).reshape(units, width)


@functools.cache
def _compiled() -> Callable[[Keys, Counts], None] | None:
    try:
        from pytest_xraynoise.stats.tally_kernel import tally
    except ImportError:  # NumPy serves, with the same counts
        return None
    return cast("Callable[[Keys, Counts], None]", tally)
