from __future__ import annotations

import importlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models.adapters import OnnxModel

LABELS = ("Effusion", "Nodule")

WEIGHTS = np.array([[2.0, -1.0], [0.5, 1.0], [-1.0, 3.0]], dtype=np.float32)
"""Of the mean of each channel (rows) for two outputs."""


def write(
    path: Path,
    shape: tuple[Any, ...] = ("N", 1, "H", "W"),
    *,
    dtype: int = TensorProto.FLOAT,
    inputs: int = 1,
    outputs: tuple[str, ...] = ("logits",),
) -> Path:
    """A model file: mean over the pixels, then a matrix; further outputs are copies."""
    numpy_type = helper.tensor_dtype_to_np_dtype(dtype)
    weights = WEIGHTS[: shape[1]].astype(numpy_type)
    nodes = [
        helper.make_node("ReduceMean", ["image 0"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["product"]),
        *(helper.make_node("Identity", ["product"], [name]) for name in outputs),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(f"image {k}", dtype, shape) for k in range(inputs)],
        [helper.make_tensor_value_info(name, dtype, [shape[0], 2]) for name in outputs],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def expected(images: torch.Tensor, channels: int = 1) -> torch.Tensor:
    means = images.mean((2, 3)).expand(-1, channels)
    return means @ torch.from_numpy(WEIGHTS[:channels])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_batches_of_any_size(count: int, images: torch.Tensor, tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx"), labels=LABELS)
    torch.testing.assert_close(model(images[:count]), expected(images[:count]))
    assert model.labels == LABELS


@pytest.mark.parametrize("fixed", [1, 2, 4])
def test_a_fixed_batch_size_is_filled_up(fixed: int, images: torch.Tensor, tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx", (fixed, 1, 16, 16)))
    torch.testing.assert_close(model(images), expected(images))


def test_grey_images_for_three_channels(images: torch.Tensor, tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx", ("N", 3, 16, 16)))
    torch.testing.assert_close(model(images), expected(images, channels=3))


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(TensorProto.FLOAT16, 1e-2), (TensorProto.DOUBLE, 1e-6)]
)
def test_other_floats(dtype: int, tolerance: float, images: torch.Tensor, tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx", dtype=dtype))
    found = model(images).float()
    torch.testing.assert_close(found, expected(images), atol=tolerance, rtol=tolerance)


def test_images_of_another_layout_in_memory(images: torch.Tensor, tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx", ("N", 3, "H", "W")))
    last = images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model(last.requires_grad_()), expected(images, channels=3))


def test_one_of_several_outputs(images: torch.Tensor, tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.onnx", outputs=("logits", "features"))
    with pytest.raises(ModelError, match=r"outputs logits, features; say which one: OnnxModel\("):
        OnnxModel(path)
    with pytest.raises(SpecError, match=r"output of tiny\.onnx 'logit'; did you mean 'logits'"):
        OnnxModel(path, output="logit")
    torch.testing.assert_close(OnnxModel(path, output="logits")(images), expected(images))


@pytest.mark.parametrize("sides", [(1, 20, 16), (2, 16, 16)])
def test_another_size_than_it_was_made_for(sides: tuple[int, ...], tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx", ("N", 1, 16, 16)))
    said = r"exported for images of 1 x 16 x 16 .* but got .*channels=1, resize=\(16, 16\)"
    with pytest.raises(ModelError, match=said):
        model(torch.zeros(2, *sides))


def test_providers(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.onnx")
    assert OnnxModel(path).providers[-1] == "CPUExecutionProvider"
    assert OnnxModel(path, providers=["CPUExecutionProvider"]).providers == (
        "CPUExecutionProvider",
    )
    with pytest.raises(SpecError, match="did you mean 'CPUExecutionProvider'"):
        OnnxModel(path, providers=["CPUExecutionProvide"])


def test_a_copy_that_was_pickled_is_opened_again(images: torch.Tensor, tmp_path: Path) -> None:
    model = OnnxModel(write(tmp_path / "tiny.onnx", outputs=("x", "y")), output="y", labels=LABELS)
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.labels, copy.digest, copy.path) == (model.labels, model.digest, model.path)
    torch.testing.assert_close(copy(images), model(images))


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_file_that_is_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"onnxruntime cannot load .*bad\.onnx"):
        OnnxModel(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model .*No such file"):
        OnnxModel(tmp_path / "none.onnx")


def test_two_inputs(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.onnx", inputs=2)
    with pytest.raises(ModelError, match=r"has the inputs image 0: .*; image 1: .* expected one"):
        OnnxModel(path)


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.onnx")

    def absent(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ModelError, match=r"pip install 'pytest-xraynoise\[onnx\]'"):
        OnnxModel(path)


def test_a_ladder_runs_on_it_with_labels_by_name(tmp_path: Path) -> None:
    images = torch.rand(30, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    scores = expected(images)
    targets = (scores > scores.median(0).values).float()
    data = XrayDataset((images, targets[:, [1, 0]]), labels=["Nodule", "Effusion"])
    model = OnnxModel(write(tmp_path / "tiny.onnx"), labels=LABELS)
    result = evaluate(model, data, noise="gaussian", severities=[1], metrics=["auroc"])
    assert result.clean["auroc"] == 1.0
    assert result.model == "tiny.onnx"
    assert result.settings["device"] == "cpu"
