"""One pass: each sample is read once, its noise field drawn once, whatever the rungs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils import data as torch_data

from pytest_xraynoise import evaluate
from pytest_xraynoise.engine import LadderRequest
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.noise import dispatch, prepared

N = 21
DRAW = torch.Generator().manual_seed(0)
IMAGES = torch.rand(N, 1, 16, 16, generator=DRAW)
WAY: dict[str, Any] = {"metrics": ["auroc"], "device": "cpu", "batch_size": 8}


class Films(torch_data.Dataset[Any]):
    """Counts what it is asked for."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        self.read.append(index)
        return IMAGES[index], index % 2


def bright(images: torch.Tensor) -> torch.Tensor:
    return images.mean((1, 2, 3)) * 9 - 4


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each field was drawn for."""
    fields: list[int] = []
    found = dispatch.backend_for

    def noted(request: Any) -> Any:
        backend = found(request)

        class Noted:
            name = backend.name
            make = staticmethod(backend.make)

            @staticmethod
            def draw(request: Any) -> Any:
                fields.append(len(request.images))
                return backend.draw(request)

        return Noted()

    monkeypatch.setattr(prepared, "backend_for", noted)
    return fields


@pytest.mark.parametrize("strips", [0, 3])
@pytest.mark.parametrize("noise", ["poisson", "poisson+gaussian", "speckle"])
def test_five_rungs_read_each_sample_once_and_draw_one_field(
    noise: str, strips: int, drawn: list[int]
) -> None:
    films = Films()
    result = evaluate(bright, films, noise=noise, strips=strips, **WAY)
    assert len(result.severities) == 6
    assert sorted(films.read) == list(range(N))
    assert drawn == [8, 8, 5]


def test_a_second_draw_of_the_noise_reads_nothing_again(drawn: list[int]) -> None:
    films = Films()
    evaluate(bright, films, noise="poisson", severities=[1, 2], repeats=3, **WAY)
    assert sorted(films.read) == list(range(N))
    assert drawn == [n for n in (8, 8, 5) for _ in range(3)]


def test_another_kind_reads_the_samples_once_more_and_a_limit_never() -> None:
    """The second kind needs the images, to make its noise on; the model has seen them clean."""
    store, films = SharedMeasurements(), Films()
    given: list[int] = []

    def model(images: torch.Tensor) -> torch.Tensor:
        given.append(len(images))
        return bright(images)

    def ask(noise: str, **words: Any) -> None:
        request = LadderRequest(noise, severities=(1, 2), **words)
        run_request(request, model, films, device="cpu", batch_size=8, strips=0, measurer=store)

    ask("poisson")
    assert (len(films.read), sum(given)) == (N, 3 * N)
    ask("poisson", metrics=("auroc",))
    assert (len(films.read), sum(given)) == (N, 3 * N)
    ask("gaussian")
    assert (len(films.read), sum(given)) == (2 * N, 5 * N)
