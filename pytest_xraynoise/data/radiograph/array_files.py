"""``.npy`` files; nothing is unpickled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.data.radiograph.stored import Stored, natural_scale
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def read_array(path: Path) -> Stored:
    """One image, (H, W) or with channels first or last.

    Raises:
        DataError: not an array of real numbers in the shape of one image.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{str(path)!r} is not a NumPy array of numbers: {error}") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "buif":
        held = array.dtype if isinstance(array, np.ndarray) else "several arrays"
        raise DataError(f"{str(path)!r} holds {held}; expected one image of real numbers")
    shape = array.shape
    if array.ndim == 3 and shape[0] in (1, 3):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 and array.shape[2:] != (3,):
        raise DataError(
            f"{str(path)!r} has the shape {shape}; expected one image, (H, W) or (1, H, W)"
        )
    return Stored(array, *natural_scale(array.dtype))
