"""The images of a batch by size, with the number of channels that was declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data.items import Images

Grouped = tuple[tuple[int, ...], torch.Tensor]
"""Rows of the batch, and their images (n, C, H, W)."""


def by_size(images: Images, ids: Sequence[str], channels: int | None) -> list[Grouped]:
    """The images of each size, in the order in which sizes appear.

    Args:
        images: (N, C, H, W), or a list of (C, H, W).
        ids: sample ids for the messages.
        channels: 1 or 3 when that was declared.

    Raises:
        DataError: for images that differ in channels, or cannot be reduced to one.
    """
    if isinstance(images, torch.Tensor):
        return [(tuple(range(len(images))), with_channels(images, channels, ids))]
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for row, image in enumerate(images):
        by_shape.setdefault(tuple(image.shape), []).append(row)
    groups: list[Grouped] = []
    for rows in by_shape.values():
        whole = torch.stack([images[row] for row in rows])
        groups.append((tuple(rows), with_channels(whole, channels, [ids[row] for row in rows])))
    _check_channels(groups, ids)
    return groups


def with_channels(images: torch.Tensor, wanted: int | None, ids: Sequence[str]) -> torch.Tensor:
    """Repeat grey to three channels, or reduce three equal channels to one."""
    have = images.shape[1]
    if wanted is None or wanted == have:
        return images
    if wanted == 3:
        return images.expand(-1, 3, -1, -1)
    values = images.to(torch.float32)
    same = (values == values[:, :1]).flatten(1).all(1)
    if not bool(same.all()):
        sample = ids[int((~same).nonzero()[0])]
        raise DataError(
            f"channels=1 was asked for, but the three channels of sample {sample!r} differ; "
            "convert the image to grey in the dataset"
        )
    return images[:, :1]


def _check_channels(groups: Sequence[Grouped], ids: Sequence[str]) -> None:
    (first, *_), images = groups[0]
    for (row, *_), others in groups:
        if others.shape[1] != images.shape[1]:
            raise DataError(
                f"images differ in channels: sample {ids[first]!r} has {images.shape[1]}, sample "
                f"{ids[row]!r} has {others.shape[1]}; declare XrayDataset(data, channels=1), or "
                "channels=3"
            )
