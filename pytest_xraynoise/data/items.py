"""One raw item of a user's dataset -> image, target, id; and several of them stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pytest_xraynoise.data.arrays import batch_tensor, image_tensor, promoted, to_tensor
from pytest_xraynoise.data.groups import field_of
from pytest_xraynoise.data.resize import Size, resized_target, size_of
from pytest_xraynoise.errors import DataError

IMAGE_KEYS = ("image", "img")
TARGET_KEYS = ("target", "label", "lab")
MASK_KEYS = ("mask",)
ID_KEYS = ("id", "sample_id", "image_id")


Images = torch.Tensor | list[torch.Tensor]
"""(N, C, H, W), or a list of (C, H, W) that may differ in size and are to be resized."""

_RESIZE = (
    "declare the model's size and they are resized to it: XrayDataset(data, resize=224); or resize "
    "or crop them in the dataset, or run them one by one: batch_size=1"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: image (C, H, W) in its own dtype, target of any form, id or None, its group."""

    image: torch.Tensor
    target: torch.Tensor
    id: str | None
    group: Any = None


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


def parse_item(
    item: Any, where: str, prefer_mask: bool = False, field: str | None = None
) -> Sample:
    """One item of a map-style dataset, checked; ``field`` is where it holds its group."""
    image, target, ident = split_item(item, where, prefer_mask)
    if target is None:
        raise DataError(f"the target of {where} is None; expected a class, a vector or a mask")
    return Sample(
        image_tensor(image, where),
        to_tensor(target, f"the target of {where}"),
        None if ident is None else scalar_id(ident),
        None if field is None else field_of(item, field, where),
    )


def parse_batch(
    item: Any, where: str, prefer_mask: bool, size: Size | None = None
) -> tuple[Images, torch.Tensor, list[str] | None]:
    """One collated batch: images (N, C, H, W), targets (N, ...), the batch's own ids or None.

    With a ``size`` to resize to, images may also be a list of (C, H, W), and masks come out at it.

    Raises:
        DataError: for a form or a shape that is no batch, or parts of different lengths.
    """
    image, target, ident = split_item(item, where, prefer_mask)
    images = _batch_images(image, where, size)
    if target is None:
        raise DataError(f"the targets of {where} are None; expected one for each image")
    several = isinstance(target, (list, tuple)) and size is not None
    targets: Any = target if several else to_tensor(target, f"the targets of {where}")
    if getattr(targets, "ndim", 1) == 0 or len(targets) != len(images):
        count = f"{len(targets)} targets" if getattr(targets, "ndim", 1) else "one number"
        raise DataError(f"{where} has {len(images)} images but {count}")
    if size is not None:
        targets = batch_targets(targets, [size_of(image) for image in images], size, where)
    if ident is None:
        return images, targets, None
    ids = [scalar_id(one) for one in ([ident] if _is_scalar(ident) else ident)]
    if len(ids) != len(images):
        raise DataError(f"{where} has {len(images)} images but {len(ids)} ids")
    return images, targets, ids


def _batch_images(image: Any, where: str, size: Size | None) -> Images:
    if not isinstance(image, (list, tuple)):
        return batch_tensor(to_tensor(image, f"the images of {where}"), where)
    if size is not None:
        return [image_tensor(one, f"image {n} of {where}") for n, one in enumerate(image)]
    shapes = list(dict.fromkeys(str(tuple(getattr(one, "shape", ()))) for one in image))
    if len(shapes) > 1:
        raise DataError(f"the images of {where} differ in shape: {', '.join(shapes)}; {_RESIZE}")
    return batch_tensor(to_tensor(image, f"the images of {where}"), where)


def batch_targets(
    targets: torch.Tensor | Sequence[Any], native: Sequence[Size], size: Size, where: str
) -> torch.Tensor:
    """Targets (N, ...) of a batch whose images are resized to ``size``, masks with them.

    Args:
        targets: a tensor, or one target for each image: masks may differ in size.
        native: size of each image.
        size: height and width of the model.
        where: which batch it is, for messages.
    """
    if isinstance(targets, torch.Tensor) and targets.ndim < 3:
        return targets
    names = [f"image {row} of {where}" for row in range(len(native))]
    rows = [
        resized_target(to_tensor(target, f"the target of {name}"), old, size, name)
        for target, old, name in zip(targets, native, names, strict=True)
    ]
    return stack(rows, names, "target")


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
            fix = _RESIZE if what == "image" else "give all the same form in the dataset"
            raise DataError(
                f"{what}s differ in shape: sample {ids[0]!r} has {tuple(parts[0].shape)}, sample "
                f"{ident!r} has {tuple(part.shape)}; {fix}"
            )
    if what == "image":
        check_dtypes(parts, ids)
    return torch.stack(promoted(parts))


def check_dtypes(images: Sequence[torch.Tensor], ids: Sequence[str]) -> None:
    """Refuse images of several dtypes by the names of the first two that differ."""
    for image, ident in zip(images, ids, strict=True):
        if image.dtype != images[0].dtype:
            raise DataError(
                f"images differ in dtype: sample {ids[0]!r} has {images[0].dtype}, sample "
                f"{ident!r} has {image.dtype}; their ranges would differ too"
            )
