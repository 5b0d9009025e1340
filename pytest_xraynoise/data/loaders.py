"""Batches of a DataLoader, read in a fixed order whatever its sampler does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import data as torch_data

from pytest_xraynoise.data import items
from pytest_xraynoise.data.readers import Identify, RawBatch, chunks, load_item, stacked
from pytest_xraynoise.errors import DataError, XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WHOLE = (torch_data.SequentialSampler, torch_data.RandomSampler)


class LoaderReader:
    """A loader over a map-style dataset: its collate function and workers, in ascending order.

    The samples are those that its sampler can reach, each once: shuffling, weights and
    ``drop_last`` change nothing, so that ids, and with them the noise, are the same in every run.
    """

    def __init__(self, loader: torch_data.DataLoader[Any]) -> None:
        dataset: Any = loader.dataset
        self._loader = loader
        self.inner: Any = dataset
        self.order: Sequence[int] | None = reachable(loader)
        self.count: int | None = len(dataset)
        self.batch_size: int | None = loader.batch_size

    def read(
        self, order: Sequence[int] | None, size: int, prefer_mask: bool, identify: Identify
    ) -> Iterator[RawBatch]:
        """Batches as the loader's own collate function makes them."""
        plan = list(chunks(order or (), size))
        batches = iter(self._reordered(plan))
        for number, chunk in enumerate(plan):
            where = f"batch {number} of the loader"
            try:
                raw = next(batches)
            except XrayNoiseError:
                raise
            except Exception as error:
                raise self._explained(error, chunk, where, prefer_mask) from error
            images, targets, own = items.parse_batch(raw, where, prefer_mask)
            if own is None and len(images) != len(chunk):
                raise DataError(
                    f"{where} has {len(images)} images for {len(chunk)} samples, so their ids "
                    "cannot be told; leave samples out in the dataset (Subset), not in collate_fn"
                )
            positions = chunk if len(images) == len(chunk) else [-1] * len(images)
            known = own if own is not None else [None] * len(images)
            yield images, targets, tuple(map(identify, positions, known))

    def _reordered(self, plan: list[list[int]]) -> torch_data.DataLoader[Any]:
        loader = self._loader
        return torch_data.DataLoader(
            loader.dataset,
            batch_sampler=plan,
            collate_fn=loader.collate_fn,
            num_workers=loader.num_workers,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            generator=torch.Generator(),  # leaves the global random state alone
        )

    def _explained(
        self, error: Exception, chunk: Sequence[int], where: str, prefer_mask: bool
    ) -> DataError:
        """Which sample broke the batch; found by loading them again, one by one."""
        try:
            samples = [load_item(self.inner, index, prefer_mask) for index in chunk]
            if self._loader.collate_fn is torch_data.default_collate:
                stacked(samples, tuple(map(str, chunk)))
        except DataError as cause:
            return cause
        return DataError(
            f"{where} (samples {chunk[0]} to {chunk[-1]}) could not be loaded: "
            f"{type(error).__name__}: {error}"
        )


class StreamReader:
    """An iterable dataset, in a loader: samples in the order in which they come."""

    order: Sequence[int] | None = None
    count: int | None = None

    def __init__(self, loader: torch_data.DataLoader[Any]) -> None:
        self._loader = loader
        self.inner: Any = loader.dataset
        self.batch_size: int | None = loader.batch_size

    def read(
        self, order: Sequence[int] | None, size: int, prefer_mask: bool, identify: Identify
    ) -> Iterator[RawBatch]:
        """The loader's batches; single samples, where it yields those, in batches of ``size``."""
        del order
        position = itertools.count()
        waiting: list[items.Sample] = []
        for number, raw in enumerate(self._guarded()):
            if self.batch_size is not None or _holds_batch(raw, prefer_mask):
                where = f"batch {number} of the loader"
                images, targets, own = items.parse_batch(raw, where, prefer_mask)
                known = own if own is not None else [None] * len(images)
                yield images, targets, tuple(identify(next(position), one) for one in known)
                continue
            waiting.append(items.parse_item(raw, f"sample {number}", prefer_mask))
            if len(waiting) == size:
                yield stacked(waiting, tuple(identify(next(position), s.id) for s in waiting))
                waiting = []
        if waiting:
            yield stacked(waiting, tuple(identify(next(position), s.id) for s in waiting))

    def _guarded(self) -> Iterator[Any]:
        iterator = iter(self._loader)
        for number in itertools.count():
            try:
                yield next(iterator)
            except StopIteration:
                return
            except XrayNoiseError:
                raise
            except Exception as error:
                what = "sample" if self.batch_size is None else "batch"
                raise DataError(
                    f"{what} {number} of the loader could not be loaded: "
                    f"{type(error).__name__}: {error}"
                ) from error


def reachable(loader: torch_data.DataLoader[Any]) -> Sequence[int]:
    """Every index that the loader's sampler can give, ascending, each once."""
    batches: Any = loader.batch_sampler
    if batches is not None and type(batches) is not torch_data.BatchSampler:
        return sorted({int(index) for chunk in batches for index in chunk})
    sampler: Any = loader.sampler if batches is None else batches.sampler
    if isinstance(sampler, _WHOLE):
        return range(len(sampler.data_source))
    if isinstance(sampler, torch_data.WeightedRandomSampler):
        return range(len(sampler.weights))
    return sorted({int(index) for index in sampler})


def _holds_batch(raw: Any, prefer_mask: bool) -> bool:
    image, _, _ = items.split_item(raw, "an item of the loader", prefer_mask)
    return getattr(image, "ndim", 0) == 4
