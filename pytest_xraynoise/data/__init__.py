"""Any user dataset in, batches of intensities with stable sample ids out."""

from pytest_xraynoise.data.batch import Batch
from pytest_xraynoise.data.dataset import XrayDataset
from pytest_xraynoise.data.intensity import IntensityRange, Natural, Normalized
from pytest_xraynoise.data.source import Source, open_source

__all__ = [
    "Batch",
    "IntensityRange",
    "Natural",
    "Normalized",
    "Source",
    "XrayDataset",
    "open_source",
]
