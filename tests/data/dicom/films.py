"""DICOM files that the tests write with pydicom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pydicom = pytest.importorskip("pydicom")

STORED = np.linspace(0, 4095, 48 * 40).round().astype(np.int64).reshape(48, 40)
"""Every level of 12 bits in steps of two."""
DX = "1.2.840.10008.5.1.4.1.1.1.1"


def dataset(values: npt.NDArray[Any] = STORED, bits: int = 12, **elements: Any) -> Any:
    """A projection image of ``bits`` stored bits; ``elements`` add to it or replace."""
    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = DX, pydicom.uid.generate_uid()
    made.Rows, made.Columns = values.shape[-2:]
    made.BitsAllocated = 8 if bits <= 8 else 16
    made.BitsStored, made.HighBit = bits, bits - 1
    made.PixelRepresentation, made.SamplesPerPixel = int(values.min() < 0), 1
    made.PhotometricInterpretation = "MONOCHROME2"
    signed = "i" if values.min() < 0 else "u"
    made.PixelData = values.astype(f"<{signed}{made.BitsAllocated // 8}").tobytes()
    made["PixelData"].VR = "OW"
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def film(path: Path, values: npt.NDArray[Any] = STORED, bits: int = 12, **elements: Any) -> Path:
    """The same as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset(values, bits, **elements).save_as(path, enforce_file_format=True)
    return path


def lookup(table: npt.NDArray[Any], first: int, bits: int, word: str = "<u2") -> Any:
    """A sequence of one lookup table."""
    item = pydicom.Dataset()
    item.LUTDescriptor = [len(table), first, bits]
    item.LUTData = table.astype(word).tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    item.LUTExplanation = "a curve"
    item.ModalityLUTType = "US"
    return pydicom.Sequence([item])
