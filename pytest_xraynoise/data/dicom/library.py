"""pydicom, where it is installed, and the packages that decode compressed pixels for it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

_OPENJPEG = "pylibjpeg pylibjpeg-openjpeg"
_LIBJPEG = "pylibjpeg pylibjpeg-libjpeg"
# Transfer syntax (PS3.6, table A-1) -> what decodes it, as pip knows it.
_DECODERS = {
    "1.2.840.10008.1.2.4.50": "pillow",
    "1.2.840.10008.1.2.4.51": _LIBJPEG,
    "1.2.840.10008.1.2.4.57": _LIBJPEG,
    "1.2.840.10008.1.2.4.70": _LIBJPEG,
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": _OPENJPEG,
    "1.2.840.10008.1.2.4.91": _OPENJPEG,
    "1.2.840.10008.1.2.4.201": _OPENJPEG,
    "1.2.840.10008.1.2.4.202": _OPENJPEG,
    "1.2.840.10008.1.2.4.203": _OPENJPEG,
}


def load_pydicom(path: Path) -> Any:
    """The library.

    Raises:
        DataError: it is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise DataError(
            f"{str(path)!r} is DICOM, which pydicom reads: pip install pydicom"
        ) from None
    return pydicom


def read_dataset(path: Path, *, pixels: bool = True) -> Any:
    """The data elements of a file, of one without the preamble of PS3.10 too.

    Args:
        path: of the file.
        pixels: whether to read the pixels.

    Raises:
        DataError: pydicom is missing, or the file is damaged.
    """
    library = load_pydicom(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old files bend the standard; the pixels decide
            dataset = library.dcmread(path, force=True, stop_before_pixels=not pixels)
    except Exception as error:  # pydicom raises whatever it likes
        raise DataError(f"the DICOM file {str(path)!r} cannot be read: {error}") from None
    if "TransferSyntaxUID" not in dataset.file_meta:  # as in files without a preamble
        implicit = dataset.original_encoding[0]
        syntax = "ImplicitVRLittleEndian" if implicit else "ExplicitVRLittleEndian"
        dataset.file_meta.TransferSyntaxUID = getattr(library.uid, syntax)
    return dataset


def missing_decoder(dataset: Any) -> str | None:
    """Why the pixels of a dataset cannot be decompressed here; None where they can."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is None or not syntax.is_compressed or _can_decode(syntax):
        return None
    package = _DECODERS.get(str(syntax))
    if package is None:
        return f"no decoder is known for its transfer syntax {syntax.name}; write it uncompressed"
    return f"{syntax.name} needs a decoder that is not installed: pip install {package}"


def _can_decode(syntax: Any) -> bool:
    from pydicom.pixels.decoders.base import get_decoder

    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:  # a syntax that no plugin knows
        return False
