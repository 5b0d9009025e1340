"""Any user dataset in, batches of intensities with stable sample ids out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.batch import Batch
from pytest_xraynoise.data.dataset import XrayDataset
from pytest_xraynoise.data.intensity import IntensityRange, Natural, Normalized
from pytest_xraynoise.data.source import Source, open_source

if TYPE_CHECKING:
    from pytest_xraynoise.data.dicom.folder import DicomFolder
    from pytest_xraynoise.data.files.chestxray14 import ChestXray14
    from pytest_xraynoise.data.files.image_table import ImageTable
    from pytest_xraynoise.data.files.intake import LeftOutWarning
    from pytest_xraynoise.data.files.landmark import Landmark
    from pytest_xraynoise.data.files.mask_folders import MaskFolders

__all__ = [
    "Batch",
    "ChestXray14",
    "DicomFolder",
    "ImageTable",
    "IntensityRange",
    "Landmark",
    "LeftOutWarning",
    "MaskFolders",
    "Natural",
    "Normalized",
    "Source",
    "XrayDataset",
    "open_source",
]

_HOMES = {
    "ChestXray14": "files.chestxray14",
    "DicomFolder": "dicom.folder",
    "ImageTable": "files.image_table",
    "Landmark": "files.landmark",
    "LeftOutWarning": "files.intake",
    "MaskFolders": "files.mask_folders",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
