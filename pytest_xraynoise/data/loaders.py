"""Batches of a DataLoader, read in a fixed order whatever its sampler does."""

from __future__ import annotations

import copy
import itertools
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils import data as torch_data

from pytest_xraynoise.data import items
from pytest_xraynoise.data.closing import closing_workers
from pytest_xraynoise.data.groups import batch_field
from pytest_xraynoise.data.parcels import NotHandedOverError, Parcelled, not_sendable, unpacked
from pytest_xraynoise.data.readers import (
    Known,
    NotLoadedError,
    RawBatch,
    Reading,
    chunks,
    identified,
    load_item,
    loaded,
    parsed,
    stacked,
)
from pytest_xraynoise.errors import DataError, XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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

    def read(self, order: Sequence[int] | None, count: int, how: Reading) -> Iterator[RawBatch]:
        """Batches as the loader's own collate function makes them.

        The default one stacks images, which those of different sizes do not allow; where images
        are to be resized it is left out.
        """
        plan = list(chunks(order or (), count))
        apart = how.size is not None and _is_default(self._loader)
        with closing_workers(_started(self._reordered(plan, apart))) as batches:
            for number, chunk in enumerate(plan):
                where = f"batch {number} of the loader"
                try:
                    raw = next(batches)
                    if self._loader.num_workers:
                        raw = unpacked(raw, f"samples {chunk[0]} to {chunk[-1]}")
                except Exception as error:
                    if isinstance(error, XrayNoiseError) and not _may_be_a_sample(error):
                        raise
                    cause = self._explained(error, chunk, where, how)
                    if how.skip is None or not isinstance(cause, NotLoadedError):
                        raise cause from error
                    chunk, raw = self._without_bad(chunk, how, apart)
                    if not chunk:
                        continue
                made = _apart(raw, chunk, how) if apart else _collated(raw, chunk, where, how)
                if made is not None:
                    yield made

    def _reordered(self, plan: list[list[int]], apart: bool) -> torch_data.DataLoader[Any]:
        loader = self._loader
        collate = _as_they_are if apart else loader.collate_fn
        return torch_data.DataLoader(
            loader.dataset,
            batch_sampler=plan,
            collate_fn=Parcelled(collate) if loader.num_workers else collate,
            num_workers=loader.num_workers,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            generator=torch.Generator(),  # leaves the global random state alone
        )

    def _without_bad(
        self, chunk: Sequence[int], how: Reading, apart: bool
    ) -> tuple[list[int], Any]:
        """A batch without the samples that cannot be loaded, made in this process."""
        good = list(loaded(self.inner, chunk, how))
        raw = [self.inner[index] for index in good]
        return good, raw if apart or not good else self._loader.collate_fn(raw)

    def _explained(
        self, error: Exception, chunk: Sequence[int], where: str, how: Reading
    ) -> DataError:
        """Which sample broke the batch; found by loading them again, one by one."""
        try:
            samples = [load_item(self.inner, index, how.prefer_mask) for index in chunk]
            if _is_default(self._loader):
                stacked(samples, tuple(Known(str(index), None) for index in chunk), how.size)
        except DataError as cause:
            return cause
        if isinstance(error, DataError):
            return error
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

    def read(self, order: Sequence[int] | None, count: int, how: Reading) -> Iterator[RawBatch]:
        """The loader's batches; single samples, where it yields those, in batches of ``count``."""
        del order
        position = itertools.count()
        waiting: list[items.Sample] = []
        apart = how.size is not None and self.batch_size is not None and _is_default(self._loader)
        for number, raw in enumerate(self._guarded(apart)):
            if apart:
                made = _apart(raw, list(itertools.islice(position, len(raw))), how)
                if made is not None:
                    yield made
                continue
            if self.batch_size is not None or _holds_batch(raw, how.prefer_mask):
                where = f"batch {number} of the loader"
                images, targets, own = items.parse_batch(raw, where, how.prefer_mask, how.size)
                names = own if own is not None else [None] * len(images)
                groups = batch_field(raw, how.field, len(images), where)
                positions = itertools.islice(position, len(images))
                yield images, targets, tuple(map(how.identify, positions, names, groups))
                continue
            waiting.append(items.parse_item(raw, f"sample {number}", how.prefer_mask, how.field))
            if len(waiting) == count:
                yield self._stacked(waiting, position, how)
                waiting = []
        if waiting:
            yield self._stacked(waiting, position, how)

    @staticmethod
    def _stacked(samples: list[items.Sample], position: Iterator[int], how: Reading) -> RawBatch:
        positions = list(itertools.islice(position, len(samples)))
        return stacked(samples, identified(samples, positions, how), how.size)

    def _guarded(self, apart: bool) -> Iterator[Any]:
        loader = self._uncollated() if apart else _own_workers(self._loader)
        what = "sample" if self.batch_size is None else "batch"
        with closing_workers(_started(loader)) as iterator:
            for number in itertools.count():
                where = f"{what} {number} of the loader"
                try:
                    raw = next(iterator)
                    yield unpacked(raw, where) if loader.num_workers else raw
                except StopIteration:
                    return
                except XrayNoiseError:
                    raise
                except Exception as error:
                    raise DataError(
                        f"{where} could not be loaded: {type(error).__name__}: {error}"
                    ) from error

    def _uncollated(self) -> torch_data.DataLoader[Any]:
        loader = self._loader
        return torch_data.DataLoader(
            loader.dataset,
            batch_size=loader.batch_size,
            drop_last=loader.drop_last,
            collate_fn=Parcelled(_as_they_are) if loader.num_workers else _as_they_are,
            num_workers=loader.num_workers,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            generator=loader.generator,
        )


