from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import adapters
from pytest_xraynoise.models.adapters import load_model
from tests.models.adapters import test_exported, test_scripted
from tests.models.adapters.test_onnx import expected, write

LABELS = ("Effusion", "Nodule", "Mass")


@pytest.mark.parametrize("name", ["model.bin", "model.onnx"])
def test_torch_formats_are_known_by_content(
    name: str, network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    wanted = network(images)
    exported = load_model(test_exported.save(network, tmp_path / "e.pt2", 2), labels=LABELS)
    scripted = load_model(test_scripted.save(network, tmp_path / name), labels=LABELS)
    assert isinstance(exported, adapters.ExportedModel)
    assert isinstance(scripted, adapters.ScriptedModel)
    for model in (exported, scripted):
        assert model.labels == LABELS
        torch.testing.assert_close(model(images), wanted)


def test_onnx(images: torch.Tensor, tmp_path: Path) -> None:
    model = load_model(str(write(tmp_path / "tiny.onnx")), labels=LABELS[:2])
    assert isinstance(model, adapters.OnnxModel)
    torch.testing.assert_close(model(images), expected(images))


def test_weights_need_their_architecture(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "w.pt")
    safetensors.torch.save_file(dict(network.state_dict()), tmp_path / "w.bin")
    for name in ("w.pt", "w.bin"):
        with pytest.raises(ModelError, match=r"weights without an architecture; .*load_weights"):
            load_model(tmp_path / name)


def test_other_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "no model")
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04nothing to see")
    (tmp_path / "a.txt").write_text("no model")
    for name, said in (
        ("a.zip", "is a zip archive, but no model; expected an ONNX file"),
        ("a.pkl", "is a pickle, which is not loaded here; expected an ONNX file"),
        ("a.txt", "is no model file that is known; expected an ONNX file"),
        ("none.pt", "cannot read the model .*No such file"),
    ):
        with pytest.raises(ModelError, match=said):
            load_model(tmp_path / name)


def test_only_what_is_there_has_a_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'KerasModel'"):
        _ = adapters.KerasModel
