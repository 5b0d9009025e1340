"""From a file to intensities in [0, 1]."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.data.radiograph.array_files import read_array
from pytest_xraynoise.data.radiograph.dicom import read_dicom
from pytest_xraynoise.data.radiograph.pictures import read_picture
from pytest_xraynoise.data.radiograph.stored import Range, Stored, grey
from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    import os

_ROUNDING = 1e-6
_NARROW = 0.5
_LARGEST = 16_384
_HOW = "say which values are black and white: --range LOW HIGH, or value_range=(low, high)"


@dataclass(frozen=True, slots=True)
class Radiograph:
    """A grey image, and how it came to its intensities.

    Attributes:
        pixels: (H, W) float32 in [0, 1].
        black, white: the stored values of intensity 0 and 1.
        depth: the kind of stored values in words: ``8 bit``.
        pixel_pitch: mm where the file says it, else None.
        linear: whether the file says that its values are linear in exposure; None if it is silent.
        notes: what was assumed or converted, one sentence each.
    """

    pixels: npt.NDArray[np.float32]
    black: float
    white: float
    depth: str
    pixel_pitch: float | None = None
    linear: bool | None = None
    notes: tuple[str, ...] = ()

    def resized(self, longest: int) -> Radiograph:
        """The same image with ``longest`` pixels on its longest side, its pitch changed with it.

        Bilinear, over the area of a new pixel where the image shrinks.

        Raises:
            SpecError: fewer than 2 pixels, or more than 16384.
        """
        from PIL import Image

        if not 2 <= longest <= _LARGEST:
            raise SpecError(f"size {longest}: expected 2 to {_LARGEST} pixels on the longest side")
        height, width = self.pixels.shape
        scale = longest / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        made = Image.fromarray(self.pixels).resize(size, Image.Resampling.BILINEAR)
        pitch = None if self.pixel_pitch is None else self.pixel_pitch / scale
        pixels = np.clip(np.asarray(made, dtype=np.float32), 0, 1)
        return dataclasses.replace(self, pixels=pixels, pixel_pitch=pitch)


def read_radiograph(path: str | os.PathLike[str], value_range: Range | None = None) -> Radiograph:
    """Read one grey image.

    Args:
        path: a PNG, JPEG, TIFF, BMP, PGM, .npy or DICOM file.
        value_range: stored values of black and white; None for the whole range of the bit depth,
            0 to 1 for floats.

    Raises:
        DataError: no such file, no image, a colour image, NaN, fewer than two pixels, values
            outside the range, or a depth that says no range.
        SpecError: a ``value_range`` that is not two rising finite numbers.
    """
    if value_range is not None:
        low, high = value_range
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise SpecError(f"range {low:g} {high:g}: expected two finite numbers, LOW below HIGH")
    where = repr(str(path))
    stored = _read(Path(path), where)
    values, notes = grey(stored, where)
    if values.size < 2:
        shape = " x ".join(map(str, values.shape))
        raise DataError(f"{where} is an image of {shape} pixels; noise needs two at least")
    low, high = _full_scale(values, stored, value_range, where)
    pixels = np.clip((values - low) / (high - low), 0, 1).astype(np.float32)
    if value_range is None:
        notes = (*notes, *_narrow(values, low, high))
    if stored.inverted:
        pixels = np.float32(1) - pixels
        low, high = high, low
        name = "MONOCHROME1" if stored.depth.endswith("DICOM") else "WhiteIsZero"
        notes = (*notes, f"{name}: inverted, so that 1 is white")
    pitch, linear = stored.pixel_pitch, stored.linear
    return Radiograph(pixels, low, high, stored.depth, pitch, linear, notes)


def _read(path: Path, where: str) -> Stored:
    try:
        with path.open("rb") as stream:
            head = stream.read(132)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read the image {where}: {reason}") from None
    if head[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom"):
        return read_dicom(path)
    if head.startswith(b"\x93NUMPY") or path.suffix.lower() in (".npy", ".npz"):
        return read_array(path)
    return read_picture(path)


def _full_scale(
    values: npt.NDArray[np.float64], stored: Stored, said: Range | None, where: str
) -> Range:
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise DataError(f"{bad} of {values.size} pixels of {where} are NaN or infinite")
    seen = f"values from {values.min():g} to {values.max():g}"
    scale = said or stored.full_scale
    if scale is None:
        raise DataError(f"{where} holds {seen} of {stored.depth}, which has no full scale; {_HOW}")
    slack = _ROUNDING * (scale[1] - scale[0])
    if values.min() < scale[0] - slack or values.max() > scale[1] + slack:
        raise DataError(
            f"{where} holds {seen}, outside the range {scale[0]:g} to {scale[1]:g} "
            f"{'given' if said else f'of {stored.depth}'}; {_HOW}"
        )
    return scale


def _narrow(values: npt.NDArray[np.float64], low: float, high: float) -> tuple[str, ...]:
    """A 12 bit image in a 16 bit file looks black, and is hit far harder than it should be."""
    least, most = float(values.min()), float(values.max())
    if (most - least) / (high - low) >= _NARROW:
        return ()
    return (
        f"the values, {least:g} to {most:g}, use {(most - least) / (high - low):.0%} of the full "
        f"scale {low:g} to {high:g}; if that is not theirs, {_HOW}",
    )
