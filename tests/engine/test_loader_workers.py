"""Samples loaded by worker processes: the same batches, the same messages."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.data import Batch, open_source
from pytest_xraynoise.data import workers as loading
from pytest_xraynoise.data.workers import with_workers
from pytest_xraynoise.errors import DataError

N = 22
WORKERS = [1, 2, 3]


class Films(torch_data.Dataset[Any]):
    """Items with ids, in one of the forms that are allowed; says which process made them."""

    def __init__(self, form: str = "uint8", bad: int | None = None, fault: str = "raises") -> None:
        self.form, self.bad, self.fault = form, bad, fault

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        if index == self.bad:
            if self.fault == "raises":
                raise OSError(f"film-{index}.png is truncated")
            if self.fault == "shape":
                return {"image": torch.zeros(1, 5, 5), "target": 0}
            if self.fault == "form":
                return {"picture": torch.zeros(1, 8, 8)}
            os._exit(3)  # as the kernel's out-of-memory killer would have it
        values = (np.arange(64).reshape(8, 8) * 3 + index * 2 + 60 * (index % 2)).astype("uint8")
        image: Any = values
        if self.form == "uint16":
            image = values.astype("uint16") * 200
        elif self.form == "sizes":
            image = values[: 4 + index % 3]
        elif self.form == "mask":
            return {"image": values, "mask": (values > 90).astype("uint8"), "id": f"film-{index}"}
        target: Any = float("nan") if self.form == "nan" and index == 3 else index % 2
        return {"image": image, "target": target, "id": f"film-{index}"}


class Mean(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3)) * 20 - 10


def read(data: Any, workers: int | None, **how: Any) -> list[Batch]:
    return list(open_source(data, workers=workers, batch_size=how.pop("batch_size", 5), **how))


def assert_equal(found: list[Batch], wanted: list[Batch]) -> None:
    assert [batch.ids for batch in found] == [batch.ids for batch in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.targets.dtype == other.targets.dtype
        assert torch.equal(one.targets.nan_to_num(-9), other.targets.nan_to_num(-9))
        assert len(one.parts) == len(other.parts)
        for a, b in zip(one.parts, other.parts, strict=True):
            assert a.rows == b.rows
            assert a.images.dtype == b.images.dtype
            assert np.array_equal(a.images.numpy(), b.images.numpy())
            assert torch.equal(a.unit, b.unit)


@pytest.mark.parametrize("form", ["uint8", "uint16", "nan", "mask"])
@pytest.mark.parametrize("workers", WORKERS)
def test_batches_are_those_of_this_process(form: str, workers: int) -> None:
    task = "segmentation" if form == "mask" else None
    data = Films(form)
    assert_equal(read(data, workers, task=task), read(data, None, task=task))


def test_images_of_several_sizes_too() -> None:
    data = XrayDataset(Films("sizes"), resize=4)
    assert_equal(read(data, 2), read(data, 0))


@pytest.mark.parametrize("workers", [0, *WORKERS])
def test_scores_do_not_depend_on_the_number_of_workers(workers: int) -> None:
    how: dict[str, Any] = {"severities": [1, 3], "metrics": ["auroc"], "samples": 16}
    expected = evaluate(Mean(), Films(), **how)
    result = evaluate(Mean(), Films(), loader_workers=workers, **how)
    assert result.settings["loader_workers"] == workers
    assert result.ids == expected.ids
    for severity in (0, 1, 3):
        assert np.array_equal(result.scores(severity=severity), expected.scores(severity=severity))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("raises", "sample 13 could not be loaded: OSError: film-13.png is truncated"),
        ("form", "sample 13 has the keys"),
        ("shape", "sample 'film-10' has (1, 8, 8), sample '13' has (1, 5, 5)"),
    ],
)
def test_a_bad_sample_is_named_in_the_same_words(fault: str, says: str) -> None:
    messages = []
    for workers in (0, 2):
        with pytest.raises(DataError) as error:
            read(Films(bad=13, fault=fault), workers)
        messages.append(str(error.value))
    assert says in messages[0]
    assert messages[0] == messages[1]
    assert "Traceback" not in messages[1]


def test_batches_before_the_bad_sample_are_given() -> None:
    reading = iter(open_source(Films(bad=13), workers=2, batch_size=5))
    seen = [ident for batch in itertools.islice(reading, 2) for ident in batch.ids]
    assert seen == [f"film-{index}" for index in range(10)]
    with pytest.raises(DataError, match="sample 13"):
        next(reading)


def test_a_worker_that_dies_is_one_clear_error() -> None:
    with pytest.raises(DataError, match=r"a loader worker ended while samples \d+ to \d+ .*shm"):
        read(Films(bad=13, fault="dies"), 1)


def test_what_cannot_be_handed_over_is_told_and_nobody_waits_for_it() -> None:
    class Locked(Films):
        def __getitem__(self, index: int) -> Any:
            patient = threading.Lock() if index == 13 else f"p{index}"
            return {**super().__getitem__(index), "patient": patient}

    data = XrayDataset(Locked(), groups="patient")
    says = r"samples 10 to 14 cannot be handed over by a loader worker \(TypeError: .*lock.*tensors"
    with pytest.raises(DataError, match=says):
        read(data, 2)
    with pytest.raises(DataError, match="has a lock for a group"):
        read(data, 0)


def _locked(samples: list[Any]) -> Any:
    images = torch.stack([torch.as_tensor(one["image"]) for one in samples])
    targets = torch.tensor([one["target"] for one in samples])
    return {"image": images[:, None], "target": targets, "meta": threading.Lock()}


@pytest.mark.parametrize("own", [True, False])
def test_what_a_loaders_collate_function_makes_is_told_too(own: bool) -> None:
    loader = torch_data.DataLoader(Films(), 5, collate_fn=_locked, num_workers=2 if own else 0)
    with pytest.raises(DataError, match=r"samples 0 to 4 cannot be handed over .*lock"):
        read(loader, None if own else 2)
    assert sum(len(batch.ids) for batch in read(loader, 0)) == N


class Endless(torch_data.IterableDataset[Any]):
    def __init__(self, fault: bool = False) -> None:
        self.fault = fault

    def __iter__(self) -> Iterator[Any]:
        for index in range(N):
            meta = {"meta": threading.Lock()} if self.fault else {}
            yield {"image": torch.full((1, 4, 4), 0.01 * index), "target": index % 2, **meta}


def _listed(samples: list[Any]) -> Any:
    images = torch.stack([one["image"] for one in samples])
    targets = torch.tensor([one["target"] for one in samples])
    return {"image": images, "target": targets, "meta": [one.get("meta") for one in samples]}


def test_a_stream_from_workers() -> None:
    loader = torch_data.DataLoader(Endless(), 5, collate_fn=_listed, num_workers=1)
    assert sum(len(batch.ids) for batch in read(loader, None)) == N
    loader = torch_data.DataLoader(Endless(True), 5, collate_fn=_listed, num_workers=1)
    with pytest.raises(DataError, match=r"batch 0 of the loader cannot be handed over .*lock"):
        read(loader, None)


def test_persistent_workers_of_a_stream_are_left_to_their_loader() -> None:
    loader = torch_data.DataLoader(Endless(), 5, num_workers=1, persistent_workers=True)
    first = [batch["target"].tolist() for batch in loader]
    reading = iter(open_source(loader))
    next(reading)
    del reading  # an end that comes early
    assert [batch["target"].tolist() for batch in loader] == first
    assert loader.persistent_workers
    assert sum(len(batch.ids) for batch in read(loader, None)) == N


def test_a_loader_whose_dataset_cannot_be_sent() -> None:
    data = Films()
    data.decode = lambda image: image  # type: ignore[attr-defined]
    loader = torch_data.DataLoader(data, 5, num_workers=1, multiprocessing_context="spawn")
    with pytest.raises(DataError, match=r"\(Films\) cannot be sent to loader workers.*picklable"):
        read(loader, None)


def test_images_that_carry_gradients_are_handed_over() -> None:
    class Graphs(Films):
        def __getitem__(self, index: int) -> Any:
            image = torch.full((1, 4, 4), 0.01 * index, requires_grad=True) * 2
            return {"image": image, "target": index % 2}

    assert_equal(read(Graphs(), 2), read(Graphs(), 0))


def test_a_worker_that_dies_while_the_model_runs_is_no_fault_of_the_model() -> None:
    def model(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly")

    with pytest.raises(DataError, match=r"a loader worker ended while the model ran: DataLoader"):
        evaluate(model, Films())


def spawning(data: Any, **how: Any) -> Any:
    """A DataLoader as it is where processes are spawned: on macOS and Windows."""
    return torch_data.DataLoader(data, **{**how, "multiprocessing_context": "spawn"})


def test_a_dataset_that_cannot_be_sent_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "torch_data", SimpleNamespace(DataLoader=spawning))
    data = Films()
    data.decode = lambda image: image  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"\(Films\) cannot be sent to loader workers.*picklable"):
        read(data, 1)


@pytest.mark.slow
def test_spawned_workers_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "torch_data", SimpleNamespace(DataLoader=spawning))
    assert_equal(read(Films(), 2), read(Films(), 0))


class Where(torch_data.Dataset[Any]):
    """The image tells in which process it was made."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return torch.full((1, 2, 2), float(os.getpid())), torch.get_num_threads()


