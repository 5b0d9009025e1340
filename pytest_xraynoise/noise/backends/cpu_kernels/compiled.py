"""How the kernels are compiled, and the working memory of one thread.

Only the functions of ``samples`` are cached on disk. Numba's cache watches the file of the cached
function alone, so whoever changes another file of this folder, or ``spec/coefficients.py``, raises
``samples.REVISION`` to make every cache stale.

The loops are written for a vectorising compiler. All floats of the working memory are rows of one
flat array at constant offsets, because a loop over more than four arrays is given up, and offsets
into the sample are unsigned, because a signed index might count from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.compiling import cached, compiled, reducing
from pytest_xraynoise.noise.spec.coefficients import LANES

__all__ = ["BLOCK", "ROW", "ROWS", "Array", "cached", "compiled", "reducing"]

Array = npt.NDArray[Any]

BLOCK = LANES
"""Counters at a time: a whole group, so that pixels are read and written in one line."""
ROW = BLOCK + 48
"""Length of a row: not a multiple of 4 kB, or all rows would fall on the same cache sets."""
SHIFT, CUT, Z_COUNT, Z_READOUT, FIRST, SECOND, COUNTS, RATE, UNIFORM, TERM, TOTAL, ROWS = (
    np.uint64(row * ROW) for row in range(12)
)
"""Offsets of the float rows, and their length together."""
