from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch
from torch import nn

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import zoo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Tensors = dict[str, torch.Tensor]

LABELS = ("a", "b", "c")


def resnet(seed: int, labels: tuple[str, ...] = LABELS) -> zoo.ZooModel:
    torch.manual_seed(seed)
    return zoo.build("resnet", labels=labels).eval()


def prefixed(prefix: str, weights: Tensors) -> Tensors:
    return {prefix + name: tensor for name, tensor in weights.items()}


def inner(weights: Tensors) -> Tensors:
    """As timm itself names them."""
    return {name.removeprefix("network."): tensor for name, tensor in weights.items()}


def lightning(weights: Tensors) -> dict[str, Any]:
    """As Lightning writes it: with the counters and buffers of the training module."""
    more = {"loss.pos_weight": torch.ones(3), "metric.total": torch.zeros(1)}
    return {"state_dict": prefixed("model.", weights) | more, "epoch": 3, "hyper_parameters": {}}


@pytest.mark.parametrize(
    "written",
    [
        lambda weights: weights,
        lightning,
        lambda weights: {"model_state_dict": prefixed("module.", weights), "epoch": 1},
        lambda weights: prefixed("_orig_mod.", weights),
        lambda weights: inner(weights),
        lambda weights: prefixed("net.", inner(weights)),
    ],
    ids=["plain", "lightning", "parallel", "compiled", "inner", "renamed"],
)
def test_checkpoints_of_any_trainer_load(
    written: Callable[[Tensors], dict[str, Any]], tmp_path: Path
) -> None:
    model, other = resnet(0), resnet(1)
    images = torch.rand(2, 1, 48, 48)
    path = tmp_path / "weights.ckpt"
    torch.save(written(dict(model.state_dict())), path)
    assert not torch.equal(other(images), model(images))
    assert zoo.load_weights(other, path) is other
    assert torch.equal(other(images), model(images))


def test_safetensors_are_known_by_content_too(tmp_path: Path) -> None:
    model, other = resnet(0), resnet(1)
    path = tmp_path / "weights.bin"
    safetensors.torch.save_file(dict(model.state_dict()), path)
    weights = zoo.load_weights(other, path).state_dict()
    assert all(torch.equal(weights[k], v) for k, v in model.state_dict().items())


def test_any_module_takes_weights(tmp_path: Path) -> None:
    one, other = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(one.state_dict(), tmp_path / "linear.pt")
    assert torch.equal(zoo.load_weights(other, tmp_path / "linear.pt").weight, one.weight)


def saved(model: nn.Module, path: Path) -> Path:
    torch.save(model.state_dict(), path)
    return path


@pytest.mark.parametrize("size", ["small", "study"])
def test_another_architecture_is_named(size: Any, tmp_path: Path) -> None:
    path = saved(zoo.build("densenet", labels=LABELS, size=size).network, tmp_path / "w.pt")
    model = resnet(0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ModelError) as told:
        zoo.load_weights(model, path)
    text = str(told.value)
    assert "does not fit the model resnet (small): 86 keys are missing (network.conv1.0." in text
    assert "keys are unexpected (features.conv0.weight" in text
    assert f"look like those of zoo.build('densenet', labels=..., size='{size}')" in text
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())  # untouched


def test_a_model_that_reads_values_while_it_is_built_is_named_too(tmp_path: Path) -> None:
    path = saved(zoo.build("segformer", labels=LABELS, size="study"), tmp_path / "w.pt")
    model = zoo.build("unet", labels=LABELS)
    state = torch.get_rng_state()
    with pytest.raises(ModelError, match=r"zoo.build\('segformer', labels=..., size='study'\)"):
        zoo.load_weights(model, path)
    assert torch.equal(torch.get_rng_state(), state)


def test_other_labels_are_another_shape_and_no_other_architecture(tmp_path: Path) -> None:
    path = saved(resnet(0), tmp_path / "w.pt")
    with pytest.raises(ModelError) as told:
        zoo.load_weights(resnet(0, ("a", "b")), path)
    text = str(told.value)
    assert "2 keys are of another shape (network.fc.weight: (3, 192) in the file, (2, 192)" in text
    assert "look like" not in text


def test_one_missing_and_one_unexpected_key_are_named(tmp_path: Path) -> None:
    weights = dict(resnet(0).state_dict())
    weights["network.head.bias"] = weights.pop("network.fc.bias")
    torch.save(weights, tmp_path / "w.pt")
    expected = r"1 key is missing \(network.fc.bias\); 1 key is unexpected \(network.head.bias\)"
    with pytest.raises(ModelError, match=expected):
        zoo.load_weights(resnet(0), tmp_path / "w.pt")


class Evil:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("it was unpickled",))


@pytest.mark.parametrize(
    "content",
    [Evil(), {"state_dict": {}, "args": argparse.Namespace(lr=1)}, nn.Linear(2, 2)],
    ids=["evil", "arguments", "whole model"],
)
def test_nothing_but_tensors_is_unpickled(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="more than tensors, and nothing else is unpickled here"):
        zoo.load_weights(resnet(0), tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("w.pt", b"not a checkpoint at all", "is no checkpoint that can be read"),
        ("w.pt", b"", "is no checkpoint that can be read"),
        ("w.safetensors", b"\x10\0\0\0\0\0\0\0{truncated", "is no checkpoint that can be read"),
    ],
)
def test_files_that_are_none(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=said):
        zoo.load_weights(resnet(0), tmp_path / name)


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    path = saved(resnet(0), tmp_path / "w.pt")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ModelError, match="is no checkpoint that can be read"):
        zoo.load_weights(resnet(0), path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the weights .*none\.pt: .*No such file"):
        zoo.load_weights(resnet(0), tmp_path / "none.pt")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ({"epoch": 3, "lr": 0.1}, "a mapping with the keys epoch, lr"),
        (torch.zeros(2), "a Tensor"),
        ({}, "a mapping with the keys"),
    ],
)
def test_no_state_dict_inside(content: Any, got: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=f"holds {got}.*expected tensors by name"):
        zoo.load_weights(resnet(0), tmp_path / "w.pt")
