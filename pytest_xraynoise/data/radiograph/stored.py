"""Pixels as a file holds them, before anybody says what black and white are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import DataError

Range: TypeAlias = tuple[float, float]

# Chroma that JPEG leaves in a grey picture that was stored in colour; a real tint is far above it.
_NEARLY_GREY = 0.05
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Stored:
    """Pixels as a file holds them.

    Attributes:
        values: (H, W), or (H, W, 3) in colour, of any real dtype.
        full_scale: the lowest and the highest value that the depth allows; None if it says nothing.
        depth: the kind of values in words: ``8 bit``.
        inverted: whether the lowest value is shown white (MONOCHROME1, WhiteIsZero).
        pixel_pitch: mm, or None.
        linear: whether the file says that its values are linear in exposure; None if it is silent.
        notes: what a reader should know, one sentence each.
    """

    values: npt.NDArray[Any]
    full_scale: Range | None
    depth: str
    inverted: bool = False
    pixel_pitch: float | None = None
    linear: bool | None = None
    notes: tuple[str, ...] = ()


def natural_scale(dtype: np.dtype[Any]) -> tuple[Range | None, str]:
    """The full scale that a dtype makes obvious, and the dtype in words."""
    if dtype.kind == "b":
        return (0.0, 1.0), "1 bit"
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return (0.0, 256.0**dtype.itemsize - 1), f"{8 * dtype.itemsize} bit"
    if dtype.kind == "f":
        return (0.0, 1.0), f"{dtype.name}"
    return None, f"{dtype.name}"


def grey(stored: Stored, where: str) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The values as (H, W) float64, and the notes with what was converted.

    Raises:
        DataError: a colour image.
    """
    values = stored.values.astype(np.float64)
    if values.ndim == 2:
        return values, stored.notes
    span = float(np.ptp(stored.full_scale)) if stored.full_scale else float(np.ptp(values))
    apart = float(np.ptp(values, axis=2).max(initial=0.0)) / (span or 1.0)
    if apart == 0:
        return values[..., 0], stored.notes
    if not apart <= _NEARLY_GREY:
        raise DataError(
            f"{where} is a colour image: its channels differ by up to {apart:.0%} of full scale. "
            "Noise of X-ray detectors acts on one intensity a pixel; save the image in grey"
        )
    note = f"the colour channels differ by up to {apart:.1%}; their luma is used"
    return values @ _LUMA, (*stored.notes, note)
