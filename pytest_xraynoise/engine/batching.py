"""How many samples go through the model together: grown while it pays, halved when it must be."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import is_out_of_memory, release_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_xraynoise.data import Batch

T = TypeVar("T")

MOST = 512
"""Images at which growing ends: no GPU of today is idle for want of a larger batch."""

GAIN = 1.05
"""By how much a doubled batch has to raise the images per second to be kept."""

_LOOKS = 2  # batches of one size that are timed; the first one also pays for choosing kernels


class BatchSizer:
    """The batch size of one run, and the retry of what did not fit.

    The run starts with ``size``. Where it may grow, every full batch is timed, and after two of
    one size the size is doubled, for as long as a doubled batch brings at least 5% more images a
    second and the memory in use would fit once more into what is free. The batches that are timed
    are those of the run: no image goes through the model for the measurement alone.

    A batch that does not fit is run again in halves, and the size stays halved. Noise follows the
    sample, so neither changes a score beyond the last bits of float arithmetic.

    On the CPU a run does not grow: a timed choice would make the last bits of scores differ from
    run to run, and larger batches bring nothing there: on one core a ResNet-18 at 224 x 224 takes
    43 ms an image alone, 41 in batches of 8, 44 of 16, 48 of 32 and 55 of 64, which leave its
    caches (``benchmarks/batch_size.py``).

    Args:
        size: to start with.
        device: where the model runs.
        grows: whether more than ``size`` may be tried, on CUDA.
        most: samples in all, where they are known.

    Attributes:
        size: what the next batch should have; after a run, what was used last.
        done: samples that went through.
        largest: the largest batch that did.
        short: whether a batch did not fit.
    """

    def __init__(
        self,
        size: int,
        device: torch.device,
        *,
        grows: bool = False,
        most: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.size = size
        self.done = 0
        self.largest = 0
        self.short = False
        self._device = device
        self._grows = grows and device.type == "cuda"
        self._most = MOST if most is None else min(MOST, most)
        self._clock = clock
        self._looks: list[float] = []
        self._settled: tuple[int, float] | None = None

    @property
    def settled(self) -> bool:
        """Whether the size stays, and memory is not short: nobody has to wait for a batch."""
        return not self._grows and not self.short

    def pieces(
        self, batch: Batch, work: Callable[[Batch], T], name: str
    ) -> Iterator[tuple[Batch, T]]:
        """Do the work on a batch in pieces that fit.

        Args:
            batch: any number of samples.
            work: on a piece; must leave nothing behind when it raises.
            name: of the model and where it runs, for the message.

        Yields:
            Each piece with the result of the work on it, in the order of the samples.

        Raises:
            ModelError: when a single image does not fit.
        """
        start, count = 0, len(batch.ids)
        while start < count:
            piece = rows_between(batch, start, min(count, start + self.size))
            done = self._tried(piece, work, name)
            if not done:
                continue
            start += len(piece.ids)
            yield piece, done.pop()  # held by nobody here, should memory get short

    def _tried(self, piece: Batch, work: Callable[[Batch], T], name: str) -> list[T]:
        """The result, or nothing after the size was halved."""
        began = self._clock()
        try:
            done = [work(piece)]
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = str(error)
        else:
            self._note(len(piece.ids), self._clock() - began)
            return done
        # Here the error is gone, and with it the frames that held what the model had allocated.
        release_memory(self._device)
        self._halve(piece, reason, name)
        return []

    def _halve(self, piece: Batch, reason: str, name: str) -> None:
        count = len(piece.ids)
        self._grows = False
        self.short = True
        if count > 1:
            self.size = min(self.size, count // 2)
            return
        image = " x ".join(map(str, piece.parts[0].unit.shape[1:]))
        before = ""
        if self.done:
            before = (
                f". {self.done} samples went through before, up to {self.largest} at a time: does "
                "the model keep what it is given?"
            )
        raise ModelError(
            f"one image alone does not fit into memory: sample {piece.ids[0]!r} ({image}) with "
            f"{name}; {reason}{before}. Free memory, take a smaller image "
            "(XrayDataset(data, resize=...)), a lower precision, or another device"
        )

    def _note(self, count: int, seconds: float) -> None:
        self.done += count
        self.largest = max(self.largest, count)
        if not self._grows or count < self.size:
            return
        self._looks.append(count / max(seconds, 1e-9))
        if len(self._looks) < _LOOKS:
            return
        rate, self._looks = max(self._looks), []
        if self._settled is not None and rate < GAIN * self._settled[1]:
            self.size, self._grows = self._settled[0], False
            return
        self._settled = (self.size, rate)
        if 2 * self.size > self._most or not self._has_room():
            self._grows = False
        else:
            self.size *= 2

    def _has_room(self) -> bool:
        """Whether the memory in use fits once more into what is free, whoever else uses the GPU."""
        free, _ = torch.cuda.mem_get_info(self._device)
        return free >= torch.cuda.memory_reserved(self._device)


def rows_between(batch: Batch, start: int, stop: int) -> Batch:
    """Rows ``start`` to ``stop`` of a batch; the batch itself when those are all."""
    count = len(batch.ids)
    if start == 0 and stop == count:
        return batch
    keep = torch.zeros(count, dtype=torch.bool)
    keep[start:stop] = True
    return batch.rows(keep)


def regrouped(batches: Iterator[Batch], sizer: BatchSizer) -> Iterator[Batch]:
    """Batches joined up to the size that the sizer has by now.

    Nothing is split here, and nothing joined that does not match in size or dtype.
    """
    waiting: list[Batch] = []
    for batch in batches:
        have = sum(len(one.ids) for one in waiting)
        if waiting and (have + len(batch.ids) > sizer.size or _form(batch) != _form(waiting[0])):
            yield joined(waiting)
            waiting, have = [], 0
        waiting.append(batch)
        if have + len(batch.ids) >= sizer.size:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting)


def joined(batches: list[Batch]) -> Batch:
    """Several batches of the same form as one; images that have one size stay together."""
    if len(batches) == 1:
        return batches[0]
    groups: dict[tuple[Any, ...], list[tuple[tuple[int, ...], torch.Tensor, torch.Tensor]]] = {}
    offset = 0
    for batch in batches:
        for part in batch.parts:
            rows = tuple(offset + row for row in part.rows)
            key = (part.unit.shape[1:], part.images.shape[1:], part.images.dtype)
            groups.setdefault(key, []).append((rows, part.images, part.unit))
        offset += len(batch.ids)
    kind = type(batches[0].parts[0])
    return dataclasses.replace(
        batches[0],
        ids=tuple(ident for batch in batches for ident in batch.ids),
        targets=torch.cat([batch.targets for batch in batches]),
        parts=tuple(
            kind(
                tuple(row for rows, _, _ in members for row in rows),
                torch.cat([images for _, images, _ in members]),
                torch.cat([unit for _, _, unit in members]),
            )
            for members in groups.values()
        ),
        pixel_pitch=tuple(pitch for batch in batches for pitch in batch.pixel_pitch),
    )


def _form(batch: Batch) -> tuple[Any, ...]:
    """What has to be equal for batches to be joined."""
    sizes: object = None
    if len(batch.parts) == 1:
        part = batch.parts[0]
        sizes = (part.unit.shape[1:], part.images.dtype)
    return batch.targets.shape[1:], batch.targets.dtype, sizes
