"""Ladders with a denoiser: what is compared, and what is measured again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.engine.cache import KeptMeasurements, Store
from pytest_xraynoise.engine.evaluation import measured_by
from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.errors import DataError, ModelError, SpecError
from pytest_xraynoise.report.json import schema
from pytest_xraynoise.results import LadderResult

_WORDS: dict[str, Any] = {
    "noise": "gaussian",
    "severities": [2, 4],
    "metrics": ["auroc"],
    "strips": 0,
}


class Brightest(torch.nn.Module):
    """Finds a bright spot of 5 x 5 pixels."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.amax((1, 2, 3)) * 8 - 4


class Shuffled(torch.utils.data.IterableDataset[Any]):
    """A stream in another order each time, which tells its samples by id."""

    def __init__(self, images: torch.Tensor, targets: torch.Tensor) -> None:
        self.images, self.targets = images, targets
        self.order = np.random.default_rng(0)

    def __iter__(self) -> Any:
        for n in self.order.permutation(len(self.images)).tolist():
            yield {"image": self.images[n], "target": int(self.targets[n]), "id": f"film {n}"}


def test_a_stream_in_another_order_each_time_is_joined_by_id() -> None:
    images, targets = _data().data
    still = evaluate(
        Brightest(),
        XrayDataset((images, targets), ids=[f"film {n}" for n in range(60)]),
        denoiser="median",
        **_WORDS,
    )
    found = evaluate(Brightest(), Shuffled(images, targets), denoiser="median", **_WORDS)
    assert found.ids != still.ids
    assert found.clean == pytest.approx(still.clean)
    assert found.denoising is not None
    assert still.denoising is not None
    for ours, theirs in zip(found.rungs, still.rungs, strict=True):
        assert ours.metrics["auroc"].value == pytest.approx(theirs.metrics["auroc"].value)
        assert ours.metrics["auroc"].drop == pytest.approx(theirs.metrics["auroc"].drop)
    made, wanted = found.denoising.clean.metrics["auroc"], still.denoising.clean.metrics["auroc"]
    assert made.drop == pytest.approx(wanted.drop)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every batch that the model is given, out of sight of what tells models apart."""
    given: list[int] = []
    forward = torch.nn.Module.__call__

    def counted(self: torch.nn.Module, *args: Any) -> Any:
        given.extend([len(args[0])] if isinstance(self, Brightest) else [])
        return forward(self, *args)

    monkeypatch.setattr(torch.nn.Module, "__call__", counted)
    return given


def _data(count: int = 60) -> XrayDataset:
    rng = np.random.default_rng(1)
    targets = np.arange(count) % 2
    images = rng.uniform(0.2, 0.3, (count, 1, 24, 24)).astype(np.float32)
    for n in np.flatnonzero(targets):
        y, x = rng.integers(2, 17, 2)
        images[n, 0, y : y + 5, x : x + 5] += 0.2
    return XrayDataset((torch.from_numpy(images), torch.from_numpy(targets)), labels=["spot"])


def _blur(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 3, 1, 1)


def test_both_ladders_are_from_the_same_noise_and_the_same_reference() -> None:
    model = Brightest()
    data = _data()
    result = evaluate(model, data, denoiser=_blur, **_WORDS)
    bare = evaluate(model, data, **_WORDS)
    found = result.denoising
    assert found is not None
    assert found.name == result.settings["denoiser"] == "_blur"
    assert found.without == bare.rungs, "bit for bit the ladder without a denoiser"
    assert result.clean == bare.clean, "the reference is the bare model on clean images"
    blurred = evaluate(model, data, preprocess=_blur, **_WORDS)
    for severity in (2, 4):
        np.testing.assert_array_equal(
            result.scores(severity=severity), blurred.scores(severity=severity)
        )
    cost = bare.clean["auroc"] - blurred.clean["auroc"]
    assert found.clean.metrics["auroc"].drop == pytest.approx(cost)
    assert found.clean.metrics["auroc"].low is not None
    assert found.clean.rung.severity == 0
    assert result.metric("auroc").drop(severity=4) < found.metric("auroc").drop(severity=4)
    with pytest.raises(SpecError, match="auroc"):
        found.metric("dice")


@pytest.mark.parametrize("denoiser", ["gaussian", "median:3", "nlm", torch.nn.Identity()])
def test_denoisers_of_every_sort(denoiser: Any) -> None:
    result = evaluate(Brightest(), _data(20), denoiser=denoiser, repeats=2, **_WORDS)
    assert result.denoising is not None
    if isinstance(denoiser, torch.nn.Module):
        assert result.denoising.name == "Identity"
        assert result.rungs == result.denoising.without
        assert result.denoising.clean.metrics["auroc"].drop == 0


def test_it_is_in_the_file_and_obeys_the_schema() -> None:
    result = evaluate(Brightest(), _data(20), denoiser="gaussian", **_WORDS)
    said = json.loads(json.dumps(result.to_dict()))
    assert LadderResult.from_dict(said).denoising == result.denoising
    whole = schema()
    jsonschema.validate(said["denoising"], {**whole["$defs"]["denoising"], "$defs": whole["$defs"]})
    older = {name: value for name, value in said.items() if name != "denoising"}
    assert LadderResult.from_dict(older).denoising is None


def test_the_bare_ladder_is_shared_and_denoisers_are_told_apart(batches: list[int]) -> None:
    model, data, kept = Brightest(), _data(16), SharedMeasurements()
    scale = torch.nn.Conv2d(1, 1, 1, bias=False)
    torch.nn.init.constant_(scale.weight, 0.9)

    def calls(**words: Any) -> int:
        batches.clear()
        with measured_by(kept):
            evaluate(model, data, **{**_WORDS, **words})
        return len(batches)

    assert calls() == 3
    assert calls(denoiser=_blur) == 3, "the bare ladder is known: only the denoised one runs"
    assert calls(denoiser=_blur) == 0
    assert calls(denoiser="gaussian") == 3, "another denoiser"
    assert calls(denoiser="gaussian") == 0
    assert calls(denoiser="gaussian:2") == 3, "another sigma"
    assert calls(denoiser=_blur, preprocess=torch.sqrt) == 6, "other preprocessing"
    assert calls(denoiser=scale) == 3
    assert calls(denoiser=scale) == 0
    with torch.no_grad():
        scale.weight.mul_(0.5)
    assert calls(denoiser=scale) == 3, "the same denoiser, with other weights"
    assert calls(denoiser=scale, severities=[2, 3, 4]) == 2, "a further rung, bare and denoised"


def test_the_cache_tells_denoisers_apart(tmp_path: Path, batches: list[int]) -> None:
    data = _data(16)

    def calls(denoiser: Any) -> int:
        batches.clear()
        fresh = SharedMeasurements(KeptMeasurements(Store(tmp_path / "cache", print, 10**8)))
        with measured_by(fresh):
            evaluate(Brightest(), data, denoiser=denoiser, **_WORDS)
        return len(batches)

    scale = torch.nn.Conv2d(1, 1, 1, bias=False)
    torch.nn.init.constant_(scale.weight, 0.9)
    assert calls("gaussian") == 6
    assert calls("gaussian") == 0
    assert calls("gaussian:2") == 3, "the bare ladder comes from the cache"
    assert calls(scale) == 3
    assert calls(scale) == 0
    with torch.no_grad():
        scale.weight.mul_(0.5)
    assert calls(scale) == 3
    assert calls(lambda images: images) == 3, "a lambda cannot be told from its content"
    assert calls(lambda images: images) == 3


def test_data_that_change_between_the_two_are_refused() -> None:
    class Restless:
        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return np.random.default_rng().random((1, 8, 8)).astype(np.float32), index % 2

    with pytest.raises(DataError, match="not over the same data: sample '0' is not what it was"):
        evaluate(Brightest(), Restless(), denoiser=_blur, **_WORDS)


@pytest.mark.parametrize(
    ("denoiser", "kind", "message"),
    [
        ("gausian", SpecError, "did you mean 'gaussian'"),
        (3, ModelError, "the denoiser is 3; expected an nn.Module"),
        (torch.nn.Identity, ModelError, "the denoiser is <class"),
        (lambda images: images * 255, ModelError, "another scale"),
        ("dncnn:/nowhere", ModelError, "expected a trained model"),
    ],
)
def test_what_is_no_denoiser(denoiser: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        evaluate(Brightest(), _data(8), denoiser=denoiser, **_WORDS)
