"""What goes wrong on a cluster, and what is said about it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.data import open_source
from pytest_xraynoise.engine import LadderRequest
from pytest_xraynoise.engine.execution import Execution
from pytest_xraynoise.engine.ray.address import not_connected
from pytest_xraynoise.engine.ray.connection import connected
from pytest_xraynoise.engine.ray.measuring import measure_on_ray
from pytest_xraynoise.errors import DataError, ModelError, SpecError
from pytest_xraynoise.results import LadderResult

N = 48
WAY: dict[str, Any] = {"severities": [1], "batch_size": 4, "metrics": ["auroc"], "strips": 0}


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(5)
    targets = (torch.arange(N) % 2).float()
    images = torch.rand(N, 1, 8, 8, generator=draw) * 0.3 + 0.2 + 0.05 * targets.view(-1, 1, 1, 1)
    return images, targets


def bright(images: torch.Tensor) -> torch.Tensor:
    return images.mean((1, 2, 3)) * 20 - 7


def data() -> XrayDataset:
    return XrayDataset(pictures(), ids=[f"film-{i}" for i in range(N)])


def shared(model: Any, dataset: Any, **words: Any) -> LadderResult:
    return evaluate(model, dataset, engine="ray", **{**WAY, **words})


class Files(torch_data.Dataset[tuple[torch.Tensor, int]]):
    """Does something for one of its samples."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.images, self.targets = pictures()
        self.at, self.act = at, act

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if index == self.at:
            self.act()
        return self.images[index], int(self.targets[index])


