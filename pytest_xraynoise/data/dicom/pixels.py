"""Stored values of one frame: decompressed, without what lies in the bits beside them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.dicom.header import Header, read_header
from pytest_xraynoise.data.dicom.library import missing_decoder
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Values = npt.NDArray[np.int64]


def stored_values(dataset: Any, path: Path) -> tuple[Values, Header]:
    """(H, W) int64 stored values, and the header.

    Raises:
        DataError: no image, several frames, colour, a missing decoder, or damaged pixels.
    """
    where = f"the DICOM file {str(path)!r}"
    fault = refusal(dataset)
    if fault is not None:
        raise DataError(f"{where} cannot be read: {fault}")
    header = read_header(dataset)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = _decoded(dataset)
    except Exception as error:  # decoders raise whatever they like
        raise DataError(f"{where} cannot be read, its pixels are damaged: {error}") from None
    return _masked(values.astype(np.int64), header), header


def refusal(dataset: Any) -> str | None:
    """Why a dataset is no single grey projection that can be read here; None where it is one."""
    try:
        header = read_header(dataset)
        size = int(dataset.Rows), int(dataset.Columns)
    except (AttributeError, TypeError, ValueError):
        return "it holds no image"
    if header.frames > 1:
        return f"it has {header.frames} frames; expected a single projection image"
    if header.samples != 1:
        return f"it has {header.samples} samples for each pixel; expected a grey image"
    if not (1 <= header.bits <= 32 and min(size) >= 1):
        return f"it says {size[0]} x {size[1]} pixels of {header.bits} bits"
    return missing_decoder(dataset)


def _decoded(dataset: Any) -> npt.NDArray[Any]:
    """As they are stored: native words whole, as the value may lie in their upper bits."""
    from pydicom.pixels.utils import pixel_array

    native = not dataset.file_meta.TransferSyntaxUID.is_compressed
    return np.asarray(pixel_array(dataset, raw=native, correct_unused_bits=not native))


def _masked(values: Values, header: Header) -> Values:
    """The values between bit 0 and HighBit, with their sign.

    Old files keep overlays in the bits above (PS3.3, C.9.2, retired), which a reader has to mask.
    """
    shift = header.high_bit - header.bits + 1
    if shift > 0:
        values = values >> shift
    values = values & (2**header.bits - 1)
    if header.signed:
        half = 2 ** (header.bits - 1)
        values = (values ^ half) - half
    return values
