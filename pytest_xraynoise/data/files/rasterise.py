"""Closed contours as masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Points = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]


def filled(points: Points, height: int, width: int) -> Mask:
    """The pixels whose centres lie inside a closed polygon.

    Counting centres keeps the area: a mask differs from its polygon by what its border cuts off
    pixels, on both sides alike, while drawing the outline too (as drawing libraries do) adds half
    a pixel all round. Winding is not zero inside (matplotlib's rule for paths).

    Args:
        points: (N, 2) of x (column) and y (row) in pixels, where the centre of the first pixel is
            (0, 0); the last point is joined to the first.
        height: rows of the mask.
        width: columns of the mask.

    Returns:
        (height, width) bool.
    """
    from matplotlib.path import Path

    mask = np.zeros((height, width), dtype=np.bool_)
    low = np.maximum(np.ceil(points.min(0)).astype(int), 0)
    high = np.minimum(np.floor(points.max(0)).astype(int), (width - 1, height - 1))
    if len(points) < 3 or (high < low).any():
        return mask
    columns, rows = np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)
    grid = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    # The outline is closed by hand: the path would take the last point for a mark that it is.
    inside = Path(np.concatenate([points, points[:1]])).contains_points(grid)
    mask[low[1] : high[1] + 1, low[0] : high[0] + 1] = inside.reshape(len(rows), len(columns))
    return mask
