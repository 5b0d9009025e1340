"""One radiograph from a file: PNG, JPEG, TIFF, BMP, PGM, NumPy array or DICOM."""

from pytest_xraynoise.data.radiograph.read import Radiograph, read_radiograph

__all__ = ["Radiograph", "read_radiograph"]