def first_time(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def same_as_local(result: LadderResult) -> None:
    local = evaluate(bright, pictures(), **WAY)
    assert result.ids == local.ids
    for severity in (0, 1):
        np.testing.assert_allclose(
            result.scores(severity=severity), local.scores(severity=severity), rtol=1e-6
        )


def test_an_actor_that_is_killed_is_replaced(crew: Any, tmp_path: Path) -> None:
    marker = tmp_path / "pid"

    def linger() -> None:
        if first_time(marker):
            marker.write_text(str(os.getpid()))
            time.sleep(60)  # until it is killed

    def kill() -> None:
        deadline = time.monotonic() + 50
        while time.monotonic() < deadline:
            if marker.exists() and (pid := marker.read_text()):
                os.kill(int(pid), signal.SIGKILL)
                return
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    began = time.monotonic()
    same_as_local(shared(bright, Files(17, linger)))
    killer.join()
    assert len(crew.hands) == 2
    assert time.monotonic() - began < 50, "nobody was killed"


def test_a_sample_that_ends_every_process_is_told(
    crew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_xraynoise.engine.ray.crew.RETRIES", 1)
    message = r"2 actors .* lost, one after the other, over samples at positions 24 to 31: .* died"
    with pytest.raises(ModelError, match=message):
        shared(bright, Files(30, lambda: os._exit(1)))


def test_an_error_of_the_data_names_the_first_sample_as_it_does_locally(crew: Any) -> None:
    def corrupt() -> None:
        raise OSError("truncated")

    class Twice(Files):
        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            if index == 7:
                time.sleep(0.5)  # the later one is met before
                raise OSError("truncated too")
            return super().__getitem__(index)

    told = []
    for engine in ("local", "ray"):
        with pytest.raises(DataError, match="sample 7 could not be loaded: OSError") as caught:
            evaluate(bright, Twice(30, corrupt), **WAY, engine=engine)
        told.append(str(caught.value))
    assert told[0] == told[1]
    same_as_local(shared(bright, pictures()))


def test_an_error_of_the_model_names_the_samples_as_it_does_locally(crew: Any) -> None:
    class Picky(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if bool((images == images.new_tensor(0.123)).any()):
                raise ValueError("do not like it")
            return bright(images)

    images, targets = pictures()
    images[21, 0, 0, 0] = 0.123
    told = []
    for engine in ("local", "ray"):
        with pytest.raises(ModelError, match="samples '20' to '23' at severity 0") as caught:
            evaluate(Picky(), (images, targets), **WAY, engine=engine)
        told.append(str(caught.value).splitlines()[0])
    assert told[0] == told[1]


def test_a_fault_of_something_else_keeps_its_name(crew: Any) -> None:
    def digests(batch: Any) -> list[str]:
        return [str(1 // 0) for _ in batch.ids]

    request = LadderRequest(noise="poisson", severities=(1,))
    with pytest.raises(ZeroDivisionError):
        measure_on_ray(request, bright, open_source(data()), Execution(), digests=digests)


def test_a_model_that_cannot_be_pickled(crew: Any) -> None:
    class Locked(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return bright(images)

    with pytest.raises(ModelError, match=r"model cannot be sent .*_thread\.lock.*__getstate__"):
        shared(Locked(), data())


def test_data_that_cannot_be_pickled(crew: Any) -> None:
    files = Files(5, lambda: None)
    files.handle = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"data cannot be sent .* Keep paths in the dataset"):
        shared(bright, files)


class Stream(torch_data.IterableDataset[tuple[torch.Tensor, int]]):
    def __iter__(self) -> Any:
        images, targets = pictures()
        return iter([(image, int(t)) for image, t in zip(images, targets, strict=True)])


def test_a_stream_cannot_be_sharded(crew: Any) -> None:
    with pytest.raises(DataError, match=r"read as a stream, which cannot be cut .* map-style"):
        shared(bright, Stream())


def test_a_device_that_the_cluster_lacks(crew: Any) -> None:
    with pytest.raises(SpecError, match=r"no node of the Ray cluster has a GPU"):
        shared(bright, data(), device="cuda")
    with pytest.raises(SpecError, match=r"Ray chooses the GPU of each actor; say cuda"):
        shared(bright, data(), device="cuda:1")


def test_another_address_than_the_one_in_use(crew: Any) -> None:
    with pytest.raises(SpecError, match=r"connected to '.*' already; '10.0.0.1:6379' cannot"):
        shared(bright, data(), ray_address="10.0.0.1:6379")


def test_the_reason_is_told_when_ray_cannot_connect() -> None:
    error = ConnectionError("Failed to connect to 10.0.0.1")
    error.__cause__ = RuntimeError(
        'Failed. Last error: Traceback (most recent call last):\n  File "x"\n'
        "ray.exceptions.AuthenticationError: RPC error: the token is missing\n"
    )
    text = str(not_connected("10.0.0.1:6379", error))
    assert "AuthenticationError: RPC error: the token is missing. Ray and Python" in text
    assert "Failed to connect to 10.0.0.1. Ray" in str(
        not_connected("10.0.0.1:6379", ConnectionError("Failed to connect to 10.0.0.1"))
    )


@pytest.mark.parametrize("words", [{}, {"preprocess": lambda images: images * 2 - 1}])
def test_what_a_model_changes_in_its_process_stays_there(crew: Any, words: Any) -> None:
    class Counting(torch.nn.Module):
        calls = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return bright(images)

    model = Counting().train()
    shared(model, data(), **words)
    assert model.calls == 0
    assert model.training


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SpecError, match=r"pip install 'pytest-xraynoise\[ray\]'"):
        shared(bright, data())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"engine": "rey"}, "unknown engine 'rey'; did you mean 'ray'"),
        ({"engine": "local", "ray_address": "auto"}, "ray_address='auto' is for engine='ray'"),
        ({"engine": "ray", "ray_actors": 0}, "ray_actors=0: expected a whole number from 1"),
        ({"engine": "ray", "ray_actors": True}, "ray_actors=True: expected"),
        ({"engine": "ray", "ray_address": "the head"}, "expected HOST:PORT of the head node"),
        ({"engine": "ray", "ray_address": "10.0.0.1:99999"}, "expected HOST:PORT"),
    ],
)
def test_words_that_make_no_sense(words: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        evaluate(bright, data(), **{**WAY, **words})


def test_a_node_with_another_version_is_refused(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected() as connection:
        connection.crew.close()
        monkeypatch.setattr("pytest_xraynoise.__version__", "0.0.0")
        with pytest.raises(SpecError, match=r"is 0\.0\.0 here and \d.* on .*; install the same"):
            shared(bright, data())


def test_an_interrupt_ends_the_actors_and_leaves_the_cluster(cluster: Any) -> None:
    def interrupt(done: int, total: int | None, rungs: int) -> None:
        raise KeyboardInterrupt

    with connected() as connection:
        with pytest.raises(KeyboardInterrupt):
            shared(bright, data(), progress=interrupt)
        assert connection.crew.hands == ()
    deadline = time.monotonic() + 20
    while cluster.available_resources().get("CPU", 0) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert cluster.available_resources()["CPU"] == 2, "actors live on"
    assert cluster.is_initialized()
