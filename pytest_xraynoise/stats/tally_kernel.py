"""Counting of draws, compiled: words of a block are made first, which vectorises, then counted.

The constants are of :mod:`~pytest_xraynoise.stats.tally`; raise :data:`REVISION` with any change of
them, because Numba's cache watches this file alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import uint8 as _uint8
from numba import uint64 as _uint64

from pytest_xraynoise.compiling import cached, compiled
from pytest_xraynoise.stats.tally import FIRST, GAMMA, HALF, LOW, SECOND

if TYPE_CHECKING:
    from pytest_xraynoise.stats.tally import Counts, Keys

uint8: Any = _uint8
uint64: Any = _uint64
REVISION = 1

BLOCK = 1024
"""Words at a time; both draws of each stay in the first-level cache."""

_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


@compiled
def _draw(key: Any, begin: Any, units: Any, low: Any, high: Any) -> None:
    """The draws of BLOCK words, from word ``begin`` on."""
    for i in range(BLOCK):
        word = key + (begin + uint64(i) + uint64(1)) * GAMMA
        word = (word ^ (word >> _30)) * FIRST
        word = (word ^ (word >> _27)) * SECOND
        word = word ^ (word >> _31)
        low[i] = ((word & LOW) * units) >> HALF
        high[i] = ((word >> HALF) * units) >> HALF


@cached
def tally(keys: Keys, counts: Counts) -> None:
    """See :func:`pytest_xraynoise.stats.tally.tally_plainly`."""
    units = counts.shape[0]
    words = (units + 1) // 2
    low = np.empty(BLOCK, dtype=np.uint32)
    high = np.empty(BLOCK, dtype=np.uint32)
    for resample in range(len(keys)):
        for begin in range(0, words, BLOCK):
            _draw(keys[resample], uint64(begin), uint64(units), low, high)
            for i in range(min(BLOCK, words - begin)):
                counts[low[i], resample] += uint8(1)
            for i in range(min(BLOCK, units - words - begin)):
                counts[high[i], resample] += uint8(1)
