"""The detector's pixel grid and where each pixel lies in one patient."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float32]

FIELD_CM = 35.0
"""Side of the square field of view, 35 cm."""

_REACH = 32.0  # cm either side of the centre that profiles are tabulated for
_STEPS = 4096
_AXIS = np.linspace(-_REACH, _REACH, _STEPS, dtype=np.float32)


@lru_cache(maxsize=16)
def _detector(size: int) -> tuple[Array, Array]:
    centre = (np.arange(size, dtype=np.float32) + 0.5) * (FIELD_CM / size) - FIELD_CM / 2
    return centre[None, :], centre[:, None]


class Frame:
    """Patient coordinates of every pixel, in cm.

    ``u`` runs towards the patient's left, which is the image's right (a PA film is read as if the
    patient faced the reader); ``v`` runs towards the feet. The spine is at u = 0.

    Args:
        size: pixels a side.
        tilt: in-plane rotation, radians.
        scale: magnification of the patient.
        shift: (u, v) of the patient's centre on the detector, cm.
        curve: lateral bow of the spine in cm, a mild scoliosis.
    """

    def __init__(
        self, size: int, tilt: float, scale: float, shift: tuple[float, float], curve: float
    ) -> None:
        self.size = size
        self.pitch = FIELD_CM / size
        self._cos, self._sin = np.cos(tilt) / scale, np.sin(tilt) / scale
        self._scale2 = np.float32(scale * scale)
        self._shift = shift
        self._curve = curve
        x, y = _detector(size)
        x, y = x - np.float32(shift[0]), y - np.float32(shift[1])
        cos, sin = np.float32(self._cos), np.float32(self._sin)
        self.v: Array = cos * y - sin * x
        self._row = _index(self.v)
        self.u: Array = cos * x + sin * y - self.rows(self._bow)
        self.left: npt.NDArray[np.bool_] = self.u > 0

    def _bow(self, v: Array) -> Array:
        return np.asarray(self._curve * np.sin(v * (np.pi / 20)), dtype=np.float32)

    @cached_property
    def au(self) -> Array:
        """Distance from the midline, cm."""
        return np.asarray(np.abs(self.u), dtype=np.float32)

    def rows(self, profile: Callable[[Array], Array]) -> Array:
        """A function of ``v`` alone at every pixel, through a table (a tenth of a millimetre)."""
        return np.asarray(profile(_AXIS), dtype=np.float32)[self._row]

    def rows_by_side(
        self, right: Callable[[Array], Array], left: Callable[[Array], Array]
    ) -> Array:
        """As :meth:`rows`, with another function in each half of the patient."""
        table = np.concatenate([right(_AXIS), left(_AXIS)]).astype(np.float32)
        return np.asarray(table[self._row + self.left * np.intp(_STEPS)])

    def columns(self, profile: Callable[[Array], Array]) -> Array:
        """A function of the signed ``u`` alone at every pixel."""
        return np.asarray(profile(_AXIS), dtype=np.float32)[self._column]

    @cached_property
    def _column(self) -> npt.NDArray[np.intp]:
        return _index(self.u)

    def to_pixel(
        self, u: npt.NDArray[np.float64], v: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """(column, row) of patient points, in pixels; the inverse of ``u`` and ``v``."""
        u = u + self._curve * np.sin(v * (np.pi / 20))
        k = float(self._scale2)
        x = (self._cos * u - self._sin * v) * k + self._shift[0]
        y = (self._sin * u + self._cos * v) * k + self._shift[1]
        half = FIELD_CM / 2
        return (x + half) / self.pitch - 0.5, (y + half) / self.pitch - 0.5

    def window(self, u: float, v: float, radius: float) -> tuple[slice, slice] | None:
        """Rows and columns that hold a disc, for local drawing; None when it is off the film."""
        column, row = self.to_pixel(np.array([u]), np.array([v]))
        reach = int(np.ceil(radius * 1.2 / self.pitch)) + 1
        top, bottom = int(row[0]) - reach, int(row[0]) + reach + 1
        start, stop = int(column[0]) - reach, int(column[0]) + reach + 1
        top, start = max(top, 0), max(start, 0)
        bottom, stop = min(bottom, self.size), min(stop, self.size)
        if top >= bottom or start >= stop:
            return None
        return slice(top, bottom), slice(start, stop)


def _index(coordinate: Array) -> npt.NDArray[np.intp]:
    scaled = (coordinate + np.float32(_REACH)) * np.float32((_STEPS - 1) / (2 * _REACH))
    return np.asarray(np.clip(scaled + np.float32(0.5), 0, _STEPS - 1), dtype=np.intp)
