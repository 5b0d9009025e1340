"""Arrays, PIL images, lists and numbers as tensors; images in the one layout that is used here."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDE_UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)  # torch defines few operations on them
_PIL_MODES = ("L", "RGB", "I;16", "I;16B", "I;16L", "I", "F")


def to_tensor(value: Any, where: str) -> torch.Tensor:
    """A tensor of an array, a PIL image, a list or a number, in its own dtype.

    Raises:
        DataError: for anything that holds no numbers.
    """
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        array = np.array(value)  # a copy: torch wants writable memory
        if array.dtype.kind not in "biuf":
            raise TypeError(f"dtype {array.dtype}")
        if hasattr(value, "getbands") and array.ndim == 3:  # a PIL image: H x W x bands
            array = array.transpose(2, 0, 1).copy()
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{where} is a {type(value).__name__} that is no array of numbers ({error}); "
            "expected a tensor, a NumPy array, a PIL image or a number"
        ) from error


def image_tensor(value: Any, where: str) -> torch.Tensor:
    """The image as (C, H, W) with C 1 or 3.

    Raises:
        DataError: for any other shape, naming it and what to do.
    """
    mode = getattr(value, "mode", None) if hasattr(value, "getbands") else None
    if mode is not None and mode not in _PIL_MODES:
        raise DataError(
            f"the image of {where} is a PIL image of mode {mode!r}, whose numbers are no "
            "intensities; convert it in the dataset: image.convert('L')"
        )
    image = to_tensor(value, f"the image of {where}")
    shape = tuple(image.shape)
    if image.ndim == 2:
        image = image[None]
    elif image.ndim != 3 or shape[0] not in (1, 3):
        hint = ""
        if image.ndim == 3 and shape[-1] in (1, 3):
            hint = "; channels come first, so permute it: image.permute(2, 0, 1)"
        elif image.ndim == 4:
            hint = "; it looks like a batch: return one image for each item, or a DataLoader"
        raise DataError(
            f"the image of {where} has shape {shape}; expected HxW or CxHxW with 1 or 3 "
            f"channels{hint}"
        )
    if 0 in image.shape:
        raise DataError(f"the image of {where} has shape {shape}: it holds no pixel")
    return image


def batch_tensor(images: torch.Tensor, where: str) -> torch.Tensor:
    """(N, C, H, W) of a batch that may come as (N, H, W).

    Raises:
        DataError: for any other shape.
    """
    shape = tuple(images.shape)
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        hint = ""
        if images.ndim == 4 and images.shape[-1] in (1, 3):
            hint = "; channels come first, so permute them: images.permute(0, 3, 1, 2)"
        raise DataError(
            f"the images of {where} have shape {shape}; expected NxHxW or NxCxHxW with 1 or 3 "
            f"channels{hint}"
        )
    if 0 in images.shape[1:]:
        raise DataError(f"the images of {where} have shape {shape}: they hold no pixel")
    return images


def take(values: Any, positions: Sequence[int]) -> Any:
    """The rows of a tensor or array at ``positions``, a copy."""
    rows = list(positions)
    if isinstance(values, torch.Tensor) and values.dtype in _WIDE_UNSIGNED:
        return torch.from_numpy(values.detach().cpu().numpy()[rows])
    return values[rows]


def promoted(parts: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Tensors in one dtype that holds the values of all of them."""
    dtypes = {part.dtype for part in parts}
    if len(dtypes) == 1:
        return list(parts)
    known = [torch.int64 if dtype in _WIDE_UNSIGNED else dtype for dtype in dtypes]
    if any(dtype.is_floating_point for dtype in known):
        known.append(torch.float64)  # ids and masks stay exact next to a NaN
    target = functools.reduce(torch.promote_types, known)
    return [part.to(target) for part in parts]
