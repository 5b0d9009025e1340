"""After an evaluation nothing tells that there was one: model, random states, threads, modes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import evaluate
from pytest_xraynoise.errors import DataError, ModelError

N = 20


class Restless(nn.Module):
    """Draws from every random state, and leaves every switch as it pleases."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)
        self.fails = fails
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        torch.rand(1), random.random(), np.random.rand()  # noqa: NPY002
        torch.backends.cudnn.benchmark = True
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(True)
        assert isinstance(self.calls, torch.Tensor)
        self.calls += 1
        if self.fails and int(self.calls) == 3:
            raise ValueError("weights are corrupt")
        scores: torch.Tensor = self.norm(images).mean((1, 2, 3))
        return scores


class Augmented(torch_data.Dataset[Any]):
    """A dataset that draws too; also where a subset is chosen, which reads it once more."""

    def __init__(self, breaks: bool = False) -> None:
        self.breaks = breaks

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        if self.breaks and index == 17:
            raise OSError("truncated file")
        noise = torch.rand(1, 6, 6) * 0.1 + random.random() * 0.1 + float(np.random.rand()) * 0.1  # noqa: NPY002
        return noise + 0.3 * (index % 2), index % 2


def fingerprint(model: nn.Module) -> list[Any]:
    return [
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),  # type: ignore[index]  # noqa: NPY002
        random.getstate(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.backends.cudnn.benchmark,
        {name: module.training for name, module in model.named_modules()},
        {name: (value.tolist(), value.data_ptr()) for name, value in model.state_dict().items()},
    ]


@pytest.mark.parametrize("samples", [None, 10])
@pytest.mark.parametrize("fails", ["no", "model", "data"])
@pytest.mark.parametrize("grad", [True, False])
def test_nothing_is_left_behind(fails: str, samples: int | None, grad: bool) -> None:
    model = Restless(fails == "model")
    model.norm.eval()
    data = Augmented(fails == "data")
    how: dict[str, Any] = {"severities": [1], "samples": samples, "batch_size": 4, "device": "cpu"}
    with torch.set_grad_enabled(grad):
        before = fingerprint(model)
        if fails == "no":
            evaluate(model, data, **how)
        elif fails == "model":
            with pytest.raises(ModelError, match="weights are corrupt"):
                evaluate(model, data, **how)
        else:
            with pytest.raises(DataError, match="sample 17 could not be loaded"):
                evaluate(model, data, **how)
        assert fingerprint(model) == before


def test_an_evaluation_in_between_does_not_change_a_training_run() -> None:
    def losses(evaluates: bool) -> list[float]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(36, 1))
        steps = torch.optim.SGD(model.parameters(), lr=0.1)
        found = []
        for _ in range(3):
            loss = model(torch.rand(4, 1, 6, 6)).square().mean()
            steps.zero_grad()
            loss.backward()
            steps.step()
            found.append(float(loss.detach()))
            if evaluates:
                evaluate(model, Augmented(), severities=[1], metrics=["auroc"])
        return found

    assert losses(True) == losses(False)
