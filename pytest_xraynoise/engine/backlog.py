"""A GPU is given the next batch before anybody asks for the numbers of the last one."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Backlog(Generic[T]):
    """What was launched on a CUDA device and is still to be read.

    Reading a number waits for all that was launched before it. So what belongs to one batch is read
    in a stream of its own, which waits for that batch alone, when the device already has the next
    one to do: it is never idle while the CPU scores, loads and prepares.

    Args:
        device: where the work was launched.
        read: what is done with each, in the order in which they were launched.
    """

    def __init__(self, device: torch.device, read: Callable[[T], None]) -> None:
        self._device = device
        self._read = read
        self._waiting: deque[tuple[T, torch.cuda.Event | None]] = deque()
        self._stream = _stream(device) if device.type == "cuda" else None

    @property
    def overlaps(self) -> bool:
        """Whether the device works on while something is read."""
        return self._stream is not None

    def add(self, launched: T) -> None:
        """Keep what was just launched, and read what was launched before."""
        self._waiting.append((launched, self._mark()))
        while len(self._waiting) > 1:
            self._read_next()

    def settle(self) -> None:
        """Read everything."""
        while self._waiting:
            self._read_next()

    def _mark(self) -> torch.cuda.Event | None:
        """The point in the present stream that has been reached when all is done."""
        if self._stream is None:
            return None
        mark = torch.cuda.Event()  # type: ignore[no-untyped-call]
        mark.record(torch.cuda.current_stream(self._device))
        return mark

    def _read_next(self) -> None:
        mark = self._waiting[0][1]
        with contextlib.ExitStack() as stack:
            if self._stream is not None and mark is not None:
                self._stream.wait_event(mark)
                stack.enter_context(torch.cuda.stream(self._stream))
            self._read(self._waiting.popleft()[0])  # held by nobody else, should memory be short
            if self._stream is not None:
                # Memory of what was read goes back to the stream that it came from.
                self._stream.synchronize()


def _stream(device: torch.device) -> torch.cuda.Stream:
    """Small kernels of this stream go before those of the model."""
    return torch.cuda.Stream(device, priority=-1)  # type: ignore[no-untyped-call]
