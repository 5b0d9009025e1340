"""Batches of what has a length: an (images, targets) pair, a list of items, a map-style dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch

from pytest_xraynoise.data import items
from pytest_xraynoise.data.arrays import batch_tensor, take, to_tensor
from pytest_xraynoise.errors import DataError

RECIPE = (
    "expected a map-style Dataset, a DataLoader, an (images, targets) pair of tensors or arrays, "
    "a list of items, or XrayDataset(...)"
)

Identify = Callable[[int, str | None], str]
"""From a position in the data, and the item's own id or None, to the sample's id."""

RawBatch = tuple[torch.Tensor, torch.Tensor, tuple[str, ...]]
"""Images (N, C, H, W) and targets (N, ...) as the dataset yields them, and ids."""


class Reader(Protocol):
    """One form of data.

    Attributes:
        inner: what carries a name and label names.
        order: positions to read, None where they are not known before reading.
        count: how many samples there are, those outside ``order`` included; None if not known.
        batch_size: the data's own, or None.
    """

    inner: Any
    order: Sequence[int] | None
    count: int | None
    batch_size: int | None

    def read(
        self, order: Sequence[int] | None, size: int, prefer_mask: bool, identify: Identify
    ) -> Iterator[RawBatch]:
        """Batches of ``size`` samples, in the order given."""


class PairReader:
    """Images (N, H, W) or (N, C, H, W) and targets (N, ...), tensors or arrays."""

    batch_size: int | None = None

    def __init__(self, images: Any, targets: Any) -> None:
        if isinstance(targets, (list, tuple)):
            targets = to_tensor(targets, "the targets")
        self.inner: Any = (images, targets)
        if targets.ndim == 0 or len(images) != len(targets):
            have = "one number" if targets.ndim == 0 else f"{len(targets)} targets"
            raise DataError(f"the data have {len(images)} images but {have}")
        self.count: int | None = len(images)
        self.order: Sequence[int] | None = range(len(images))
        if len(images):
            batch_tensor(torch.empty(tuple(images.shape), device="meta"), "the data")

    def read(
        self, order: Sequence[int] | None, size: int, prefer_mask: bool, identify: Identify
    ) -> Iterator[RawBatch]:
        """Batches of rows; ``prefer_mask`` means nothing here."""
        del prefer_mask
        images, targets = self.inner
        for chunk in chunks(order or (), size):
            block = batch_tensor(to_tensor(take(images, chunk), "the images"), "the data")
            ids = tuple(identify(position, None) for position in chunk)
            yield block, to_tensor(take(targets, chunk), "the targets"), ids


class ItemReader:
    """Anything with ``len`` and ``[index]`` that gives one item for each index."""

    batch_size: int | None = None

    def __init__(self, data: Any, order: Sequence[int] | None = None) -> None:
        self.inner: Any = data
        self.count: int | None = len(data)
        self.order: Sequence[int] | None = range(len(data)) if order is None else order

    def read(
        self, order: Sequence[int] | None, size: int, prefer_mask: bool, identify: Identify
    ) -> Iterator[RawBatch]:
        """Batches of items, loaded one by one in this process."""
        for chunk in chunks(order or (), size):
            samples = [load_item(self.inner, index, prefer_mask) for index in chunk]
            ids = tuple(identify(i, s.id) for i, s in zip(chunk, samples, strict=True))
            yield stacked(samples, ids)


def load_item(data: Any, index: int, prefer_mask: bool) -> items.Sample:
    """One item, parsed; whatever goes wrong names the sample.

    Raises:
        DataError: when the dataset raises, or the item has no form that is known.
    """
    where = f"sample {index}"
    try:
        item = data[index]
    except Exception as error:
        raise DataError(f"{where} could not be loaded: {type(error).__name__}: {error}") from error
    return items.parse_item(item, where, prefer_mask)


def stacked(samples: Sequence[items.Sample], ids: tuple[str, ...]) -> RawBatch:
    """Several samples as one batch."""
    images = items.stack([sample.image for sample in samples], ids, "image")
    return images, items.stack([sample.target for sample in samples], ids, "target"), ids


def chunks(order: Sequence[int], size: int) -> Iterator[list[int]]:
    """``order`` in pieces of ``size``."""
    for start in range(0, len(order), size):
        yield list(order[start : start + size])


def is_pair(data: Any) -> bool:
    """Whether ``data`` are images and targets, rather than a list of two items."""
    return (
        isinstance(data, (tuple, list))
        and len(data) == 2
        and isinstance(data[0], (torch.Tensor, np.ndarray))
        and isinstance(data[1], (torch.Tensor, np.ndarray, list, tuple))
    )


def is_map_style(data: Any) -> bool:
    """Whether ``data`` have ``len`` and an integer index."""
    if isinstance(data, (str, bytes, Mapping)):
        return False
    return hasattr(data, "__getitem__") and hasattr(data, "__len__")