def _collated(raw: Any, chunk: Sequence[int], where: str, how: Reading) -> RawBatch:
    images, targets, own = items.parse_batch(raw, where, how.prefer_mask, how.size)
    if own is None and len(images) != len(chunk):
        raise DataError(
            f"{where} has {len(images)} images for {len(chunk)} samples, so their ids "
            "cannot be told; leave samples out in the dataset (Subset), not in collate_fn"
        )
    positions = chunk if len(images) == len(chunk) else [-1] * len(images)
    names = own if own is not None else [None] * len(images)
    groups = batch_field(raw, how.field, len(images), where)
    return images, targets, tuple(map(how.identify, positions, names, groups))


def _apart(raw: list[Any], positions: Sequence[int], how: Reading) -> RawBatch | None:
    """A batch of items that were not collated; None where all of them are left out."""
    good: dict[int, items.Sample] = {}
    for item, position in zip(raw, positions, strict=True):
        try:
            good[position] = parsed(item, position, how.prefer_mask, how.field)
        except NotLoadedError as error:
            if how.skip is None:
                raise
            how.skip(position, error.reason)
    if not good:
        return None
    samples = list(good.values())
    return stacked(samples, identified(samples, list(good), how), how.size)


def _started(loader: torch_data.DataLoader[Any]) -> Iterator[Any]:
    """The loader's batches, from workers that were given the dataset.

    Raises:
        DataError: for a dataset that they cannot be given.
    """
    try:
        return iter(loader)
    except Exception as error:
        if not loader.num_workers:
            raise
        cause = not_sendable(loader.dataset, error)
    raise cause


def _own_workers(loader: torch_data.DataLoader[Any]) -> torch_data.DataLoader[Any]:
    """A copy of a loader with workers, whose end is not that of the loader's persistent ones."""
    if not loader.num_workers:
        return loader
    made = copy.copy(loader)
    made.collate_fn = Parcelled(loader.collate_fn)
    # A loader refuses to have these changed, as its own workers could not follow.
    made.__dict__.update(persistent_workers=False, _iterator=None)
    return made


def _may_be_a_sample(error: XrayNoiseError) -> bool:
    """Whether it is worth a look which sample an error comes from: one decoded while it is sent."""
    return isinstance(error, NotHandedOverError)


def _is_default(loader: torch_data.DataLoader[Any]) -> bool:
    return loader.collate_fn is torch_data.default_collate


def _as_they_are(samples: list[Any]) -> list[Any]:
    return samples


def reachable(loader: torch_data.DataLoader[Any]) -> Sequence[int]:
    """Every index that the loader's sampler can give, ascending, each once."""
    batches: Any = loader.batch_sampler
    if batches is not None and type(batches) is not torch_data.BatchSampler:
        return _drawn(batches)
    sampler: Any = loader.sampler if batches is None else batches.sampler
    if isinstance(sampler, _WHOLE):
        return range(len(sampler.data_source))
    if isinstance(sampler, torch_data.WeightedRandomSampler):
        return range(len(sampler.weights))
    if isinstance(sampler, torch_data.SubsetRandomSampler):
        return sorted({int(index) for index in sampler.indices})
    return _drawn(sampler)


def _drawn(sampler: Iterable[Any]) -> list[int]:
    """What a sampler (of batches) gives that may draw: the same every time, from no one's numbers.

    One with a random generator of its own is on its own.
    """
    python, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            random.seed(0)
            np.random.seed(0)  # noqa: NPY002
            given = list(sampler)
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
    batches = [each if isinstance(each, (list, tuple)) else [each] for each in given]
    return sorted({int(index) for batch in batches for index in batch})


def _holds_batch(raw: Any, prefer_mask: bool) -> bool:
    image, _, _ = items.split_item(raw, "an item of the loader", prefer_mask)
    return getattr(image, "ndim", 0) == 4
