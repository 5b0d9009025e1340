"""Batches of what has a length: an (images, targets) pair, a list of items, a map-style dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from pytest_xraynoise.data import items
from pytest_xraynoise.data.arrays import batch_tensor, take, to_tensor
from pytest_xraynoise.data.groups import field_of
from pytest_xraynoise.data.resize import Size, resized_target, size_of
from pytest_xraynoise.errors import DataError

RECIPE = (
    "expected a map-style Dataset, a DataLoader, an (images, targets) pair of tensors or arrays, "
    "a list of items, or XrayDataset(...)"
)


class Known(NamedTuple):
    """What is known of a sample beside its image: its id, and its native pixel pitch in mm."""

    id: str
    pixel_pitch: float | None


class Identify(Protocol):
    """From a position in the data to what is known of the sample there."""

    def __call__(self, position: int, own: str | None, group: Any = None, /) -> Known:
        """``own`` and ``group`` are what the item says itself, None where it says nothing."""


RawBatch = tuple[items.Images, torch.Tensor, tuple[Known, ...]]
"""Images (N, C, H, W) or a list of (C, H, W), targets (N, ...), and what is known of each sample.

Images are as the dataset yields them. Masks have the size that images are to be resized to.
"""


class Skip(Protocol):
    """Takes note of a sample that could not be loaded and is left out, and why."""

    def __call__(self, position: int, reason: str, /) -> None:
        """``reason`` is what the data raised."""


class NotLoadedError(DataError):
    """The data raised at a sample.

    Attributes:
        position: the place of the sample in the data.
        reason: what they raised.
    """

    def __init__(self, position: int, reason: str, ident: str | None = None) -> None:
        known = "" if ident in (None, str(position)) else f" ({ident!r})"
        super().__init__(f"sample {position}{known} could not be loaded: {reason}")
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reading:
    """How items are read.

    Attributes:
        identify: tells ids and pitches.
        prefer_mask: an item's ``mask`` goes before its ``target``.
        size: what images are to be resized to, so that they may differ in size.
        field: where an item holds its group, None where it does not.
        skip: is told of samples that could not be loaded, which are left out; None: an error.
    """

    identify: Identify
    prefer_mask: bool = False
    size: Size | None = None
    field: str | None = None
    skip: Skip | None = None


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

    def read(self, order: Sequence[int] | None, count: int, how: Reading) -> Iterator[RawBatch]:
        """Batches of ``count`` samples, in the order given."""


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

    def read(self, order: Sequence[int] | None, count: int, how: Reading) -> Iterator[RawBatch]:
        """Batches of rows; ``prefer_mask`` means nothing here."""
        images, targets = self.inner
        if how.field is not None:
            field_of(self.inner, how.field, "the data")
        for chunk in chunks(order or (), count):
            block = batch_tensor(to_tensor(take(images, chunk), "the images"), "the data")
            rows = to_tensor(take(targets, chunk), "the targets")
            if how.size is not None:
                native = [size_of(block)] * len(chunk)
                rows = items.batch_targets(rows, native, how.size, f"rows {chunk[0]} onwards")
            yield block, rows, tuple(how.identify(position, None) for position in chunk)


class ItemReader:
    """Anything with ``len`` and ``[index]`` that gives one item for each index."""

    batch_size: int | None = None

    def __init__(self, data: Any, order: Sequence[int] | None = None) -> None:
        self.inner: Any = data
        self.count: int | None = len(data)
        self.order: Sequence[int] | None = range(len(data)) if order is None else order

    def read(self, order: Sequence[int] | None, count: int, how: Reading) -> Iterator[RawBatch]:
        """Batches of items, loaded one by one in this process."""
        for chunk in chunks(order or (), count):
            made = as_batch(loaded(self.inner, chunk, how), how)
            if made is not None:
                yield made


def loaded(data: Any, positions: Sequence[int], how: Reading) -> dict[int, items.Sample]:
    """Items by position, without those that are skipped.

    Raises:
        DataError: as :func:`load_item` does, for an item that is not skipped.
    """
    return gathered(positions, lambda n: load_item(data, n, how.prefer_mask, how.field), how)


def gathered(
    positions: Sequence[int], load: Callable[[int], items.Sample], how: Reading
) -> dict[int, items.Sample]:
    """What ``load`` gives by position, without the samples that are skipped."""
    found: dict[int, items.Sample] = {}
    for position in positions:
        try:
            found[position] = load(position)
        except NotLoadedError as error:
            if how.skip is None:
                raise
            how.skip(position, error.reason)
    return found


def load_item(data: Any, index: int, prefer_mask: bool, field: str | None = None) -> items.Sample:
    """One item, parsed; whatever goes wrong names the sample.

    Raises:
        NotLoadedError: when the dataset raises.
        DataError: when the item has no form that is known.
    """
    try:
        item = data[index]
    except Exception as error:
        raise NotLoadedError(index, f"{type(error).__name__}: {error}") from error
    return parsed(item, index, prefer_mask, field)


def parsed(item: Any, index: int, prefer_mask: bool, field: str | None = None) -> items.Sample:
    """One item that the dataset gave. Images that are decoded only now may fail now.

    Raises:
        NotLoadedError: where the item's own code raises.
        DataError: when the item has no form that is known.
    """
    try:
        return items.parse_item(item, f"sample {index}", prefer_mask, field)
    except DataError:
        raise
    except Exception as error:
        raise NotLoadedError(index, f"{type(error).__name__}: {error}") from error


def as_batch(good: Mapping[int, items.Sample], how: Reading) -> RawBatch | None:
    """Samples by position as one batch; None where there are none."""
    samples = list(good.values())
    if not samples:
        return None
    return stacked(samples, identified(samples, list(good), how), how.size)


def identified(
    samples: Sequence[items.Sample], positions: Sequence[int], how: Reading
) -> tuple[Known, ...]:
    """What is known of several samples."""
    pairs = zip(positions, samples, strict=True)
    return tuple(how.identify(position, one.id, one.group) for position, one in pairs)


def stacked(
    samples: Sequence[items.Sample], known: tuple[Known, ...], size: Size | None
) -> RawBatch:
    """Several samples as one batch; their images stay apart where they are to be resized."""
    ids = [one.id for one in known]
    images = [sample.image for sample in samples]
    if size is None:
        whole = items.stack(images, ids, "image")
        return whole, items.stack([sample.target for sample in samples], ids, "target"), known
    items.check_dtypes(images, ids)
    targets = [
        resized_target(sample.target, size_of(sample.image), size, f"sample {ident!r}")
        for sample, ident in zip(samples, ids, strict=True)
    ]
    return images, items.stack(targets, ids, "target"), known


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
