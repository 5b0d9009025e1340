from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.export.pt2_archive import _package

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import ModelRunner
from pytest_xraynoise.models.adapters import ExportedModel

LABELS = ("Effusion", "Nodule", "Mass")


def save(model: nn.Module, path: Path, batch: int, *, fixed: bool = False) -> Path:
    shapes = None if fixed else ({0: torch.export.Dim("n"), 2: torch.export.Dim.AUTO},)
    example = torch.rand(batch, 1, 16, 16)
    torch.export.save(torch.export.export(model, (example,), dynamic_shapes=shapes), path)
    return path


@pytest.mark.parametrize(("batch", "fixed"), [(2, False), (2, True), (1, True), (5, True)])
def test_it_computes_what_the_module_does(
    batch: int, fixed: bool, network: nn.Module, images: torch.Tensor, tmp_path: Path
) -> None:
    model = ExportedModel(save(network, tmp_path / "m.pt2", batch, fixed=fixed), labels=LABELS)
    with ModelRunner(model, torch.device("cpu")) as runner:
        found = runner(images, list("abcde"), 0)
    torch.testing.assert_close(found, network(images))
    assert (model.labels, model.xraynoise_name) == (LABELS, "m.pt2")


def test_another_size_than_it_was_exported_for(network: nn.Module, tmp_path: Path) -> None:
    model = ExportedModel(save(network, tmp_path / "m.pt2", 2, fixed=True))
    with pytest.raises(ModelError, match=r"exported for images of 1 x 16 x 16 .*but got 1 x 20"):
        model(torch.rand(2, 1, 20, 16))


def test_training_mode_is_refused(network: nn.Module, tmp_path: Path) -> None:
    path = save(network.train(), tmp_path / "m.pt2", 2)
    with pytest.raises(ModelError, match=r"exported in training mode \(batch_norm\); call model.e"):
        ExportedModel(path)


class TwoInputs(nn.Module):
    def forward(self, images: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        return images + more


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    pair = (torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4))
    torch.export.save(torch.export.export(TwoInputs(), pair), tmp_path / "m.pt2")
    with pytest.raises(ModelError, match=r"has 2 input\(s\); expected one tensor \(N, C, H, W\)"):
        ExportedModel(tmp_path / "m.pt2")


class Evil:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("it was unpickled",))


def evil() -> bytes:
    buffer = io.BytesIO()
    torch.save(Evil(), buffer)
    return buffer.getvalue()


def rewritten(path: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> Path:
    """The archive with its parts changed, in place."""
    with zipfile.ZipFile(path) as archive:
        parts = [change(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return path


def pickled_inputs(name: str, content: bytes) -> tuple[str, bytes]:
    return name, evil() if "sample_inputs" in name else content


def pickled_weight(name: str, content: bytes) -> tuple[str, bytes]:
    if name.endswith("weights_config.json"):
        config = json.loads(content)
        config["config"]["0.bias"]["use_pickle"] = True
        return name, json.dumps(config).encode()
    return name, evil() if name.endswith("weight_1") else content


def pickled_constant(name: str, content: bytes) -> tuple[str, bytes]:
    if name.endswith("constants_config.json"):
        payload = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": False}
        return name.upper(), json.dumps({"config": {"thing": payload}}).encode()
    return name, content


def legacy_weights(name: str, content: bytes) -> tuple[str, bytes]:
    if name.endswith("weights_config.json"):
        return name.replace("model_weights_config.json", "model.pt"), evil()
    return name, content


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (pickled_inputs, "sample_inputs"),
        (pickled_weight, "0.bias"),
        (pickled_constant, "thing"),
        (legacy_weights, "weights/model.pt"),
    ],
)
def test_what_torch_would_unpickle_is_refused(
    change: Callable[[str, bytes], tuple[str, bytes]],
    part: str,
    network: nn.Module,
    tmp_path: Path,
) -> None:
    path = rewritten(save(network, tmp_path / "m.pt2", 2), change)
    with pytest.raises(ModelError, match=f"holds pickled objects .*{part}.*nothing is unpickled"):
        ExportedModel(path)


def test_two_parts_of_one_name_are_refused(network: nn.Module, tmp_path: Path) -> None:
    path = save(network, tmp_path / "m.pt2", 2)
    with zipfile.ZipFile(path, "a") as archive:
        name = next(n for n in archive.namelist() if n.endswith("model.json"))
        archive.writestr(name.upper(), b"{}")
    with pytest.raises(ModelError, match="two parts of one name"):
        ExportedModel(path)


def test_a_program_that_torch_cannot_read(
    network: nn.Module, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str, content: bytes) -> tuple[str, bytes]:
        return name, b"{}" if name.endswith("models/model.json") else content

    path = rewritten(save(network, tmp_path / "m.pt2", 2), broken)
    with pytest.raises(ModelError, match=rf"torch {torch.__version__[:3]}.* cannot load .*m\.pt2"):
        ExportedModel(path)


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_file_that_is_no_archive(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.pt2"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"is no archive of torch\.export"):
        ExportedModel(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model .*No such file"):
        ExportedModel(tmp_path / "none.pt2")


def test_native_code_is_refused(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(network, tmp_path / "m.pt2", 2)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        root = archive.namelist()[0].split("/")[0]
        archive.writestr(f"{root}/data/aotinductor/model/evil.so", b"")
    monkeypatch.setattr(_package, "_load_aoti", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(ModelError, match=r"it holds native code \(AOTInductor\)"):
        ExportedModel(path)


class Dropping(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(images, 0.5, self.training).mean((2, 3))


@pytest.mark.parametrize("dropping", [False, True])
def test_training_mode_is_refused_after_decomposition_too(
    network: nn.Module, tmp_path: Path, dropping: bool
) -> None:
    model = (Dropping() if dropping else network).train()
    example = torch.rand(2, 1, 16, 16)
    program = torch.export.export(model, (example,)).run_decompositions()
    torch.export.save(program, tmp_path / "m.pt2")
    with pytest.raises(ModelError, match=r"was exported in training mode"):
        ExportedModel(tmp_path / "m.pt2")
    program = torch.export.export(model.eval(), (example,)).run_decompositions()
    torch.export.save(program, tmp_path / "m.pt2")
    torch.testing.assert_close(ExportedModel(tmp_path / "m.pt2")(example), model(example))
