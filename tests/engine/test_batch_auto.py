"""The batch size that fits: halved where memory runs out, grown where that pays."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.data import Batch, open_source
from pytest_xraynoise.engine import batching, overlap
from pytest_xraynoise.engine.batching import BatchSizer, joined, regrouped, rows_between
from pytest_xraynoise.engine.execution import Execution
from pytest_xraynoise.engine.measuring import sizer_of as _sizer
from pytest_xraynoise.errors import DataError, ModelError, SpecError
from pytest_xraynoise.models import is_out_of_memory
from pytest_xraynoise.results import LadderResult

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
N, SIDE = 40, 8
DRAW = torch.Generator().manual_seed(3)
TARGETS = torch.arange(N) % 2
IMAGES = torch.rand(N, 1, SIDE, SIDE, generator=DRAW) * 0.6 + 0.2 * TARGETS.view(-1, 1, 1, 1)
MASKS = (IMAGES[:, 0] > 0.5).long()
DATA = XrayDataset((IMAGES, TARGETS), ids=[f"film-{i}" for i in range(N)])

CPU_WORDS = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 99 bytes. Error code 12 (Cannot allocate memory)"
)
FAILURES: dict[str, Callable[[], BaseException]] = {
    "cuda": lambda: torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    "linux": lambda: RuntimeError(CPU_WORDS),
    "windows": lambda: RuntimeError(
        "DefaultCPUAllocator: not enough memory: you tried to allocate"
    ),
    "python": lambda: MemoryError("Unable to allocate 8.00 GiB for an array"),
    "mps": lambda: RuntimeError("MPS backend out of memory (MPS allocated: 18 GB)"),
    "cudnn": lambda: RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
}


class Mean(nn.Module):
    """A classifier that fails on batches above ``most``, and notes what it was given."""

    def __init__(self, most: int = 10**9, failure: str = "cuda") -> None:
        super().__init__()
        self.most, self.failure = most, failure
        self.sizes: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(images))
        if len(images) > self.most:
            raise FAILURES[self.failure]()
        return images.mean((1, 2, 3)) * 20 - 10


def run(model: Any, data: Any = DATA, **how: Any) -> LadderResult:
    return evaluate(model, data, **{"severities": [1, 4], "metrics": ["auroc"], **how})


def assert_same(found: LadderResult, wanted: LadderResult) -> None:
    assert found.ids == wanted.ids
    for severity in wanted.severities:
        np.testing.assert_allclose(
            found.scores(severity=severity), wanted.scores(severity=severity), rtol=0, atol=1e-6
        )
    for one, other in zip(found.rungs, wanted.rungs, strict=True):
        assert one.clipped == pytest.approx(other.clipped, abs=1e-9)
        assert one.mean_shift == pytest.approx(other.mean_shift, abs=1e-7)
    assert [s.sample_id for s in found.strips] == [s.sample_id for s in wanted.strips]


@pytest.mark.parametrize("failure", FAILURES)
def test_what_does_not_fit_is_halved_and_goes_on(failure: str) -> None:
    model = Mean(most=5, failure=failure)
    result = run(model)
    assert result.settings["batch_size"] == 4
    assert model.sizes[:3] == [16, 8, 4]  # and not a whole batch lost on the way
    assert all(size <= 4 for size in model.sizes[2:])
    assert sum(model.sizes) == 16 + 8 + 3 * N
    assert_same(result, run(Mean()))


def test_noise_of_halved_batches_has_the_same_bits() -> None:
    given: dict[bool, list[torch.Tensor]] = {True: [], False: []}

    def model(images: torch.Tensor, tight: bool) -> torch.Tensor:
        if tight and len(images) > 3:
            raise MemoryError
        given[tight].append(images.clone())
        return images.mean((1, 2, 3))

    for tight in (True, False):
        run(lambda x, tight=tight: model(x, tight), severities=[2])
    for rung in (0, 1):
        whole = torch.cat(given[False][rung::2])
        assert torch.equal(torch.cat(given[True][rung::2]), whole)


@pytest.mark.parametrize("at", [1, 2])
def test_memory_that_runs_out_at_a_later_rung_counts_no_sample_twice(at: int) -> None:
    calls = itertools.count()

    def model(images: torch.Tensor) -> torch.Tensor:
        if next(calls) == at:
            raise MemoryError
        return images.mean((1, 2, 3)) * 20 - 10

    assert_same(run(model), run(Mean()))


def test_memory_that_runs_out_over_masks_counts_no_sample_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The masks of all rungs may be what does not fit, after the model is done."""

    def model(images: torch.Tensor) -> torch.Tensor:
        return torch.cat([0.5 - images, images - 0.5], 1)

    data = (IMAGES, MASKS)
    how: dict[str, Any] = {"metrics": ["dice"]}
    expected = run(model, data, **how)
    at, calls = overlap.Overlap.at, itertools.count()

    def failing(*words: Any) -> Any:
        if next(calls) == 3:  # the last rung of the second batch
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return at(*words)

    monkeypatch.setattr(overlap.Overlap, "at", failing)
    result = run(model, data, **how)
    assert result.settings["batch_size"] == 8
    assert_same(result, expected)


