"""What of an image a ladder's picture shows: the whole in a panel, and a detail pixel for pixel.

A whole radiograph is larger than a panel, and averaging its pixels would hide the noise that the
picture is about. So each panel comes with a detail in which one image pixel is a whole number of
picture pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import SpecError

Image: TypeAlias = npt.NDArray[np.float32]
Grey: TypeAlias = npt.NDArray[np.uint8]

REDUCED = 400
"""Longest side in picture pixels of a panel that shows an image smaller than it is."""
FITS = 512
"""Images up to this side are shown pixel for pixel, enlarged as often as they fit."""
ZOOM = 4
"""Picture pixels to a pixel of the detail; half of it beyond :data:`LARGE`, to show anatomy."""
LARGE = 1024
_INNER = 0.7
_LARGEST_DETAIL = 2048


@dataclass(frozen=True, slots=True)
class Panel:
    """One image as it is drawn: 8 bit grey, black 0, white 1.

    Attributes:
        whole: the image, averaged down where it is larger than the panel.
        detail: the detail's own pixels, not enlarged; None where the whole shows them.
    """

    whole: Grey
    detail: Grey | None


@dataclass(frozen=True, slots=True)
class View:
    """Where the panels of a picture are cut and how large they are drawn, in picture pixels.

    Attributes:
        shape: (H, W) of the image.
        whole: (height, width) of the panel with the whole image.
        box: (top, left, height, width) of the detail in image pixels, or None.
        zoom: picture pixels to a pixel of the detail.
        alone: whether the detail is drawn without the whole image.
    """

    shape: tuple[int, int]
    whole: tuple[int, int]
    box: tuple[int, int, int, int] | None
    zoom: int
    alone: bool = False

    @property
    def scale(self) -> float:
        """Picture pixels to an image pixel in the whole panel; below 1 it is averaged."""
        return max(self.whole) / max(self.shape)

    @property
    def detail(self) -> tuple[int, int]:
        """(height, width) of the drawn detail; zeros without one."""
        return (0, 0) if self.box is None else (self.box[2] * self.zoom, self.box[3] * self.zoom)

    @property
    def width(self) -> int:
        """Width of a column of panels."""
        return max(0 if self.alone else self.whole[1], self.detail[1])

    def panel(self, image: Image) -> Panel:
        """Cut one image of this shape."""
        cut = None
        if self.box is not None:
            top, left, height, width = self.box
            cut = to_grey(image[top : top + height, left : left + width])
        return Panel(to_grey(_averaged(image, self.whole)), cut)


def view_of(
    image: Image,
    *,
    alone: bool = False,
    size: int | None = None,
    at: tuple[int, int] | None = None,
) -> View:
    """Choose the panels for an image and for its noisy versions.

    Args:
        image: (H, W) clean intensities in [0, 1].
        alone: draw the detail without the whole image.
        size: side of the detail in image pixels; None for what fits the panel at 4 to 1,
            2 to 1 in large images.
        at: column and row of the detail's centre; None for where the image is closest to mid grey
            with structure in it, away from the borders: there noise shows, and clipping hides none.

    Raises:
        SpecError: a size or a place outside the image.
    """
    height, width = image.shape
    longest = max(height, width)
    factor = FITS // longest if longest <= FITS else 0
    whole = (
        (height * factor, width * factor)
        if factor
        else (max(1, round(height * REDUCED / longest)), max(1, round(width * REDUCED / longest)))
    )
    if factor >= ZOOM and not (alone or size or at):
        return View((height, width), whole, None, 1)
    room = FITS if alone else max(whole)
    most = min(longest, _LARGEST_DETAIL)
    side = min(room // (ZOOM if longest <= LARGE else ZOOM // 2), most) if size is None else size
    if not 1 <= side <= most:
        raise SpecError(
            f"a detail of {side} pixels: expected 1 to {most} of an image of {width} x {height}"
        )
    rows, columns = min(side, height), min(side, width)
    top, left = _place(image, rows, columns) if at is None else _around(at, rows, columns, image)
    zoom = max(1, room // max(rows, columns))
    return View((height, width), whole, (top, left, rows, columns), zoom, alone)


def to_grey(image: Image) -> Grey:
    """Intensities in [0, 1] as 8 bit grey, always on the same scale."""
    grey: Grey = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return grey


def _averaged(image: Image, size: tuple[int, int]) -> Image:
    from PIL import Image as Pillow

    if size[0] >= image.shape[0]:  # a whole number of times larger: drawn so, not made so
        return image
    drawn = Pillow.fromarray(np.asarray(image, np.float32))
    made: Image = np.asarray(drawn.resize(size[::-1], Pillow.Resampling.BOX), dtype=np.float32)
    return made


def _around(at: tuple[int, int], rows: int, columns: int, image: Image) -> tuple[int, int]:
    x, y = at
    height, width = image.shape
    if not (0 <= x < width and 0 <= y < height):
        raise SpecError(
            f"a detail around column {x}, row {y}: the image has {width} columns, {height} rows"
        )
    top = min(max(y - rows // 2, 0), height - rows)
    return top, min(max(x - columns // 2, 0), width - columns)


def _place(image: Image, rows: int, columns: int) -> tuple[int, int]:
    """The window that is nearest to mid grey, structure in it making up for distance."""
    step = max(1, min(rows, columns) // 4)
    tops, lefts = (_starts(n, w, step) for n, w in zip(image.shape, (rows, columns), strict=True))
    mean = _window_sums(image, rows, columns, tops, lefts) / (rows * columns)
    square = _window_sums(image**2, rows, columns, tops, lefts) / (rows * columns)
    contrast = np.sqrt(np.maximum(square - mean**2, 0))
    best = int(np.argmin(np.abs(mean - 0.5) - contrast / 2))
    row, column = divmod(best, len(lefts))
    return int(tops[row]), int(lefts[column])


def _starts(pixels: int, window: int, step: int) -> npt.NDArray[np.intp]:
    """Where windows start: within the inner part, away from collimator edges and markers."""
    edge = min(round(pixels * (1 - _INNER) / 2), (pixels - window) // 2)
    return np.arange(edge, pixels - window - edge + 1, step)


def _window_sums(
    image: Image,
    rows: int,
    columns: int,
    tops: npt.NDArray[np.intp],
    lefts: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    total = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    total[1:, 1:] = image.cumsum(0, dtype=np.float64).cumsum(1)
    below, right = tops + rows, lefts + columns
    return (
        total[np.ix_(below, right)]
        - total[np.ix_(tops, right)]
        - total[np.ix_(below, lefts)]
        + total[np.ix_(tops, lefts)]
    )