def processes(data: Any, workers: int | None) -> set[int]:
    from pytest_xraynoise import IntensityRange

    declared = XrayDataset(data, intensity=IntensityRange(0, 2**23))
    batches = read(declared, workers, batch_size=2)
    return {int(value) for batch in batches for value in batch.images.flatten().tolist()}


def test_who_loads() -> None:
    here = os.getpid()
    assert processes(Where(), None) == processes(Where(), 0) == {here}
    assert here not in processes(Where(), 2)
    assert len(processes(Where(), 2)) == 2


def test_a_loader_keeps_its_workers_unless_others_are_said() -> None:
    here = os.getpid()
    loader = torch_data.DataLoader(Where(), batch_size=2, num_workers=1, timeout=60)
    assert here not in processes(loader, None)
    assert processes(loader, 0) == {here}
    assert len(processes(loader, 2)) == 2
    assert (loader.num_workers, loader.timeout) == (1, 60)
    single: torch_data.DataLoader[Any] = torch_data.DataLoader(Where(), batch_size=None)
    assert here not in processes(single, 1)


def test_a_loader_without_workers_may_have_a_context() -> None:
    loader = torch_data.DataLoader(Where(), num_workers=1, multiprocessing_context="fork")
    made = with_workers(loader, 0)
    assert made.multiprocessing_context is None
    assert loader.multiprocessing_context is not None
    assert with_workers(loader, 1) is loader