def test_one_image_that_does_not_fit_is_one_clear_error() -> None:
    model = Mean(most=0)
    with pytest.raises(ModelError) as error:
        run(model, device="cpu")
    assert model.sizes == [16, 8, 4, 2, 1]
    for part in (
        "sample 'film-0'",
        "(1 x 8 x 8)",
        "Mean on cpu in fp32",
        "Tried to allocate 20.00",
    ):
        assert part in str(error.value)
    assert "went through" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_model_that_keeps_growing_ends_with_a_hint() -> None:
    class Hoarder(Mean):
        def __init__(self) -> None:
            super().__init__()
            self.kept: list[torch.Tensor] = []

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.kept.append(images)
            if sum(len(batch) for batch in self.kept) > 70:
                raise MemoryError("no more")
            return super().forward(images)

    with pytest.raises(ModelError, match=r"16 samples went through before, up to 16 at a time: do"):
        run(Hoarder())


def test_nothing_of_a_batch_is_kept_when_the_next_one_comes() -> None:
    """Memory is flat: of what a model was given, only the rungs of the present batch live on."""
    alive: list[weakref.ref[torch.Tensor]] = []
    most = 0

    def model(images: torch.Tensor) -> torch.Tensor:
        nonlocal most
        most = max(most, sum(ref() is not None for ref in alive))
        alive.append(weakref.ref(images))
        return images.mean((1, 2, 3))

    run(model, batch_size=4)
    assert len(alive) == 30
    assert most == 0  # inputs are copies that die with their call
    gc.collect()
    assert not any(ref() is not None for ref in alive)


