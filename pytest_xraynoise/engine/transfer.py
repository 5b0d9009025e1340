"""Batches on the device before they are needed: the copy of the next one runs beside the model."""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, TypeVar

import torch

from pytest_xraynoise.data import Natural

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from pytest_xraynoise.data import Batch, Source

T = TypeVar("T")


class Transfer:
    """Brings the pixels of batches to a device; ids and the targets of classifiers stay.

    On CUDA pixels, those of masks too, are pinned and copied without blocking on a stream of their
    own, so that the copy of a batch overlaps with the model's work on the one before. On the CPU a
    batch is left as it is. Other devices get a plain copy.

    Args:
        device: where to.
        source: whose batches; tells whether the images themselves are needed beside their
            intensities.
    """

    def __init__(self, device: torch.device, source: Source) -> None:
        self._device = device
        self._resizes = source.size is not None
        self._natural = isinstance(source.intensity, Natural)
        self._stream = _stream(device) if device.type == "cuda" else None

    def ahead(self, batches: Iterable[tuple[T, Batch]]) -> Generator[tuple[T, Batch], None, None]:
        """The same batches on the device; one copy is always under way.

        The next batch is read before the present one is given out, so whatever loads it in worker
        processes goes on meanwhile too.

        Args:
            batches: each with anything that belongs to it.
        """
        if self._device.type == "cpu":
            yield from batches
            return
        # A queue, as a variable would keep a batch while the model has it.
        under_way: deque[tuple[T, Batch, torch.cuda.Event | None]] = deque()
        for mark, batch in batches:
            under_way.append((mark, *self._begun(batch)))
            del batch
            if len(under_way) > 1:
                yield self._claimed(*under_way.popleft())
        while under_way:
            yield self._claimed(*under_way.popleft())

    def _begun(self, batch: Batch) -> tuple[Batch, torch.cuda.Event | None]:
        """Start the copy of a batch; the event is its end, None where it has ended already."""
        if self._stream is None:
            return self._moved(batch), None
        with torch.cuda.stream(self._stream):
            moved = self._moved(batch)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record(self._stream)
        return moved, copied

    def _claimed(self, mark: T, batch: Batch, copied: torch.cuda.Event | None) -> tuple[T, Batch]:
        """The batch for the present stream, which waits for the copy; the CPU does not."""
        if copied is None:
            return mark, batch
        stream = torch.cuda.current_stream(self._device)
        stream.wait_event(copied)
        for part in batch.parts:
            _used_by(stream, part.images, part.unit)
        _used_by(stream, batch.targets)
        return mark, batch

    def _moved(self, batch: Batch) -> Batch:
        parts = []
        for part in batch.parts:
            unit = self._to_device(part.unit)
            images = part.images
            if not self._resizes:
                # A GPU divides by the full scale of integers by way of its reciprocal, which may
                # differ in the last bit; so integers go as the intensities that they are.
                if self._natural and not images.dtype.is_floating_point:
                    images = part.unit
                same = images is part.unit or (
                    images.dtype == part.unit.dtype and torch.equal(images, part.unit)
                )
                images = unit if same else self._to_device(images)
            parts.append(dataclasses.replace(part, images=images, unit=unit))
        masks = self._stream is not None and batch.targets.ndim > 2
        targets = self._to_device(batch.targets) if masks else batch.targets
        return dataclasses.replace(batch, parts=tuple(parts), targets=targets)

    def _to_device(self, pixels: torch.Tensor) -> torch.Tensor:
        if pixels.device.type != "cpu" or self._stream is None:
            return known_there(pixels, self._device).to(self._device)
        if pixels.ndim == 4 and pixels.shape[1] > 1 and pixels.stride(1) == 0:
            # Grey shown as three channels is a view of one, there too.
            return self._to_device(pixels[:, :1]).expand(-1, pixels.shape[1], -1, -1)
        return sent(pixels, self._device)


def known_there(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """In a dtype that the device has: MPS has no float64."""
    narrow = device.type == "mps" and tensor.dtype == torch.float64
    return tensor.float() if narrow else tensor


def sent(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The same on a device; on CUDA the copy goes on while others work."""
    whole = tensor.contiguous()
    if device.type != "cuda" or tensor.is_cuda:
        return whole.to(device)
    try:
        whole = whole.pin_memory()
    except RuntimeError:  # no memory that could be locked: the copy is then not overlapped
        return whole.to(device)
    return whole.to(device, non_blocking=True)


def _used_by(stream: torch.cuda.Stream, *tensors: torch.Tensor) -> None:
    """Memory that is not to be used again before the model is done with it."""
    for tensor in tensors:
        if tensor.is_cuda:
            tensor.record_stream(stream)


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
