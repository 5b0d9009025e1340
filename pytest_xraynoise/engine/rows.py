"""Rows that come batch by batch, and stay for the whole pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FIRST = 1024
"""Rows that there is room for at the beginning."""


class GrowingRows:
    """An array that grows at its end.

    Its memory doubles when it is full. A small array for each batch would live between the images
    of one batch and the next, and the allocator could then give the place of freed images to no
    others: with every batch the process would grow by some of them.

    Args:
        rows: (N, ...) those that are there already.
    """

    def __init__(self, rows: Array | None = None) -> None:
        self._held: Array | None = rows
        self._count = 0 if rows is None else len(rows)

    def __len__(self) -> int:
        return self._count

    @property
    def array(self) -> Array:
        """All rows, (N, ...) float64; a view.

        Raises:
            ValueError: when nothing was added yet.
        """
        if self._held is None:
            raise ValueError("no rows were added")
        return self._held[: self._count]

    def add(self, rows: Array) -> None:
        """Copy rows of the same shape to the end.

        Raises:
            ValueError: for another shape.
        """
        if self._held is not None and rows.shape[1:] != self._held.shape[1:]:
            raise ValueError(f"rows of {rows.shape[1:]} after rows of {self._held.shape[1:]}")
        after = self._count + len(rows)
        if self._held is None or after > len(self._held):
            grown = np.empty((max(FIRST, 2 * after), *rows.shape[1:]))
            if self._held is not None:
                grown[: self._count] = self.array
            self._held = grown
        self._held[self._count : after] = rows
        self._count = after
