"""Whatever the user's fixture returned, opened as batches with stable ids."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils import data as torch_data

from pytest_xraynoise.data import items
from pytest_xraynoise.data.dataset import XrayDataset
from pytest_xraynoise.data.intensity import Intensity, checked_unit
from pytest_xraynoise.errors import DataError

RECIPE = (
    "expected a map-style Dataset, a DataLoader, an (images, targets) pair of tensors or arrays, "
    "a list of items, or XrayDataset(...)"
)
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
        chosen = keep.nonzero().flatten()
        ids = tuple(self.ids[i] for i in chosen.tolist())
        return Batch(ids, self.images[chosen], self.unit[chosen], self.targets[chosen])


class _Checked(torch_data.Dataset[items.Sample]):
    """A map-style dataset whose items are parsed, and whose failures name the sample."""

    def __init__(self, data: Any, prefer_mask: bool) -> None:
        self.data = data
        self.prefer_mask = prefer_mask

    def __getitem__(self, index: int) -> items.Sample:
        where = f"sample {index}"
        try:
            item = self.data[index]
        except Exception as error:
            raise DataError(
                f"{where} could not be loaded: {type(error).__name__}: {error}"
            ) from error
        return items.parse_item(item, where, self.prefer_mask)


class Source:
    """A dataset opened for evaluation; iterate it for :class:`Batch` objects in a fixed order."""

    def __init__(self, declared: XrayDataset, *, task: str | None, batch_size: int | None) -> None:
        self.declared = declared
        self.intensity: Intensity = declared.intensity
        self._prefer_mask = task == "segmentation"
        self._data = declared.data
        self._loader = self._data if isinstance(self._data, torch_data.DataLoader) else None
        self.batch_size = batch_size or self._loader_batch() or DEFAULT_BATCH
        self._order: Sequence[int] | None = self._indices()
        if self._order is not None and len(self._order) == 0:
            raise DataError(f"the dataset ({self.name}) is empty; nothing can be evaluated")
        if declared.ids is not None and self._order is not None:
            self._check_ids(declared.ids, len(self._order))

    @property
    def name(self) -> str:
        """What reports call the dataset."""
        inner = self._loader.dataset if self._loader is not None else self._data
        return self.declared.name or type(inner).__name__

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Declared label names, or those that the dataset carries itself."""
        if self.declared.labels is not None:
            return tuple(map(str, self.declared.labels))
        inner = self._loader.dataset if self._loader is not None else self._data
        for attribute in ("labels", "pathologies", "classes", "class_names"):
            names = getattr(inner, attribute, None)
            if _is_names(names):
                return tuple(names)
        return None

    @property
    def sized(self) -> bool:
        """Whether the number of samples is known before they are read."""
        return self._order is not None

    def __len__(self) -> int:
        if self._order is None:
            raise DataError("the length of an iterable dataset is not known")
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
                    raise DataError(f"two samples have the id {ident!r}; ids must be unique")
                seen.add(ident)
            yield Batch(ids, images, checked_unit(images, self.intensity, ids), targets)
        if not seen:
            raise DataError(f"the dataset ({self.name}) is empty; nothing can be evaluated")

    def _raw(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, tuple[str, ...]]]:
        if self._loader is not None:
            yield from self._loader_batches(self._loader)
        elif _is_pair(self._data):
            yield from self._pair_batches()
        else:
            checked = _Checked(self._data, self._prefer_mask)
            for chunk in _chunks(self._order or (), self.batch_size):
                samples = [checked[i] for i in chunk]
                ids = tuple(self._id(i, s.id) for i, s in zip(chunk, samples, strict=True))
                images = items.stack([s.image for s in samples], ids, "image")
                yield images, items.stack([s.target for s in samples], ids, "target"), ids

    def _pair_batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, tuple[str, ...]]]:
        images = items.to_tensor(self._data[0], "the images")
        targets = items.to_tensor(self._data[1], "the targets")
        for chunk in _chunks(self._order or (), self.batch_size):
            block = images[list(chunk)]
            yield _batched(block, "images"), targets[list(chunk)], tuple(
                self._id(i, None) for i in chunk
            )

    def _loader_batches(
        self, loader: torch_data.DataLoader[Any]
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor, tuple[str, ...]]]:
        source: Any = loader
        order: Iterator[int] = itertools.count()
        if self._order is not None:
            order = iter(self._order)
            source = torch_data.DataLoader(
                loader.dataset,
                batch_sampler=list(_chunks(self._order, self.batch_size)),  # type: ignore[arg-type]
                collate_fn=loader.collate_fn,
                num_workers=loader.num_workers,
                worker_init_fn=loader.worker_init_fn,
                generator=torch.Generator(),
            )
        for number, raw in enumerate(_guarded(source)):
            where = f"batch {number} of the loader"
            image, target, ident = items.split_item(raw, where, self._prefer_mask)
            images = _batched(items.to_tensor(image, f"the images of {where}"), where)
            targets = items.to_tensor(target, f"the targets of {where}")
            if len(images) != len(targets):
                raise DataError(f"{where} has {len(images)} images but {len(targets)} targets")
            own = [None] * len(images) if ident is None else [items.scalar_id(i) for i in ident]
            ids = tuple(self._id(next(order), one) for one in own)
            yield images, targets, ids

    def _id(self, index: int, own: str | None) -> str:
        if self.declared.ids is not None:
            return str(self.declared.ids[index])
        return str(index) if own is None else own

    def _check_ids(self, ids: Sequence[Any], count: int) -> None:
        total = len(ids)
        needed = max(self._order or [0]) + 1 if self._loader is not None else count
        if total < needed or (self._loader is None and total != count):
            raise DataError(
                f"XrayDataset(ids=...) has {total} ids, but the data have {count} samples"
            )

    def _loader_batch(self) -> int | None:
        return getattr(self._loader, "batch_size", None)

    def _indices(self) -> Sequence[int] | None:
        if self._loader is not None:
            return _loader_indices(self._loader)
        if _is_pair(self._data):
            counts = [len(items.to_tensor(part, "the data")) for part in self._data]
            if counts[0] != counts[1]:
                raise DataError(f"the data have {counts[0]} images but {counts[1]} targets")
            return range(counts[0])
        if hasattr(self._data, "__getitem__") and hasattr(self._data, "__len__"):
            return range(len(self._data))
        raise DataError(f"the dataset is a {type(self._data).__name__}; {RECIPE}")