def test_workers_end_with_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    def children() -> int:
        deadline = time.monotonic() + 10
        while multiprocessing.active_children() and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(multiprocessing.active_children())

    read(Films(), 2)
    assert children() == 0
    with pytest.raises(DataError):
        read(Films(bad=13), 2)
    assert children() == 0
    reading: Iterator[Batch] = iter(open_source(Films(), workers=2, batch_size=5))
    next(reading)
    assert multiprocessing.active_children()
    del reading
    assert children() == 0


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(4)
    before = torch.get_rng_state()
    read(Films(), 2)
    assert torch.equal(torch.get_rng_state(), before)


def test_arrays_need_no_workers() -> None:
    pair = (torch.rand(6, 1, 4, 4), torch.arange(6) % 2)
    assert_equal(read(pair, 2), read(pair, 0))


class Timed(torch_data.Dataset[Any]):
    """The id of an item tells when it was loaded, on the clock that all processes share."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        image = torch.full((1, 4, 4), 0.3 + 0.02 * index)
        return {"image": image, "target": index % 2, "id": f"{index}-{time.monotonic()}"}


@pytest.mark.parametrize("workers", [0, 1])
def test_samples_are_loaded_while_the_model_runs(workers: int) -> None:
    ended: list[float] = []

    def model(images: torch.Tensor) -> torch.Tensor:
        time.sleep(0.25)
        ended.append(time.monotonic())
        return images.mean((1, 2, 3))

    how: dict[str, Any] = {"severities": [1], "metrics": ["auroc"], "batch_size": 4}
    ids = evaluate(model, Timed(), loader_workers=workers, **how).ids
    loaded = [float(ident.partition("-")[2]) for ident in ids]
    assert len(ended) == 6
    assert all((moment < ended[1]) is (workers > 0) for moment in loaded[4:8])
