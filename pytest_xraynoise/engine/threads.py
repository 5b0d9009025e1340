"""How many threads a ladder uses, and leaving the user's settings as they were."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import torch
from threadpoolctl import ThreadpoolController, threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def shared_threads(workers: int) -> Iterator[None]:
    """Share the processors among ``workers`` processes that run ladders at the same time.

    torch, OpenMP and BLAS start a thread for each core in every process, and threads that wait for
    each other by spinning lose twentyfold when there are more of them than cores. Whoever uses
    fewer than the share already is left alone, and every number is put back afterwards, also after
    an error. A single process uses the threads that the user gave it.
    """
    if workers <= 1:
        yield
        return
    before = torch.get_num_threads()
    share = max(1, _processors() // workers)
    # One by one: a process may hold two copies of a library, with different numbers.
    pools = [(pool, pool.num_threads) for pool in ThreadpoolController().lib_controllers]
    try:
        for pool, count in pools:
            pool.set_num_threads(min(share, count))
        torch.set_num_threads(min(share, before))
        yield
    finally:
        torch.set_num_threads(before)
        for pool, count in pools:
            pool.set_num_threads(count)


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """One thread for the small matrix products of the statistics: no slower, and the same bits."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
