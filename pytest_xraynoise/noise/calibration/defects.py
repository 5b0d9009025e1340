"""Pixels that do not answer as their neighbours: dead, hot, or blinking."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

FAR = 8.0
"""Robust standard deviations; noise alone goes so far once in 10^15 pixels."""


def defects(first: Floats, second: Floats) -> Mask:
    """Which pixels of a pair of (n, side, side) blocks stand far off in their mean or difference.

    The deviation is measured by the median absolute deviation, which defects do not move.
    """
    bad = np.zeros(first.shape, dtype=bool)
    for values in ((first + second) / 2, first - second):
        deviation = values - np.median(values, axis=(1, 2), keepdims=True)
        size = np.abs(deviation)
        sigma = 1.4826 * float(np.median(size))
        if sigma > 0:
            bad |= size > FAR * sigma
    return bad


def filled(blocks: Floats, bad: Mask) -> Floats:
    """The blocks with the mean of a block's good pixels at its bad ones."""
    if not bad.any():
        return blocks
    good = np.maximum((~bad).sum(axis=(1, 2)), 1)
    means = np.where(bad, 0.0, blocks).sum(axis=(1, 2)) / good
    return np.where(bad, means[:, None, None], blocks)
