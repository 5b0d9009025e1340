"""Batches on their way to a device: one ahead, nothing lost, nothing held."""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from pytest_xraynoise import IntensityRange, XrayDataset
from pytest_xraynoise.data import Batch, open_source
from pytest_xraynoise.engine.transfer import Transfer, known_there

CPU, META = torch.device("cpu"), torch.device("meta")
DRAW = torch.Generator().manual_seed(0)
BYTES = torch.randint(0, 256, (10, 1, 4, 4), generator=DRAW, dtype=torch.uint8)
FLOATS = torch.rand(10, 1, 4, 4, generator=DRAW)
TARGETS = torch.arange(10) % 2


class Metal(Transfer):
    """A transfer to a device that is not the CPU, whose pixels can be looked at all the same.

    Without a CUDA stream it takes the way of every other accelerator.
    """

    def __init__(self, source: Any) -> None:
        super().__init__(META, source)
        self._device = torch.device("mps")

    def _to_device(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.clone()


def source(images: torch.Tensor = FLOATS, **how: Any) -> Any:
    return open_source(XrayDataset((images, TARGETS), **how), batch_size=3)


def counted(batches: Any) -> Iterator[tuple[int, Batch]]:
    yield from enumerate(batches)


def test_on_the_cpu_it_does_nothing() -> None:
    given = list(counted(source()))
    taken = list(Transfer(CPU, source()).ahead(given))
    assert [mark for mark, _ in taken] == [0, 1, 2, 3]
    assert all(a is b for (_, a), (_, b) in zip(given, taken, strict=True))


def test_on_the_cpu_nothing_is_read_ahead() -> None:
    read: list[int] = []

    def batches() -> Iterator[tuple[int, Batch]]:
        for mark, batch in counted(source()):
            read.append(mark)
            yield mark, batch

    for mark, _ in Transfer(CPU, source()).ahead(batches()):
        assert read == list(range(mark + 1))


def test_elsewhere_the_next_one_is_on_its_way() -> None:
    read: list[int] = []

    def batches() -> Iterator[tuple[int, Batch]]:
        for mark, batch in counted(source()):
            read.append(mark)
            yield mark, batch

    for mark, batch in Metal(source()).ahead(batches()):
        assert read == list(range(min(mark + 2, 4)))
        assert batch.ids == tuple(map(str, range(3 * mark, min(3 * mark + 3, 10))))


@pytest.mark.parametrize(
    ("images", "how", "shared"),
    [
        (BYTES, {}, True),
        (FLOATS, {}, True),
        (FLOATS * 2000 - 1000, {"intensity": IntensityRange(-1000, 1000)}, False),
    ],
)
def test_pixels_arrive_and_go_once_where_once_is_enough(
    images: torch.Tensor, how: dict[str, Any], shared: bool
) -> None:
    opened = source(images, **how)
    given = list(opened)
    taken = [batch for _, batch in Metal(opened).ahead(counted(opened))]
    for before, after in zip(given, taken, strict=True):
        assert after.ids == before.ids
        assert torch.equal(after.targets, before.targets)
        assert torch.equal(after.unit, before.unit)
        assert after.unit is not before.unit
        assert (after.images is after.unit) is shared
        # What the model is given has the same bits wherever it was made.
        expected = opened.intensity.model_input(before.images)
        assert torch.equal(opened.intensity.model_input(after.images), expected)


def test_native_images_that_are_resized_stay() -> None:
    opened = source(BYTES, resize=2)
    for (_, after), before in zip(Metal(opened).ahead(counted(opened)), opened, strict=True):
        assert after.images.dtype == torch.uint8
        assert torch.equal(after.images, before.images)
        assert torch.equal(after.unit, before.unit)


def test_an_error_of_the_data_comes_after_the_batches_before_the_last() -> None:
    def batches() -> Iterator[tuple[int, Batch]]:
        for mark, batch in counted(source()):
            if mark == 2:
                raise OSError("disk is gone")
            yield mark, batch

    seen: list[int] = []
    with pytest.raises(OSError, match="disk"):
        seen.extend(mark for mark, _ in Metal(source()).ahead(batches()))


def test_batches_are_not_held_after_they_were_given_out() -> None:
    refs: list[weakref.ref[torch.Tensor]] = []
    batches = Metal(source()).ahead(counted(source()))
    for _ in range(4):
        refs.append(weakref.ref(next(batches)[1].unit))
        assert refs[-1]() is None
    assert len(refs) == 4


def test_a_batch_is_given_out_when_its_copy_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CUDA: the copy of batch k + 1 starts before batch k is given out, and k waits for its own.

    The calls are noted here; ``tests/gpu`` makes them on a device.
    """
    told: list[str] = []
    events = itertools.count()

    class Event:
        def __init__(self) -> None:
            self.number = next(events)

        def record(self, stream: Any) -> None:
            told.append(f"copied {self.number}")

    class Stream:
        def __init__(self, device: Any = None) -> None:
            pass

        def wait_event(self, event: Event) -> None:
            told.append(f"wait for {event.number}")

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream())
    monkeypatch.setattr(Transfer, "_to_device", lambda self, pixels: pixels.clone())
    for mark, _ in Transfer(torch.device("cuda"), source()).ahead(counted(source())):
        told.append(f"give {mark}")
    assert told == [
        "copied 0",
        *(f"{word} {n + 1 - last}" for n in range(3) for word, last in STEPS),
        "wait for 3",
        "give 3",
    ]


STEPS = (("copied", 0), ("wait for", 1), ("give", 1))
"""Of each batch but the last: what happens, and whether to it or to the one before."""


def test_where_no_memory_can_be_locked_the_copy_is_a_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(pixels: torch.Tensor, device: Any = None) -> torch.Tensor:
        raise RuntimeError("CUDA error: operation not permitted")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: object())
    transfer = Transfer(torch.device("cuda"), source())
    transfer._device = META
    monkeypatch.setattr(torch.Tensor, "pin_memory", refuse)
    assert transfer._to_device(FLOATS).device == META


def test_float64_goes_to_mps_as_float32() -> None:
    values = torch.rand(3, dtype=torch.float64)
    assert known_there(values, torch.device("mps")).dtype == torch.float32
    assert known_there(values, torch.device("cuda")) is values
    whole = torch.arange(3)
    assert known_there(whole, torch.device("mps")) is whole
