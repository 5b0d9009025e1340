"""Flat fields in DICOM files, through pydicom where it is installed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Pixels: TypeAlias = npt.NDArray[np.generic]

_MAGIC_AT = 128


def is_dicom(path: Path) -> bool:
    """Whether the file's name or its preamble (DICOM PS3.10, 7.1) says DICOM."""
    if path.suffix.lower() in (".dcm", ".dicom"):
        return True
    with path.open("rb") as stream:
        stream.seek(_MAGIC_AT)
        return stream.read(4) == b"DICM"


def read_dicom(path: Path) -> tuple[Pixels, float | None]:
    """Stored pixel values, rising with exposure, and the pitch at the detector in mm or None.

    Raises:
        DataError: pydicom is missing, or the image is coloured, a series, or not linear.
    """
    try:
        pydicom = importlib.import_module("pydicom")
    except ImportError:
        raise DataError(
            f"{str(path)!r} is a DICOM file, which needs pydicom: pip install pydicom"
        ) from None
    data = pydicom.dcmread(path)
    relation = str(data.get("PixelIntensityRelationship", "LIN"))
    if relation != "LIN":
        raise DataError(
            f"{str(path)!r} states PixelIntensityRelationship {relation}; expected LIN: photon "
            "transfer needs values linear in exposure (a DX image 'for processing')"
        )
    pixels = data.pixel_array
    # Sign -1: lower values for more exposure (DICOM PS3.3, C.8.11.3).
    if int(data.get("PixelIntensityRelationshipSign", 1)) == -1:
        pixels = 2 ** int(data.BitsStored) - 1 - pixels.astype("int64")
    return pixels, _pitch(data, path)


def _pitch(data: Any, path: Path) -> float | None:
    """Spacing at the detector's front plane: that of PixelSpacing is scaled to the patient."""
    spacing = data.get("ImagerPixelSpacing")
    if spacing is None:
        return None
    rows, columns = (float(value) for value in spacing)
    if abs(rows - columns) > 1e-3 * rows:
        raise DataError(f"{str(path)!r} has pixels of {rows:g} x {columns:g} mm; expected squares")
    return rows
