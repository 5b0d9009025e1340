"""One raw item of a user's dataset -> image, target, id; and a batch of them stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pytest_xraynoise.errors import DataError

IMAGE_KEYS = ("image", "img")
TARGET_KEYS = ("target", "label", "lab")
MASK_KEYS = ("mask",)
ID_KEYS = ("id", "sample_id", "image_id")


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: image (C, H, W) in its own dtype, target of any allowed form, id or None."""

    image: torch.Tensor
    target: torch.Tensor
    id: str | None


def split_item(item: Any, where: str, prefer_mask: bool) -> tuple[Any, Any, Any]:
    """Take an item or a batch apart into (image, target, id), whatever its form.

    Raises:
        DataError: when it is neither a pair nor a mapping with known keys.
    """
    if isinstance(item, Mapping):
        image = _first(item, IMAGE_KEYS, where, "an image")
        order = MASK_KEYS + TARGET_KEYS if prefer_mask else TARGET_KEYS + MASK_KEYS
        target = _first(item, order, where, "a target")
        return image, target, next((item[k] for k in ID_KEYS if k in item), None)
    if isinstance(item, (tuple, list)) and len(item) == 2:
        return item[0], item[1], None
    got = f"a {type(item).__name__}"
    if isinstance(item, (tuple, list)):
        got += f" of length {len(item)}"
    raise DataError(
        f"{where} is {got}; expected (image, target) or a mapping with image/img and "
        "target/label/lab/mask"
    )


def _first(item: Mapping[str, Any], keys: Sequence[str], where: str, what: str) -> Any:
    for key in keys:
        if key in item:
            return item[key]
    raise DataError(
        f"{where} has the keys {sorted(map(str, item))}, none of which names {what}; "
        f"expected one of {', '.join(keys)}"
    )


def to_tensor(value: Any, where: str) -> torch.Tensor:
    """A tensor of an array, a PIL image, a list or a number, in its own dtype."""
    if isinstance(value, torch.Tensor):
        return value.detach()
    if hasattr(value, "getbands"):  # a PIL image: H x W x bands
        array = np.array(value)
        return torch.from_numpy(array.transpose(2, 0, 1).copy() if array.ndim == 3 else array)
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"dtype {array.dtype}")
        return torch.from_numpy(np.array(array))  # a copy: torch wants writable memory
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


def parse_item(item: Any, where: str, prefer_mask: bool = False) -> Sample:
    """One item of a map-style dataset, checked."""
    image, target, ident = split_item(item, where, prefer_mask)
    if target is None:
        raise DataError(f"the target of {where} is None; expected a class, a vector or a mask")
    return Sample(
        image_tensor(image, where),
        to_tensor(target, f"the target of {where}"),
        None if ident is None else scalar_id(ident),
    )


def scalar_id(value: Any) -> str:
    """An id as a string; 0-d tensors and arrays give their number."""
    return str(value.item()) if hasattr(value, "item") else str(value)


def stack(parts: Sequence[torch.Tensor], ids: Sequence[str], what: str) -> torch.Tensor:
    """Stack equal tensors; refuse others by the names of the first two that differ."""
    for part, ident in zip(parts, ids, strict=True):
        if part.shape != parts[0].shape:
            fix = "resize or crop to one size" if what == "image" else "give all the same form"
            raise DataError(
                f"{what}s differ in shape: sample {ids[0]!r} has {tuple(parts[0].shape)}, sample "
                f"{ident!r} has {tuple(part.shape)}; {fix} in the dataset"
            )
        if part.dtype != parts[0].dtype and what == "image":
            raise DataError(
                f"images differ in dtype: sample {ids[0]!r} has {parts[0].dtype}, sample "
                f"{ident!r} has {part.dtype}; their ranges would differ too"
            )
    return torch.stack([part.to(parts[0].dtype) for part in parts])