def test_the_failed_batch_is_gone_before_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its activations hang on the traceback; as long as that lives, halving gains little."""
    activations: list[weakref.ref[torch.Tensor]] = []

    def model(images: torch.Tensor) -> torch.Tensor:
        assert not any(ref() is not None for ref in activations), "the last try is still there"
        activation = images * 2
        activations.append(weakref.ref(activation))
        if len(images) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return activation.mean((1, 2, 3))

    assert run(model).settings["batch_size"] == 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((make(), True) for make in FAILURES.values()),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
        (ModelError("x"), False),
    ],
)
def test_which_errors_are_a_lack_of_memory(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
    wrapped = ModelError("wrapped")
    wrapped.__cause__ = error
    assert is_out_of_memory(wrapped) is expected


def test_the_words_are_those_of_this_torch() -> None:
    with pytest.raises(RuntimeError) as error:
        torch.empty(1 << 60)
    assert is_out_of_memory(error.value)


def test_an_error_that_is_raised_while_handling_one_is_another_matter() -> None:
    error = KeyError("label")
    error.__context__ = MemoryError()
    assert not is_out_of_memory(error)


def test_other_errors_are_not_tried_again() -> None:
    calls = itertools.count()

    def model(images: torch.Tensor) -> torch.Tensor:
        next(calls)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(ModelError, match="shapes cannot be multiplied"):
        run(model)
    assert next(calls) == 1


def test_memory_that_the_dataset_lacks_is_the_datasets_matter() -> None:
    class Greedy(torch_data.Dataset[Any]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            raise MemoryError("while decoding")

    with pytest.raises(DataError, match="sample 0 could not be loaded: MemoryError: while decod"):
        run(Mean(), Greedy())


@pytest.mark.parametrize("said", [None, "auto", 5])
def test_what_was_used_is_recorded(said: Any) -> None:
    model = Mean()
    assert run(model, batch_size=said).settings["batch_size"] == (5 if said == 5 else 16)
    assert max(model.sizes) == (5 if said == 5 else 16)


@pytest.mark.parametrize("said", [0, -1, 2.0, True, "many", "8", [8]])
def test_other_batch_sizes_are_refused(said: Any) -> None:
    with pytest.raises(SpecError, match=r"batch_size=.*: expected 'auto' or a whole number from 1"):
        run(Mean(), batch_size=said)


def test_a_slip_of_auto_is_corrected() -> None:
    with pytest.raises(SpecError, match="did you mean 'auto'"):
        run(Mean(), batch_size="atuo")


def test_batches_of_a_loader_are_kept_and_split_where_they_must() -> None:
    loader = torch_data.DataLoader(torch_data.TensorDataset(IMAGES, TARGETS), batch_size=20)
    model = Mean()
    assert run(model, loader).settings["batch_size"] == 20
    assert set(model.sizes) == {20}
    tight = Mean(most=10)
    assert run(tight, loader).settings["batch_size"] == 10
    assert tight.sizes[:2] == [20, 10]


def test_batches_of_a_stream_are_split_to_the_number_that_was_said() -> None:
    class Stream(torch_data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            yield from zip(IMAGES, TARGETS, strict=True)

    model = Mean()
    run(model, torch_data.DataLoader(Stream(), batch_size=20), batch_size=8)
    assert model.sizes == [8, 8, 8, 8, 8, 8, 4, 4, 4] * 2


# Growing. No CUDA device is needed: the clock and the free memory are handed in.


class Clock:
    """Time that passes as a machine of a given speed would let it."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        self.now = 0.0
        self.seconds = seconds

    def __call__(self) -> float:
        return self.now


def grown(
    monkeypatch: pytest.MonkeyPatch,
    seconds: Callable[[int], float],
    *,
    most: int | None = None,
    samples: int = 4096,
    fits: int = 10**9,
    room: int = 10**9,
) -> tuple[BatchSizer, list[int]]:
    """Feed a sizer until the data are through; batches beyond ``fits`` run out of memory."""
    clock, sizes = Clock(seconds), []
    sizer = BatchSizer(16, CUDA, grows=True, most=most, clock=clock)
    monkeypatch.setattr(batching, "release_memory", lambda device: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (room, 80 * 10**9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: sizer.largest * 10**6)

    def work(batch: Batch) -> None:
        if len(batch.ids) > fits:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(batch.ids))
        clock.now += seconds(len(batch.ids))

    pixels, targets = torch.zeros(samples, 1, 1, 1), torch.zeros(samples)
    source = open_source((pixels, targets))
    for batch in regrouped(iter(source), sizer):
        for _ in sizer.pieces(batch, work, "Net on cuda in fp32"):
            pass
    assert sum(sizes) == samples
    return sizer, sizes


def saturating(knee: int) -> Callable[[int], float]:
    """A device that is idle below ``knee`` images: a batch costs the same, however small."""
    return lambda count: max(count, knee) * 1e-3


def test_it_grows_while_that_brings_more_images_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    sizer, sizes = grown(monkeypatch, saturating(128))
    assert sizer.size == 128
    assert sizes[:8] == [16, 16, 32, 32, 64, 64, 128, 128]
    assert sizes[8:10] == [256, 256]  # which was no faster
    assert set(sizes[10:]) <= {128, 4096 - sum(sizes[:-1])}


def test_where_more_brings_nothing_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    sizer, sizes = grown(monkeypatch, saturating(1))
    assert sizer.size == 16
    assert sorted(set(sizes)) == [16, 32]


