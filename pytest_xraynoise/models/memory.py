"""Out of memory: how the allocators say it, and what to do before trying again with less."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import torch

from pytest_xraynoise.errors import ModelError, XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID_IN_WORDS = (
    "can't allocate memory",  # DefaultCPUAllocator on Linux and macOS
    "not enough memory",  # DefaultCPUAllocator on Windows
    "out of memory",  # CUDA error, CUDA driver error, MPS backend
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""Parts of the RuntimeErrors that stand for a failed allocation and have no type of their own."""


class DoesNotFitError(ModelError):
    """A batch did not fit; a smaller one may."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or what caused it, is a failed allocation on the CPU or an accelerator.

    Only what was raised *from* it counts: an error of its own that comes up while one is handled
    is another matter.
    """
    return any(_is_allocation(one) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__


def _is_allocation(error: BaseException) -> bool:
    if isinstance(error, XrayNoiseError):  # our own words are about memory in other cases too
        return isinstance(error, DoesNotFitError)
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error) for w in _SAID_IN_WORDS)


def release_memory(device: torch.device) -> None:
    """Give back what a failed batch held, so that the next try does not start from a full device.

    Frames of the failed call may be part of a reference cycle, and the caching allocator keeps
    blocks of the old sizes.
    """
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
