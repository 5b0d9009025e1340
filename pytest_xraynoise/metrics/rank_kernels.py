"""The walks of :mod:`~pytest_xraynoise.metrics.rank_walks`, compiled.

The counts of :data:`LANES` resamples of one sample lie side by side, one cache line, so that a step
of the walk is one read from a random place and a few vector operations for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import uint64 as _uint64

from pytest_xraynoise.compiling import cached

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.rank_walks import Counts, Floats, Rows, Steps, Wholes

uint64: Any = _uint64

LANES = 64
"""Resamples at a time. The loops over them have a fixed length, which the compiler unrolls."""


@cached
def count_pairs(
    rows: Rows, steps: Steps, counts: Counts, wins: Wholes, positives: Wholes, negatives: Wholes
) -> None:
    """See :func:`pytest_xraynoise.metrics.rank_walks.count_pairs`; the results are written to."""
    passed = np.empty(LANES, dtype=np.uint64)
    won = np.empty(LANES, dtype=np.uint64)
    held = np.empty(LANES, dtype=np.uint64)
    for start in range(0, counts.shape[1], LANES):
        passed[:] = 0
        won[:] = 0
        held[:] = 0
        for i in range(len(rows)):
            here = counts[rows[i], start : start + LANES]
            step = uint64(steps[i])
            if step == 0:
                for lane in range(LANES):
                    passed[lane] += uint64(here[lane])
            else:
                for lane in range(LANES):
                    weight = step * uint64(here[lane])
                    held[lane] += weight
                    won[lane] += weight * passed[lane]
        for lane in range(LANES):
            wins[start + lane] = won[lane]
            positives[start + lane] = held[lane]
            negatives[start + lane] = passed[lane]


@cached
def add_precisions(
    rows: Rows, steps: Steps, counts: Counts, areas: Floats, positives: Wholes, drawn: Wholes
) -> None:
    """See :func:`pytest_xraynoise.metrics.rank_walks.add_precisions`."""
    said = np.empty(LANES, dtype=np.uint64)
    hit = np.empty(LANES, dtype=np.uint64)
    now = np.empty(LANES, dtype=np.uint64)
    area = np.empty(LANES, dtype=np.float64)
    for start in range(0, counts.shape[1], LANES):
        said[:] = 0
        hit[:] = 0
        now[:] = 0
        area[:] = 0.0
        for i in range(len(rows)):
            here = counts[rows[i], start : start + LANES]
            for lane in range(LANES):
                said[lane] += uint64(here[lane])
            if steps[i] & 1:
                for lane in range(LANES):
                    now[lane] += uint64(here[lane])
            if steps[i] & 2:
                for lane in range(LANES):
                    hit[lane] += now[lane]
                    all_said = max(said[lane], uint64(1))  # nothing said, nothing hit: adds 0
                    area[lane] += float(now[lane]) * (float(hit[lane]) / float(all_said))
                    now[lane] = 0
        for lane in range(LANES):
            areas[start + lane] = area[lane]
            positives[start + lane] = hit[lane]
            drawn[start + lane] = said[lane]
