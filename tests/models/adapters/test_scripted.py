from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import ModelRunner
from pytest_xraynoise.models.adapters import ScriptedModel

LABELS = ("Effusion", "Nodule", "Mass")


def save(model: nn.Module, path: Path, traced: torch.Tensor | None = None) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch recommends torch.export
        jit: Any = torch.jit
        made = jit.script(model) if traced is None else jit.trace(model, traced)
        torch.jit.save(made, path)
    return path


@pytest.mark.parametrize("traced", [False, True])
def test_it_computes_what_the_module_does(
    traced: bool, network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    path = save(network, tmp_path / "model.pt", images[:1] if traced else None)
    model = ScriptedModel(path, labels=LABELS)
    with ModelRunner(model, torch.device("cpu")) as runner:
        found = runner(images, list("abcde"), 0)
    torch.testing.assert_close(found, network(images))
    assert (model.labels, model.xraynoise_name) == (LABELS, "model.pt")


def test_a_model_that_was_saved_in_training_mode_is_run_in_eval_mode(
    network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    wanted = network(images)
    model = ScriptedModel(save(network.train(), tmp_path / "model.pt"))
    assert model.network.training
    with ModelRunner(model, torch.device("cpu")) as runner:
        torch.testing.assert_close(runner(images, list("abcde"), 0), wanted)
    assert model.network.training


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_file_that_is_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is no model that TorchScript can load"):
        ScriptedModel(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model .*No such file"):
        ScriptedModel(tmp_path / "none.pt")
