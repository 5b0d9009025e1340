"""One flat field from a file: PNG, TIFF, NumPy array or DICOM."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import DataError
from pytest_xraynoise.noise.calibration.dicom import is_dicom, read_dicom

if TYPE_CHECKING:
    import os

Pixels: TypeAlias = npt.NDArray[np.generic]

GREY_MODES = ("L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes with one channel of numbers."""


@dataclass(frozen=True, slots=True)
class Flat:
    """One image of an evenly lit detector.

    Attributes:
        name: what messages call it.
        pixels: (H, W) integers or floats in DN, linear in exposure.
        pixel_pitch: mm as the file states it, or None.
    """

    name: str
    pixels: Pixels
    pixel_pitch: float | None = None


def read_flat(source: str | os.PathLike[str] | Pixels | Flat) -> Flat:
    """Read and check one flat field.

    Args:
        source: a PNG, TIFF, .npy or DICOM file, or an (H, W) array.

    Raises:
        DataError: a file that cannot be read, is not grey, or holds something else than finite
            numbers.
    """
    if isinstance(source, Flat):
        return source
    if isinstance(source, np.ndarray):
        return Flat("array", _checked(source, "array"))
    path = Path(source)
    if not path.is_file():
        there = "it is a directory" if path.is_dir() else "no such file"
        raise DataError(f"cannot read flat field {str(path)!r}: {there}")
    try:
        if path.suffix.lower() == ".npy":
            return Flat(str(path), _checked(np.load(path, allow_pickle=False), str(path)))
        if is_dicom(path):
            pixels, pitch = read_dicom(path)
            return Flat(str(path), _checked(pixels, str(path)), pitch)
        return Flat(str(path), _checked(_read_picture(path), str(path)))
    except DataError:
        raise
    # Decoders raise whatever a broken file makes them stumble over.
    except Exception as error:
        raise DataError(
            f"cannot read flat field {str(path)!r}: {error or type(error).__name__}; expected a "
            "whole 16-bit PNG or TIFF, .npy or DICOM file"
        ) from error


def _read_picture(path: Path) -> Pixels:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tags and large images; neither matters here
        with Image.open(path) as picture:
            frames = getattr(picture, "n_frames", 1)
            if frames != 1:
                raise DataError(f"{str(path)!r} holds {frames} frames; expected one flat field")
            if picture.mode not in GREY_MODES:
                raise DataError(
                    f"{str(path)!r} is not grey (mode {picture.mode}); expected the detector's own "
                    "16-bit grey values"
                )
            return np.asarray(picture)


def _checked(pixels: Pixels, name: str) -> Pixels:
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise DataError(f"{name!r} has shape {pixels.shape}; expected one grey image, (H, W)")
    if pixels.dtype.kind not in "iuf":
        raise DataError(f"{name!r} holds {pixels.dtype}; expected integers or floats")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise DataError(f"{name!r} holds NaN or infinity; expected finite numbers")
    return pixels
