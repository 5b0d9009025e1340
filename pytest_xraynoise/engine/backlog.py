"""A GPU is given the next batch before anybody asks for the numbers of the last one."""

from __future__ import annotations

import functools
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
        read: what is done with each, in the order in which they were launched. It is given a list
            with the one item, so that whoever takes it out is the only one who holds it.
    """

    def __init__(self, device: torch.device, read: Callable[[list[T]], None]) -> None:
        self._device = device
        self._read = read
        self._waiting: deque[tuple[list[T], torch.cuda.Event | None]] = deque()
        self._stream = _stream(device) if device.type == "cuda" else None

    @property
    def overlaps(self) -> bool:
        """Whether the device works on while something is read."""
        return self._stream is not None

    def __len__(self) -> int:
        """How many wait to be read."""
        return len(self._waiting)

    def add(self, launched: T) -> None:
        """Keep what was just launched."""
        self._waiting.append(([launched], self._mark()))

    def read_next(self) -> None:
        """Read what was launched first."""
        held, mark = self._waiting.popleft()
        if self._stream is None or mark is None:
            self._read(held)
            return
        self._stream.wait_event(mark)
        try:
            with torch.cuda.stream(self._stream):
                self._read(held)
        finally:
            # Memory of what was read goes back to the stream that it came from.
            self._stream.synchronize()

    def _mark(self) -> torch.cuda.Event | None:
        """The point in the present stream that has been reached when all is done."""
        if self._stream is None:
            return None
        mark = torch.cuda.Event()  # type: ignore[no-untyped-call]
        mark.record(torch.cuda.current_stream(self._device))
        return mark


@functools.cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """One for all passes; small kernels of this stream go before those of the model."""
    return torch.cuda.Stream(device, priority=-1)  # type: ignore[no-untyped-call]
