"""Intensities in [0, 1] of a radiograph, as it is shown: 1 is white.

The grayscale pipeline of DICOM PS3.4, N.2: modality LUT (slope and intercept, or a table), VOI LUT
(window or table), and inversion for MONOCHROME1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.dicom.lookup import looked_up, top
from pytest_xraynoise.data.dicom.pixels import stored_values
from pytest_xraynoise.errors import DataError, SpecError, unknown

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from pytest_xraynoise.data.dicom.header import Header

    Floats = npt.NDArray[np.float64]

WINDOWS = ("voi", "full")
_BITS = 16  # of the window's output; rounding to it is below that of any stored image


def check_window(window: str) -> None:
    """Refuse other words.

    Raises:
        SpecError: with the nearest one.
    """
    if window not in WINDOWS:
        raise SpecError(unknown("window", window, WINDOWS))


def has_voi(dataset: Any) -> bool:
    """Whether the file says how it wants to be shown."""
    window = getattr(dataset, "WindowCenter", None) not in (None, "")
    return window or bool(getattr(dataset, "VOILUTSequence", None))


def is_straight(dataset: Any) -> bool:
    """Whether what is shown is a straight line of the stored values, between its ends."""
    if getattr(dataset, "VOILUTSequence", None) or getattr(dataset, "ModalityLUTSequence", None):
        return False
    return str(getattr(dataset, "VOILUTFunction", "") or "LINEAR").upper() != "SIGMOID"


def display_values(
    dataset: Any, path: Path, window: str = "voi"
) -> tuple[npt.NDArray[np.float32], Header]:
    """The image as it is shown.

    Args:
        dataset: of pydicom, with pixels.
        path: where it comes from, for messages.
        window: ``voi`` for the file's own window or table (the first of several), where it has one;
            ``full`` for everything from the lowest to the highest value that its depth allows.

    Returns:
        (H, W) float32 in [0, 1], and the header.

    Raises:
        DataError: see :func:`stored_values`; or a table or window that makes no sense.
        SpecError: another window.
    """
    check_window(window)
    values, header = stored_values(dataset, path)
    try:
        made = _shown(values, dataset, header, window == "voi" and has_voi(dataset))
    except Exception as error:  # pydicom raises whatever it likes at a table that is none
        raise DataError(
            f"the DICOM file {str(path)!r} has a window or lookup table that cannot be applied "
            f"({error}); window='full' leaves the window out"
        ) from None
    pixels = np.clip(made, 0, 1).astype(np.float32)
    return (np.float32(1) - pixels if header.inverted else pixels), header


def _shown(values: Any, dataset: Any, header: Header, windowed: bool) -> Floats:
    scaled = np.asarray(values, dtype=np.float64)
    modality = getattr(dataset, "ModalityLUTSequence", None)
    slope = float(getattr(dataset, "RescaleSlope", 1) or 1)
    intercept = float(getattr(dataset, "RescaleIntercept", 0) or 0)
    if modality:
        scaled, ends = looked_up(scaled, modality[0]), (0.0, top(modality[0]))
    else:
        scaled = slope * scaled + intercept
        ends = slope * header.low + intercept, slope * (header.low + header.span) + intercept
    if not windowed:
        return (scaled - min(ends)) / (max(ends) - min(ends))
    voi = getattr(dataset, "VOILUTSequence", None)
    return looked_up(scaled, voi[0]) / top(voi[0]) if voi else _windowed(scaled, dataset)


def _windowed(values: Floats, dataset: Any) -> Floats:
    """Through the first window: LINEAR, LINEAR_EXACT or SIGMOID (PS3.3, C.11.2.1.2 and .3).

    pydicom scales its output to the range that stored bits and slope allow, whose ends a falling
    slope exchanges; it is given a header of 16 unsigned bits without a slope.
    """
    from pydicom import Dataset
    from pydicom.pixels.processing import apply_windowing

    plain = Dataset()
    plain.PhotometricInterpretation = "MONOCHROME2"
    plain.BitsStored, plain.PixelRepresentation = _BITS, 0
    plain.WindowCenter, plain.WindowWidth = dataset.WindowCenter, dataset.WindowWidth
    plain.VOILUTFunction = str(getattr(dataset, "VOILUTFunction", "") or "LINEAR").upper()
    return np.asarray(apply_windowing(values, plain), dtype=np.float64) / (2.0**_BITS - 1)
