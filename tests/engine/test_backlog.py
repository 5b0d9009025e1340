"""On CUDA a batch is read when the next one was launched: in order, and with the same numbers."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pytest_xraynoise import evaluate
from pytest_xraynoise.engine import backlog
from pytest_xraynoise.engine.backlog import Backlog
from pytest_xraynoise.engine.classification import Classification
from pytest_xraynoise.engine.strips import StripKeeper
from pytest_xraynoise.errors import ModelError

CPU = torch.device("cpu")
DRAW = torch.Generator().manual_seed(0)
IMAGES = torch.rand(22, 1, 16, 16, generator=DRAW)
CLASSES = torch.arange(22) % 2
MASKS = (IMAGES[:, 0] > 0.5).long()


class Scorer(nn.Module):
    """Classifies by a patch, or segments by it; counts what it is given."""

    def __init__(self, masks: bool = False) -> None:
        super().__init__()
        self.masks = masks
        self.calls: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls.append(len(images))
        return (images - 0.5) * 9 if self.masks else images[:, 0, 4:9, 4:9].mean((1, 2)) * 9 - 4


def run(model: Any, targets: torch.Tensor, **how: Any) -> Any:
    words = {"severities": [1, 4], "device": "cpu", "batch_size": 5, **how}
    return evaluate(model, (IMAGES, targets), noise="poisson", **words)


@pytest.fixture
def overlapped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The CPU takes the way of CUDA; how many batches waited when one was read."""
    waiting: list[int] = []
    read_next = Backlog.read_next

    def noted(self: Any) -> None:
        waiting.append(len(self))
        read_next(self)

    monkeypatch.setattr(Backlog, "overlaps", property(lambda _: True))
    monkeypatch.setattr(Backlog, "read_next", noted)
    return waiting


def test_it_reads_in_order_and_nobody_else_holds_what_is_read() -> None:
    class Thing:
        pass

    read: list[str] = []

    def take(held: list[Thing]) -> None:
        one = held.pop()
        gone = weakref.ref(one)
        del one
        read.append("held by another" if gone() else "gone")

    held = Backlog[Thing](CPU, take)
    for number in range(3):
        held.add(Thing())
        assert len(held) == number + 1
    while held:
        held.read_next()
    assert read == ["gone"] * 3
    assert not held.overlaps


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("repeats", [1, 2])
def test_the_numbers_are_those_of_a_batch_read_at_once(
    masks: bool, repeats: int, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    targets = MASKS if masks else CLASSES
    plain = run(Scorer(masks), targets, repeats=repeats)
    waiting = request.getfixturevalue("overlapped")
    behind = run(Scorer(masks), targets, repeats=repeats)
    assert waiting == [2, 2, 2, 1]  # the first of five batches says what the task is
    assert behind.ids == plain.ids
    for severity in plain.severities:
        np.testing.assert_array_equal(
            behind.scores(severity=severity), plain.scores(severity=severity)
        )
    assert behind.to_dict()["rungs"] == plain.to_dict()["rungs"]
    assert behind.strips == plain.strips


def test_numbers_that_are_not_finite_are_told_with_their_sample(overlapped: list[int]) -> None:
    class Breaks(Scorer):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            scores = super().forward(images)
            if len(self.calls) == 5:  # the second batch at severity 1
                scores[2] = torch.nan
            return scores

    with pytest.raises(ModelError, match=r"first for sample '7' \(samples '5' to '9' at severity"):
        run(Breaks(), CLASSES)
    assert overlapped


def _fails(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, first: str, times: int = 1
) -> list[str]:
    """A method that has no memory for the batch that begins with a sample."""
    real = getattr(owner, name)
    failures: list[str] = []

    def short(self: Any, ids: Any, *rest: Any, **words: Any) -> Any:
        if ids[0] == first and len(failures) < times:
            failures.append(ids[0])
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return real(self, ids, *rest, **words)

    monkeypatch.setattr(owner, name, short)
    return failures


def _same(found: Any, wanted: Any) -> None:
    assert found.ids == wanted.ids
    for severity in wanted.severities:
        np.testing.assert_array_equal(
            found.scores(severity=severity), wanted.scores(severity=severity)
        )


@pytest.mark.parametrize("first", ["5", "10", "20"])
def test_memory_that_is_short_while_reading_runs_the_batch_again(
    first: str, overlapped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(Scorer(), CLASSES)
    failures = _fails(monkeypatch, Classification, "add", first)
    model = Scorer()
    _same(run(model, CLASSES), plain)
    assert failures == [first]
    again = min(5, len(IMAGES) - int(first))
    assert sum(model.calls) == 3 * (len(IMAGES) + again)  # one batch went through twice


def test_what_does_not_fit_beside_another_batch_fits_alone(overlapped: list[int]) -> None:
    class Full(Scorer):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            scores = super().forward(images)
            if len(self.calls) == 8:  # the third batch, when the second is not read yet
                raise RuntimeError("CUDA out of memory. Tried to allocate")
            return scores

    model = Full()
    result = run(model, CLASSES)
    assert overlapped == [1]  # the second; from there on every batch is read at once
    assert result.settings["batch_size"] == 5  # not halved
    _same(result, run(Scorer(), CLASSES))


def test_one_image_that_does_not_fit_is_no_lost_batch(
    overlapped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says "out of memory", and is no reason to halve the batch that comes next."""
    _fails(monkeypatch, Classification, "add", "5", times=99)
    with pytest.raises(ModelError, match=r"one image alone does not fit .* sample '5'"):
        run(Scorer(), CLASSES)


def test_a_picture_that_does_not_fit_is_left_out(
    overlapped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(Scorer(), CLASSES)
    failures = _fails(monkeypatch, StripKeeper, "offer", "5")
    model = Scorer()
    _same(run(model, CLASSES), plain)
    assert failures == ["5"]
    assert sum(model.calls) == 3 * len(IMAGES)


def test_streams_wait_for_their_own_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls on CUDA are noted here; ``tests/gpu`` makes them on a device."""
    told: list[str] = []

    class Event:
        def record(self, stream: Any) -> None:
            told.append(f"mark in {stream}")

    class Side:
        def wait_event(self, _: Any) -> None:
            told.append("side waits")

        def synchronize(self) -> None:
            told.append("side is done")

    class Within:
        def __init__(self, stream: Any) -> None:
            assert isinstance(stream, Side)

        def __enter__(self) -> None:
            told.append("in side")

        def __exit__(self, *_: object) -> None:
            told.append("back")

    monkeypatch.setattr(backlog, "_stream", lambda _: Side())
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", Within)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: "main")
    held = Backlog[str](torch.device("cuda"), lambda what: told.append(f"read {what.pop()}"))
    assert held.overlaps
    held.add("a")
    held.add("b")
    held.read_next()
    assert told == [
        "mark in main",
        "mark in main",
        "side waits",
        "in side",
        "read a",
        "back",
        "side is done",
    ]
