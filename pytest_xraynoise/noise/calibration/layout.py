"""Which part of the images is used, and the blocks that it is cut into."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import DataError, SpecError

Floats: TypeAlias = npt.NDArray[np.float64]

SIDES = (128, 64, 32)
"""Sides of a block in pixels, the longest that leaves enough blocks is taken."""
ENOUGH_BLOCKS = 64
FEWEST_BLOCKS = 36
"""Blocks are what the bootstrap draws; with fewer its intervals are too short."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A region in the middle of the image, in square blocks side by side.

    Attributes:
        top, left: first row and column of the region.
        rows, columns: blocks.
        side: pixels of a block's side.
    """

    top: int
    left: int
    rows: int
    columns: int
    side: int

    @property
    def count(self) -> int:
        """How many blocks."""
        return self.rows * self.columns

    def region(self, pixels: npt.NDArray[np.generic]) -> Floats:
        """The region of an (H, W) image, float64."""
        height, width = self.rows * self.side, self.columns * self.side
        cut = pixels[self.top : self.top + height, self.left : self.left + width]
        return np.asarray(cut, dtype=np.float64)

    def blocks(self, region: Floats) -> Floats:
        """The region as (blocks, side, side)."""
        side = self.side
        split = region.reshape(self.rows, side, self.columns, side).swapaxes(1, 2)
        return split.reshape(self.count, side, side)


def layout_of(shape: tuple[int, ...], fraction: float) -> Layout:
    """Blocks for images of ``shape``.

    Args:
        shape: (H, W).
        fraction: the region's part of each side, in the middle of the image.

    Raises:
        SpecError: a fraction that is not above 0 and at most 1.
        DataError: a region too small.
    """
    if not (math.isfinite(fraction) and 0 < fraction <= 1):
        raise SpecError(f"region={fraction!r}: expected a fraction of each side, above 0, up to 1")
    height, width = (int(size * fraction) for size in shape)
    for side in SIDES:
        rows, columns = height // side, width // side
        if rows * columns >= (FEWEST_BLOCKS if side == SIDES[-1] else ENOUGH_BLOCKS):
            top, left = ((n - k * side) // 2 for n, k in zip(shape, (rows, columns), strict=True))
            return Layout(top, left, rows, columns, side)
    raise DataError(
        f"a region of {height} x {width} pixels ({fraction:g} of each side of {shape[0]} x "
        f"{shape[1]}) holds {rows * columns} blocks of {SIDES[-1]} pixels; expected at least "
        f"{FEWEST_BLOCKS}: use larger images or a larger region"
    )