def open_source(data: Any, *, task: str | None = None, batch_size: int | None = None) -> Source:
    """Open a user's data, declared or not.

    Args:
        data: a map-style Dataset, DataLoader, (images, targets) pair, list of items, XrayDataset.
        task: when ``segmentation``, an item's ``mask`` is preferred over its ``target``.
        batch_size: None takes the loader's own, else 16.

    Raises:
        DataError: when the data cannot be opened, or are empty.
    """
    declared = data if isinstance(data, XrayDataset) else XrayDataset(data)
    return Source(declared, task=task, batch_size=batch_size)


def _is_names(names: Any) -> bool:
    return (
        isinstance(names, (list, tuple))
        and len(names) > 0
        and all(isinstance(name, str) for name in names)
    )


def _is_pair(data: Any) -> bool:
    return (
        isinstance(data, (tuple, list))
        and len(data) == 2
        and all(isinstance(part, (torch.Tensor, np.ndarray)) for part in data)
        and data[0].ndim >= 3
        and not (data[0].ndim == 3 and data[1].ndim == 3 and len(data[0]) != len(data[1]))
    )


def _chunks(order: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(order), size):
        yield list(order[start : start + size])


def _loader_indices(loader: torch_data.DataLoader[Any]) -> Sequence[int] | None:
    """The loader's indices in ascending order, so that shuffling changes nothing; None: iterable."""
    if isinstance(loader.dataset, torch_data.IterableDataset):
        return None
    count = len(loader.dataset)  # type: ignore[arg-type]
    sampler = loader.sampler
    if isinstance(sampler, (torch_data.SequentialSampler, torch_data.RandomSampler)):
        custom = type(loader.batch_sampler) is not torch_data.BatchSampler
        if loader.batch_sampler is None or not custom:
            return range(count)
        return sorted({int(i) for chunk in loader.batch_sampler for i in chunk})
    return sorted({int(i) for i in sampler})


def _guarded(loader: Any) -> Iterator[Any]:
    """The loader's batches; what it raises becomes a DataError that names the batch."""
    iterator = iter(loader)
    for number in itertools.count():
        try:
            yield next(iterator)
        except StopIteration:
            return
        except DataError:
            raise
        except Exception as error:
            raise DataError(
                f"batch {number} of the loader could not be loaded: "
                f"{type(error).__name__}: {error}"
            ) from error


def _batched(images: torch.Tensor, where: str) -> torch.Tensor:
    """(N, C, H, W) of a batch that may come as (N, H, W)."""
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        hint = "; channels come first" if images.ndim == 4 and images.shape[-1] in (1, 3) else ""
        raise DataError(
            f"the images of {where} have shape {tuple(images.shape)}; expected NxHxW or NxCxHxW "
            f"with 1 or 3 channels{hint}"
        )
    if 0 in images.shape:
        raise DataError(f"the images of {where} have shape {tuple(images.shape)}: no pixel")
    return images


def _channels(images: torch.Tensor, wanted: int | None, ids: Sequence[str]) -> torch.Tensor:
    """Repeat grey to three channels, or reduce three equal channels to one."""
    have = images.shape[1]
    if wanted is None or wanted == have:
        return images
    if wanted == 3:
        return images.expand(-1, 3, -1, -1)
    same = (images == images[:, :1]).flatten(1).all(1)
    if not bool(same.all()):
        sample = ids[int((~same).nonzero()[0])]
        raise DataError(
            f"channels=1 was asked for, but the three channels of sample {sample!r} differ; "
            "convert the image to grey in the dataset"
        )
    return images[:, :1]
