"""Batches of an iterable dataset, in the order in which its samples come."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from torch.utils import data as torch_data

from pytest_xraynoise.data import items
from pytest_xraynoise.data.groups import batch_field
from pytest_xraynoise.data.parcels import handed_over
from pytest_xraynoise.data.readers import RawBatch, Reading, identified, stacked
from pytest_xraynoise.data.uncollated import as_they_are, batch_of, is_default
from pytest_xraynoise.errors import DataError, XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
        apart = how.size is not None and self.batch_size is not None and is_default(self._loader)
        for number, raw in enumerate(self._guarded(apart)):
            if apart:
                made = batch_of(raw, list(itertools.islice(position, len(raw))), how)
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
        what = "sample" if self.batch_size is None else "batch"
        loader = self._uncollated() if apart else self._loader
        with handed_over(loader, self.inner) as take:
            for number in itertools.count():
                where = f"{what} {number} of the loader"
                try:
                    yield take(where)
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
            collate_fn=as_they_are,
            num_workers=loader.num_workers,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            generator=loader.generator,
        )


def _holds_batch(raw: Any, prefer_mask: bool) -> bool:
    image, _, _ = items.split_item(raw, "an item of the loader", prefer_mask)
    return getattr(image, "ndim", 0) == 4
