"""DICOM through pydicom: stored values, their depth, the pixel pitch and the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.data.dicom.library import read_dataset
from pytest_xraynoise.data.dicom.pixels import stored_values
from pytest_xraynoise.data.radiograph.stored import Stored

if TYPE_CHECKING:
    from pathlib import Path

_LINEAR = {"linear": True, "log": False}


def read_dicom(path: Path) -> Stored:
    """The stored values of a projection image; no window and no lookup table is applied.

    The full scale is that of BitsStored. The pixel pitch is ImagerPixelSpacing, at the detector's
    front, where the quanta are counted; else DetectorElementSpacing, else PixelSpacing.

    Raises:
        DataError: pydicom or a decoder is missing, no image, or several frames.
    """
    values, header = stored_values(read_dataset(path), path)
    return Stored(
        values,
        (header.low, header.low + header.span),
        f"{header.bits} bit DICOM",
        inverted=header.low_is_white,
        pixel_pitch=header.pixel_pitch,
        # Linear values that are shown inverted are no longer linear in exposure as intensities.
        linear=_LINEAR.get(str(header.response)),
    )
