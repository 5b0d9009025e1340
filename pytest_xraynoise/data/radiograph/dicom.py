"""DICOM through pydicom: stored values, their depth, the pixel pitch and the response."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.radiograph.stored import Stored
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

_LINEAR = {"LIN": True, "LOG": False}


def read_dicom(path: Path) -> Stored:
    """The stored values of a projection image; no window and no lookup table is applied.

    The full scale is that of BitsStored. The pixel pitch is ImagerPixelSpacing, at the detector's
    front, where the quanta are counted; else PixelSpacing.

    Raises:
        DataError: pydicom or a decoder is missing, no image, or several frames.
    """
    try:
        import pydicom
    except ImportError:
        raise DataError(
            f"{str(path)!r} is DICOM, which pydicom reads: pip install pydicom"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old files bend the standard; the pixels decide
            dataset = pydicom.dcmread(path)
            values = np.asarray(dataset.pixel_array)
            return _stored(dataset, values, str(path))
    except DataError:
        raise
    except Exception as error:  # pydicom and its decoders raise whatever they like
        raise DataError(f"the DICOM file {str(path)!r} cannot be read: {error}") from None


def _stored(dataset: Any, values: np.ndarray[Any, Any], path: str) -> Stored:
    frames = int(getattr(dataset, "NumberOfFrames", 1) or 1)
    if frames > 1:
        raise DataError(f"{path!r} has {frames} frames; expected a single projection image")
    bits = int(dataset.BitsStored)
    signed = bool(int(getattr(dataset, "PixelRepresentation", 0)))
    low = -(2.0 ** (bits - 1)) if signed else 0.0
    relation = str(getattr(dataset, "PixelIntensityRelationship", "")).strip().upper()
    inverted = str(getattr(dataset, "PhotometricInterpretation", "")) == "MONOCHROME1"
    # Linear values that are shown inverted are no longer linear in exposure as intensities.
    linear = None if inverted and relation == "LIN" else _LINEAR.get(relation)
    return Stored(
        values,
        (low, low + 2.0**bits - 1),
        f"{bits} bit DICOM",
        inverted=inverted,
        pixel_pitch=_pitch(dataset),
        linear=linear,
    )


def _pitch(dataset: Any) -> float | None:
    for name in ("ImagerPixelSpacing", "PixelSpacing"):
        spacing = getattr(dataset, name, None)
        if spacing is not None and len(spacing) == 2 and all(float(s) > 0 for s in spacing):
            return math.sqrt(float(spacing[0]) * float(spacing[1]))  # square, but for rounding
    return None
