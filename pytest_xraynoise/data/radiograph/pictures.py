"""PNG, JPEG, TIFF, BMP and PGM through Pillow."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.data.radiograph.stored import Stored, natural_scale
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL import Image

# Named, so that no decoder runs that a radiograph never needs (EPS starts another program).
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "PPM")
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF 6.0, section 8


def read_picture(path: Path) -> Stored:
    """The first page of a picture.

    Raises:
        DataError: not such a picture, or one that is damaged or far too large.
    """
    with opened(path) as picture:
        pages = getattr(picture, "n_frames", 1)
        picture.load()
        return _stored(picture, pages)


@contextlib.contextmanager
def opened(path: Path, what: str = "image") -> Iterator[Image.Image]:
    """A picture of one of :data:`FORMATS`; what is read of it inside is guarded too.

    Raises:
        DataError: not such a picture, or one that is damaged or far too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                yield picture
    except UnidentifiedImageError:
        raise DataError(
            f"the {what} {str(path)!r} is not an image that can be read; expected PNG, JPEG, TIFF, "
            "BMP, PGM, .npy or DICOM"
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"the {what} {str(path)!r} has more pixels than any radiograph; crop it first"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataError(f"the {what} {str(path)!r} is damaged: {error}") from None


def _stored(picture: Image.Image, pages: int) -> Stored:
    notes = [f"the first of {pages} pages"] if pages > 1 else []
    if "A" in picture.getbands() or "transparency" in picture.info:
        notes.append("transparency is ignored")
    if picture.mode in ("1", "L", "F") or picture.mode.startswith("I"):
        values = np.asarray(picture)
    elif picture.mode == "LA":
        values = np.asarray(picture.getchannel("L"))
    else:  # palettes, RGBA, YCbCr, CMYK
        values = np.asarray(picture.convert("RGB"))
    if values.dtype.kind == "u":
        values = values.astype(values.dtype.newbyteorder("="))
    if picture.format in ("PNG", "PPM") and picture.mode == "I":  # 16 bits in 32
        values = values.astype(np.uint16)
    inverted = _is_inverted(picture)
    return Stored(values, *natural_scale(values.dtype), inverted=inverted, notes=tuple(notes))


def _is_inverted(picture: Image.Image) -> bool:
    """Whether low values are white; Pillow turns those of up to 8 bits round itself."""
    if picture.format != "TIFF" or picture.mode in ("1", "L"):
        return False
    tags = getattr(picture, "tag_v2", {})
    return bool(tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
