"""Precision, layout and compilation as words of ``evaluate``, and what they must not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pytest_xraynoise import evaluate
from pytest_xraynoise.engine.execution import PRECISIONS, Execution
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.models.precision import DTYPES

N = 24
DRAW = torch.Generator().manual_seed(0)
TARGETS = torch.arange(N) % 2
IMAGES = torch.rand(N, 3, 12, 12, generator=DRAW) * 0.7 + 0.1 * TARGETS.view(-1, 1, 1, 1)


class Net(nn.Module):
    """A small network that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.conv = nn.Conv2d(3, 8, 3)
            self.head = nn.Linear(8, 1)
        self.given: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.given.append(images.detach().clone())
        features = torch.relu(self.conv(images)).mean((2, 3))
        scores: torch.Tensor = self.head(features)[:, 0] * 10
        return scores


def run(model: Any, **how: Any) -> Any:
    words: dict[str, Any] = {"severities": [1, 5], "metrics": ["auroc"], "device": "cpu", **how}
    return evaluate(model, (IMAGES, TARGETS), **words)


@pytest.mark.parametrize("word", PRECISIONS)
def test_noise_is_float32_and_has_the_same_bits_whatever_the_precision(word: str) -> None:
    full, less = Net(), Net()
    expected, result = run(full), run(less, precision=word)
    for a, b in zip(full.given, less.given, strict=True):
        assert b.dtype == torch.float32
        assert torch.equal(a, b)
    assert result.settings["precision"] == word
    for severity in (0, 1, 5):
        scores = result.scores(severity=severity)
        assert scores.dtype == np.float64
        bound = {"fp32": 0.0, "fp16": 5e-3, "bf16": 5e-2}[word]
        assert np.abs(scores - expected.scores(severity=severity)).max() <= bound
    for one, other in zip(result.rungs, expected.rungs, strict=True):
        assert (one.clipped, one.mean_shift) == (other.clipped, other.mean_shift)


def test_a_half_model_gets_the_same_noise_rounded_at_the_end() -> None:
    full, half = Net(), Net().half()
    run(full)
    result = run(half)
    assert result.settings["precision"] == "fp16"
    assert half.conv.weight.dtype == torch.float16
    for a, b in zip(full.given, half.given, strict=True):
        assert torch.equal(a.half(), b)


@pytest.mark.parametrize("how", [{"channels_last": True}, {"channels_last": "auto"}, {}])
def test_channels_last_gives_the_same_scores(how: dict[str, Any]) -> None:
    expected, result = run(Net(), channels_last=False), run(Net(), **how)
    onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    assert expected.settings["channels_last"] is False
    assert result.settings["channels_last"] is (how == {"channels_last": True} or onednn)
    for severity in (0, 1, 5):
        np.testing.assert_allclose(
            result.scores(severity=severity), expected.scores(severity=severity), atol=1e-6
        )


def test_compile_is_opt_in_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped: list[Any] = []

    def compile_(model: Any) -> Any:
        wrapped.append(model)
        return model

    monkeypatch.setattr(torch, "compile", compile_)
    model = Net()
    assert run(model).settings["compile"] is False
    assert wrapped == []
    assert run(model, compile=True).settings["compile"] is True
    assert wrapped == [model]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"precision": "bf61"}, "unknown precision 'bf61'; did you mean 'bf16'"),
        ({"precision": 16}, "unknown precision 16"),
        ({"channels_last": "yes"}, "channels_last='yes': expected 'auto', True or False"),
        ({"channels_last": "atuo"}, "True or False; did you mean 'auto'?"),
        ({"compile": 1}, "compile=1: expected True or False"),
        ({"loader_workers": -1}, "loader_workers=-1: expected a number of processes"),
        ({"loader_workers": 1.5}, "loader_workers=1.5"),
        ({"loader_workers": True}, "loader_workers=True"),
    ],
)
def test_words_that_mean_nothing(how: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        run(Net(), **how)


def test_words_are_checked_before_anything_is_loaded() -> None:
    with pytest.raises(SpecError, match="unknown precision"):
        evaluate(lambda images: pytest.fail("ran"), None, precision="fp8")


def test_one_list_of_precisions() -> None:
    assert set(PRECISIONS) == set(DTYPES)


def test_how_a_run_uses_the_machine_can_be_a_key() -> None:
    assert len({Execution(), Execution("auto", None, "fp32"), Execution(precision="bf16")}) == 2
