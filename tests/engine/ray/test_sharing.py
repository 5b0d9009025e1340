"""What was measured on the cluster is shared within a session, and kept for the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise import XrayDataset
from pytest_xraynoise.engine import LadderRequest
from pytest_xraynoise.engine.cache import KeptMeasurements, Store
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.results import LadderResult

N = 24


class Noting(torch.nn.Module):
    """Leaves a letter for each batch, whichever process it runs in."""

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self.notes = str(notes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with open(self.notes, "a") as file:  # noqa: PTH123  # a string is all that is sent
            file.write("x")
        return images.mean((1, 2, 3)) * 20 - 7


class Films:
    """As a user writes a dataset; says itself what it is where it has a name."""

    def __init__(self) -> None:
        draw = torch.Generator().manual_seed(5)
        self.targets = (torch.arange(N) % 2).float()
        light = 0.05 * self.targets.view(-1, 1, 1, 1)
        self.images = torch.rand(N, 1, 8, 8, generator=draw) * 0.3 + 0.2 + light

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.images[index], self.targets[index]


class Bench:
    """One model and one dataset, evaluated on the cluster."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.model, self.data = Noting(notes), XrayDataset(Films())

    def run(
        self, measurer: SharedMeasurements, engine: str = "ray", **words: Any
    ) -> tuple[LadderResult, int]:
        """A result, and how often a batch of four went through the model for it."""
        said = {"noise": "poisson", "severities": (1, 2), "metrics": ("auroc",), **words}
        self.notes.write_text("")
        result = run_request(
            LadderRequest(**said),
            self.model,
            self.data,
            batch_size=4,
            strips=0,
            engine=engine,
            measurer=measurer,
        )
        return result, len(self.notes.read_text())


@pytest.fixture
def bench(crew: Any, tmp_path: Path) -> Bench:
    return Bench(tmp_path / "notes.txt")


def kept(folder: Path) -> SharedMeasurements:
    """A new session with the cache of earlier ones."""
    return SharedMeasurements(KeptMeasurements(Store(folder, pytest.fail)))


def assert_same(one: LadderResult, other: LadderResult) -> None:
    for severity in (0, 1, 2):
        np.testing.assert_array_equal(
            one.scores(severity=severity), other.scores(severity=severity)
        )
    assert one.ids == other.ids


def test_two_tests_share_one_evaluation_on_the_cluster(bench: Bench) -> None:
    session = SharedMeasurements()
    first, batches = bench.run(session)
    assert batches == 3 * N // 4
    again, batches = bench.run(session, metrics=("brier",), confidence=0.9)
    assert batches == 0
    assert_same(first, again)
    _, batches = bench.run(session, severities=(1, 2, 3))
    assert batches == N // 4, "the rung that is missing, and no clean image"
    _, batches = bench.run(session, noise="gaussian", severities=(1,))
    assert batches == N // 4


def test_the_cache_knows_what_the_cluster_measured(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first, batches = bench.run(kept(folder))
    assert batches == 3 * N // 4
    second, batches = bench.run(kept(folder))
    assert batches == 0
    assert_same(first, second)
    third, batches = bench.run(kept(folder), severities=(1, 2, 3))
    assert batches == N // 4
    assert_same(first, third)


def test_a_changed_weight_or_image_is_measured_on_the_cluster_again(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    session = kept(folder)
    bench.run(session)
    bench.data.data.images[3, 0, 0, 0] += 1e-3
    assert bench.run(session)[1] == 3 * N // 4, "within the session"
    assert bench.run(kept(folder))[1] == 0
    bench.model.register_buffer("unused", torch.zeros(1))
    assert bench.run(kept(folder))[1] == 3 * N // 4


def test_what_one_process_measured_serves_the_cluster(bench: Bench, tmp_path: Path) -> None:
    """Noise and data are the same, so the entry is, where both run on one kind of processor."""
    here, batches = bench.run(kept(tmp_path), engine="local")
    assert batches == 3 * N // 4
    there, batches = bench.run(kept(tmp_path))
    assert batches == 0
    assert_same(here, there)


class Torn(Films):
    """Two of its files are corrupt."""

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        if index in (5, 17):
            raise OSError(f"film {index} is truncated")
        return super().__getitem__(index)


def test_samples_that_are_skipped_are_listed_from_every_actor(bench: Bench) -> None:
    bench.data = XrayDataset(Torn(), on_bad_sample="skip")
    session = SharedMeasurements()
    there, _ = bench.run(session)
    further, batches = bench.run(session, severities=(1, 2, 3))
    assert batches == 6, "one rung of the 22 samples that there are"
    here, _ = bench.run(SharedMeasurements(), engine="local")
    for result in (there, further, here):
        assert list(result.settings["skipped"].values()) == [
            "OSError: film 5 is truncated",
            "OSError: film 17 is truncated",
        ]
        assert result.ids == tuple(str(n) for n in range(N) if n not in (5, 17))
        np.testing.assert_allclose(result.scores(severity=2), here.scores(severity=2), rtol=1e-5)
