"""Samples of a map-style dataset, loaded by worker processes while the model runs."""

from __future__ import annotations

import contextlib
import copy
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import data as torch_data

from pytest_xraynoise.data.items import Sample
from pytest_xraynoise.data.parcels import handed_over, quiet
from pytest_xraynoise.data.readers import (
    ItemReader,
    NotLoadedError,
    RawBatch,
    Reading,
    as_batch,
    chunks,
    load_item,
)
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SIGNAL = 0.1  # seconds in which the signal of a dead worker arrives
_AHEAD = 2  # batches that each worker loads before they are asked for


@dataclass(frozen=True, slots=True)
class _Failed:
    """A sample that could not be loaded, told in the words that this process would have used.

    ``reason`` is what the data raised; empty where something else is wrong.
    """

    message: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Packed:
    """Samples on their way between processes: few large tensors travel faster than many small."""

    images: torch.Tensor | list[torch.Tensor]
    targets: torch.Tensor | list[torch.Tensor]
    ids: list[str | None]
    groups: list[Any]
    failed: dict[int, _Failed]  # by row of the batch, which the other fields do not have


class _Items(torch_data.Dataset["Sample | _Failed"]):
    """The dataset as the workers see it: parsed samples, and failures as values."""

    def __init__(self, data: Any, prefer_mask: bool, field: str | None) -> None:
        self._data = data
        self._prefer_mask = prefer_mask
        self._field = field

    def __getitem__(self, index: int) -> Sample | _Failed:
        # An exception that crosses processes comes back with a traceback for a message.
        try:
            return load_item(self._data, index, self._prefer_mask, self._field)
        except NotLoadedError as error:
            return _Failed(str(error), error.reason)
        except DataError as error:
            return _Failed(str(error))


class WorkerReader(ItemReader):
    """The batches of an :class:`~pytest_xraynoise.data.readers.ItemReader`, loaded elsewhere.

    The batches, their order and every message are those of loading in this process. Workers start
    when reading does and end with it: a pass over the data reads it once, so there is nothing for
    which they should stay. They are started as torch starts them on this platform; where that is
    not by fork, the dataset has to be picklable.

    Args:
        data: anything with ``len`` and ``[index]``.
        order: positions that may be read, all by default.
        workers: how many processes, from 1.
    """

    def __init__(self, data: Any, order: Sequence[int] | None = None, *, workers: int) -> None:
        super().__init__(data, order)
        self._workers = workers

    def read(self, order: Sequence[int] | None, count: int, how: Reading) -> Iterator[RawBatch]:
        """Batches of items, loaded by the workers."""
        plan = list(chunks(order or (), count))
        if not plan:
            return
        with handed_over(self._loader(plan, how), self.inner) as take:
            for chunk in plan:
                made = as_batch(_unpacked(_next(take, chunk), chunk, how), how)
                if made is not None:
                    yield made

    def _loader(self, plan: list[list[int]], how: Reading) -> torch_data.DataLoader[Any]:
        items: Any = _Items(self.inner, how.prefer_mask, how.field)
        with quiet():
            return torch_data.DataLoader(
                items,
                batch_sampler=plan,
                collate_fn=_packed,
                num_workers=min(self._workers, len(plan)),
                prefetch_factor=_AHEAD,
                generator=torch.Generator(),  # leaves the global random state alone
            )


def item_reader(
    data: Any, order: Sequence[int] | None = None, *, workers: int | None
) -> ItemReader:
    """The reader of a map-style dataset, with worker processes where some were asked for."""
    return WorkerReader(data, order, workers=workers) if workers else ItemReader(data, order)


def with_workers(loader: torch_data.DataLoader[Any], workers: int) -> torch_data.DataLoader[Any]:
    """A user's loader with another number of workers; the loader itself is not changed."""
    if loader.num_workers == workers:
        return loader
    made = copy.copy(loader)
    if workers == 0:
        made.multiprocessing_context = None
        made.timeout = 0  # both have a meaning for workers only
    made.num_workers = workers
    return made


def _packed(samples: list[Sample | _Failed]) -> _Packed:
    good: list[Sample] = []
    failed: dict[int, _Failed] = {}
    for row, sample in enumerate(samples):
        if isinstance(sample, _Failed):
            failed[row] = sample
        else:
            good.append(sample)
    return _Packed(
        _together([sample.image for sample in good]),
        _together([sample.target for sample in good]),
        [sample.id for sample in good],
        [sample.group for sample in good],
        failed,
    )


def _together(parts: list[torch.Tensor]) -> torch.Tensor | list[torch.Tensor]:
    if not parts:
        return parts
    first = parts[0]
    alike = all(part.shape == first.shape and part.dtype == first.dtype for part in parts)
    return torch.stack(parts) if alike else parts


def _unpacked(packed: _Packed | _Failed, chunk: Sequence[int], how: Reading) -> dict[int, Sample]:
    """Samples by position, without those that are skipped."""
    if isinstance(packed, _Failed):
        raise DataError(packed.message)
    for row, failed in packed.failed.items():
        if not failed.reason:
            raise DataError(failed.message)
        if how.skip is None:
            raise NotLoadedError(chunk[row], failed.reason)
        how.skip(chunk[row], failed.reason)
    good = [position for row, position in enumerate(chunk) if row not in packed.failed]
    parts = zip(good, packed.images, packed.targets, packed.ids, packed.groups, strict=True)
    return {position: Sample(*rest) for position, *rest in parts}


def _next(take: Callable[[str], _Packed], chunk: Sequence[int]) -> _Packed | _Failed:
    """The next batch; what goes wrong is a value, as an exception would hold on to the workers."""
    where = f"samples {chunk[0]} to {chunk[-1]}"
    try:
        return take(where)
    except DataError as error:
        return _Failed(str(error))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    # That a worker died, torch tells by an error out of a signal handler, whatever is being done
    # at that moment. Where a broken connection told it first, the signal is let in here.
    with contextlib.suppress(RuntimeError):
        time.sleep(_SIGNAL)
    return _Failed(
        f"a loader worker ended while {where} were awaited ({reason}); "
        "it may have run out of memory, or out of the shared memory in which samples are handed "
        "over (docker run --shm-size=2g gives more); or load in this process: loader_workers=0"
    )
