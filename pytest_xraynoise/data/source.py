"""Whatever the user's fixture returned, opened as batches with stable ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import data as torch_data

from pytest_xraynoise.data.arrays import take
from pytest_xraynoise.data.checks import checked_unit
from pytest_xraynoise.data.dataset import XrayDataset
from pytest_xraynoise.data.items import scalar_id
from pytest_xraynoise.data.loaders import LoaderReader, StreamReader, reachable
from pytest_xraynoise.data.readers import (
    RECIPE,
    ItemReader,
    PairReader,
    RawBatch,
    Reader,
    is_map_style,
    is_pair,
)
from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_xraynoise.data.intensity import Intensity

DEFAULT_BATCH = 16


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples that go through the model together.

    Attributes:
        ids: one for each row.
        images: (N, C, H, W) as the dataset yields them.
        unit: (N, C, H, W) float32 intensities in [0, 1].
        targets: (N, ...) as the dataset yields them.
    """

    ids: tuple[str, ...]
    images: torch.Tensor
    unit: torch.Tensor
    targets: torch.Tensor

    def rows(self, keep: torch.Tensor) -> Batch:
        """The rows where the boolean mask ``keep`` (N,) is true."""
        chosen = keep.nonzero().flatten().tolist()
        parts = (take(part, chosen) for part in (self.images, self.unit, self.targets))
        return Batch(tuple(self.ids[i] for i in chosen), *parts)


class Source:
    """A dataset opened for evaluation; iterate it for :class:`Batch` objects in a fixed order."""

    def __init__(self, declared: XrayDataset, *, task: str | None, batch_size: int | None) -> None:
        self.declared = declared
        self.intensity: Intensity = declared.intensity
        self._prefer_mask = task == "segmentation"
        self._reader = _open_reader(declared.data)
        self.batch_size = batch_size or self._reader.batch_size or DEFAULT_BATCH
        self._order: Sequence[int] | None = self._reader.order
        if self._order is not None and len(self._order) == 0:
            raise DataError(f"the dataset ({self.name}) is empty; nothing can be evaluated")
        self._declared_ids = self._checked_ids(declared.ids)

    @property
    def name(self) -> str:
        """What reports call the dataset."""
        return self.declared.name or type(self._reader.inner).__name__

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Declared label names, or those that the dataset carries itself."""
        if self.declared.labels is not None:
            return tuple(map(str, self.declared.labels))
        for attribute in ("labels", "pathologies", "classes", "class_names"):
            names: Any = getattr(self._reader.inner, attribute, None)
            if _is_names(names):
                return tuple(names)
        return None

    @property
    def sized(self) -> bool:
        """Whether the number of samples is known before they are read."""
        return self._order is not None

    def __len__(self) -> int:
        if self._order is None:
            # TypeError, as list(source) asks for a length first and goes on without one.
            raise TypeError("the length of an iterable dataset is not known")
        return len(self._order)

    def keep(self, positions: Sequence[int]) -> None:
        """Restrict the source to these positions (indices into the present order)."""
        if self._order is None:
            raise DataError("an iterable dataset cannot be subset; use a map-style dataset")
        self._order = [self._order[p] for p in positions]

    def targets(self) -> list[torch.Tensor]:
        """Every target in order, images loaded and dropped."""
        return [row for batch in self._raw() for row in batch[1]]

    def __iter__(self) -> Iterator[Batch]:
        seen: set[str] = set()
        for images, targets, ids in self._raw():
            images = _channels(images, self.declared.channels, ids)
            for ident in ids:
                if ident in seen:
                    raise DataError(_not_unique(ident))
                seen.add(ident)
            yield Batch(ids, images, checked_unit(images, self.intensity, ids), targets)
        if not seen:
            raise DataError(f"the dataset ({self.name}) is empty; nothing can be evaluated")

    def _raw(self) -> Iterator[RawBatch]:
        return self._reader.read(self._order, self.batch_size, self._prefer_mask, self._id)

    def _id(self, position: int, own: str | None) -> str:
        if self._declared_ids is None:
            return str(position) if own is None else own
        if not 0 <= position < len(self._declared_ids):
            raise DataError(
                f"XrayDataset(ids=...) has {len(self._declared_ids)} ids, too few for the data, or "
                "the loader's collate_fn changes the number of samples"
            )
        return self._declared_ids[position]

    def _checked_ids(self, ids: Sequence[Any] | None) -> list[str] | None:
        if ids is None:
            return None
        listed = [scalar_id(one) for one in ids]
        if self._reader.count is not None and len(listed) != self._reader.count:
            raise DataError(
                f"XrayDataset(ids=...) has {len(listed)} ids, but the data have "
                f"{self._reader.count} samples"
            )
        seen: set[str] = set()
        for one in listed:
            if one in seen:
                raise DataError(_not_unique(one))
            seen.add(one)
        return listed


def open_source(data: Any, *, task: str | None = None, batch_size: int | None = None) -> Source:
    """Open a user's data, declared or not.

    Args:
        data: a map-style Dataset, DataLoader, (images, targets) pair, list of items, XrayDataset.
        task: when ``segmentation``, an item's ``mask`` is preferred over its ``target``.
        batch_size: None takes the loader's own, else 16.

    Raises:
        DataError: when the data cannot be opened, or are empty.
        SpecError: for a batch size that is no whole number from 1.
    """
    whole = isinstance(batch_size, int) and not isinstance(batch_size, bool)
    if batch_size is not None and not (whole and batch_size >= 1):
        raise SpecError(f"batch_size={batch_size!r}: expected a whole number from 1")
    declared = data if isinstance(data, XrayDataset) else XrayDataset(data)
    return Source(declared, task=task, batch_size=batch_size)


def _open_reader(data: Any) -> Reader:
    if isinstance(data, torch_data.IterableDataset):
        data = torch_data.DataLoader(data, batch_size=None, collate_fn=_as_it_is)
    if isinstance(data, torch_data.DataLoader):
        if isinstance(data.dataset, torch_data.IterableDataset):
            return StreamReader(data)
        if data.batch_sampler is None:  # batch_size=None: the loader yields single items
            return ItemReader(data.dataset, reachable(data))
        return LoaderReader(data)
    if is_pair(data):
        return PairReader(*data)
    if is_map_style(data):
        return ItemReader(data)
    raise DataError(f"the dataset is a {type(data).__name__}; {RECIPE}")


def _as_it_is(item: Any) -> Any:
    return item


def _is_names(names: Any) -> bool:
    """Whether these are names of classes: strings, and not the label of each sample."""
    return (
        isinstance(names, (list, tuple))
        and len(names) > 0
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
    )


def _not_unique(ident: str) -> str:
    return (
        f"two samples have the id {ident!r}; ids must be unique, because noise and per-sample "
        "results follow them. Give others: XrayDataset(data, ids=[...])"
    )


def _channels(images: torch.Tensor, wanted: int | None, ids: Sequence[str]) -> torch.Tensor:
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
