"""Batches of a DataLoader over a map-style dataset, in a fixed order whatever its sampler does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils import data as torch_data

from pytest_xraynoise.data import items
from pytest_xraynoise.data.groups import batch_field
from pytest_xraynoise.data.parcels import NotHandedOverError, handed_over
from pytest_xraynoise.data.readers import (
    Known,
    NotLoadedError,
    RawBatch,
    Reading,
    chunks,
    load_item,
    loaded,
    stacked,
)
from pytest_xraynoise.data.samplers import reachable
from pytest_xraynoise.data.uncollated import as_they_are, batch_of, is_default
from pytest_xraynoise.errors import DataError, XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
        apart = how.size is not None and is_default(self._loader)
        with handed_over(self._reordered(plan, apart), self.inner) as take:
            for number, chunk in enumerate(plan):
                where = f"batch {number} of the loader"
                try:
                    raw = take(f"samples {chunk[0]} to {chunk[-1]}")
                except Exception as error:
                    known = isinstance(error, XrayNoiseError)
                    # What cannot be handed over may be an image that is decoded only then.
                    if known and not isinstance(error, NotHandedOverError):
                        raise
                    cause = self._explained(error, chunk, where, how)
                    if how.skip is None or not isinstance(cause, NotLoadedError):
                        raise cause from error
                    chunk, raw = self._without_bad(chunk, how, apart)
                    if not chunk:
                        continue
                made = batch_of(raw, chunk, how) if apart else _collated(raw, chunk, where, how)
                if made is not None:
                    yield made

    def _reordered(self, plan: list[list[int]], apart: bool) -> torch_data.DataLoader[Any]:
        loader = self._loader
        return torch_data.DataLoader(
            loader.dataset,
            batch_sampler=plan,
            collate_fn=as_they_are if apart else loader.collate_fn,
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
            if is_default(self._loader):
                stacked(samples, tuple(Known(str(index), None) for index in chunk), how.size)
        except DataError as cause:
            return cause
        if isinstance(error, DataError):
            return error
        return DataError(
            f"{where} (samples {chunk[0]} to {chunk[-1]}) could not be loaded: "
            f"{type(error).__name__}: {error}"
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