def test_it_ends_at_the_largest_that_is_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert grown(monkeypatch, saturating(10**6), samples=16000)[0].size == batching.MOST
    assert grown(monkeypatch, saturating(10**6), most=100)[0].size == 64


def test_memory_that_runs_out_ends_the_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    sizer, sizes = grown(monkeypatch, saturating(10**6), fits=100)
    assert sizer.size == 64
    assert max(sizes) == 64


def test_it_stops_before_it_takes_the_memory_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte is free; a batch of 64 holds 64 megabytes in this picture, and so on."""
    assert grown(monkeypatch, saturating(10**6), room=50 * 10**6)[0].size == 64


def test_on_the_cpu_it_does_not_grow() -> None:
    sizer = BatchSizer(16, CPU, grows=True, clock=itertools.count().__next__)
    for batch in regrouped(iter(open_source((torch.zeros(640, 1, 1, 1), torch.zeros(640)))), sizer):
        for piece, _ in sizer.pieces(batch, lambda b: None, "Net"):
            assert len(piece.ids) == 16


@pytest.mark.parametrize(
    ("data", "how", "grows"),
    [
        ((IMAGES, TARGETS), Execution(), True),
        ((IMAGES, TARGETS), Execution(batch_size="auto"), True),
        ((IMAGES, TARGETS), Execution(batch_size=16), False),
        ((IMAGES, TARGETS), Execution(compile=True), False),
        (
            torch_data.DataLoader(torch_data.TensorDataset(IMAGES, TARGETS), batch_size=4),
            Execution(),
            False,
        ),
    ],
)
def test_what_may_grow(data: Any, how: Execution, grows: bool) -> None:
    assert _sizer(open_source(data), CUDA, how)._grows is grows
    assert not _sizer(open_source(data), CPU, how)._grows


# Joining and splitting.


def batches(size: int, data: Any = DATA) -> list[Batch]:
    return list(open_source(data, batch_size=size))


@given(size=st.integers(1, 50), wanted=st.integers(1, 60))
def test_joining_loses_nothing_and_keeps_the_order(size: int, wanted: int) -> None:
    made = list(regrouped(iter(batches(size)), BatchSizer(wanted, CPU)))
    assert [i for batch in made for i in batch.ids] == list(DATA.ids or ())
    assert torch.equal(torch.cat([batch.unit for batch in made]), IMAGES)
    assert torch.equal(torch.cat([batch.images for batch in made]), IMAGES)
    assert torch.equal(torch.cat([batch.targets for batch in made]), TARGETS)
    assert all(len(batch.ids) <= max(wanted, size) for batch in made)


@given(start=st.integers(0, 9), count=st.integers(1, 10))
def test_rows_of_a_batch(start: int, count: int) -> None:
    batch = batches(10)[0]
    part = rows_between(batch, start, min(10, start + count))
    assert part.ids == batch.ids[start : start + count]
    assert torch.equal(part.unit, batch.unit[start : start + count])


def test_a_whole_batch_is_not_copied() -> None:
    batch = batches(10)[0]
    assert rows_between(batch, 0, 10) is batch
    assert joined([batch]) is batch


def test_images_of_several_sizes_are_joined_by_size() -> None:
    items = [(torch.full((1, 4 + i % 3, 4), i / 20), i % 2) for i in range(12)]
    data = XrayDataset(items, resize=4, pixel_pitch=[0.1 * (i + 1) for i in range(12)])
    one = joined(batches(4, data))
    assert one.ids == tuple(map(str, range(12)))
    assert sorted(part.size for part in one.parts) == [(4, 4), (5, 4), (6, 4)]
    for part in one.parts:
        for row, image in zip(part.rows, part.images, strict=True):
            assert torch.equal(image, items[row][0])
    assert one.pixel_pitch == tuple(0.1 * (i + 1) for i in range(12))


def test_what_differs_is_not_joined() -> None:
    items = [(torch.full((1, 4 + i // 3, 4), 0.5), i % 2) for i in range(6)]
    made = list(regrouped(iter(batches(1, items)), BatchSizer(8, CPU)))
    assert [len(batch.ids) for batch in made] == [3, 3]
