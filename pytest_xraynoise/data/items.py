"""One raw item of a user's dataset -> image, target, id; and several of them stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pytest_xraynoise.data.arrays import batch_tensor, image_tensor, promoted, to_tensor
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


def parse_batch(
    item: Any, where: str, prefer_mask: bool
) -> tuple[torch.Tensor, torch.Tensor, list[str] | None]:
    """One collated batch: images (N, C, H, W), targets (N, ...), the batch's own ids or None.

    Raises:
        DataError: for a form or a shape that is no batch, or parts of different lengths.
    """
    image, target, ident = split_item(item, where, prefer_mask)
    images = batch_tensor(to_tensor(image, f"the images of {where}"), where)
    if target is None:
        raise DataError(f"the targets of {where} are None; expected one for each image")
    targets = to_tensor(target, f"the targets of {where}")
    if targets.ndim == 0 or len(targets) != len(images):
        count = "one number" if targets.ndim == 0 else f"{len(targets)} targets"
        raise DataError(f"{where} has {len(images)} images but {count}")
    if ident is None:
        return images, targets, None
    ids = [scalar_id(one) for one in ([ident] if _is_scalar(ident) else ident)]
    if len(ids) != len(images):
        raise DataError(f"{where} has {len(images)} images but {len(ids)} ids")
    return images, targets, ids


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int)) or getattr(value, "ndim", 1) == 0


def scalar_id(value: Any) -> str:
    """An id as a string; 0-d tensors and arrays give their number."""
    return str(value.item()) if hasattr(value, "item") else str(value)


def stack(parts: Sequence[torch.Tensor], ids: Sequence[str], what: str) -> torch.Tensor:
    """Stack equal tensors; refuse others by the names of the first two that differ.

    Targets of several dtypes (0 and NaN, say) are stacked in one that holds them all.
    """
    for part, ident in zip(parts, ids, strict=True):
        if part.shape != parts[0].shape:
            fix = (
                "resize or crop to one size in the dataset, or run them one by one: batch_size=1"
                if what == "image"
                else "give all the same form in the dataset"
            )
            raise DataError(
                f"{what}s differ in shape: sample {ids[0]!r} has {tuple(parts[0].shape)}, sample "
                f"{ident!r} has {tuple(part.shape)}; {fix}"
            )
        if part.dtype != parts[0].dtype and what == "image":
            raise DataError(
                f"images differ in dtype: sample {ids[0]!r} has {parts[0].dtype}, sample "
                f"{ident!r} has {part.dtype}; their ranges would differ too"
            )
    return torch.stack(promoted(parts))
