"""Ending the processes that load data, at once where nobody waits for them any more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


@contextlib.contextmanager
def closing_workers(batches: Iterator[T]) -> Iterator[Iterator[T]]:
    """Batches of a DataLoader, whose workers end with the block.

    At the end of the data they end by themselves. Left before that (Ctrl-C, an error, a reader that
    was closed), torch would wait up to five seconds for each to finish the sample that it loads.
    """
    try:
        yield batches
    except BaseException:
        for worker in getattr(batches, "_workers", ()):
            worker.terminate()
        raise
