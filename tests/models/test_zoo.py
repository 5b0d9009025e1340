from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch

from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models import zoo


@pytest.mark.parametrize("name", zoo.names())
def test_every_architecture_runs(name: str) -> None:
    model = zoo.build(name, in_channels=1, classes=3).eval()
    with torch.inference_mode():
        logits = model(torch.rand(1, 1, 64, 64))
    segments = name in zoo.names("segmentation")
    assert logits.shape == ((1, 3, 64, 64) if segments else (1, 3))
    assert torch.isfinite(logits).all()


def test_channels_and_options_arrive() -> None:
    model = zoo.build("resnet", in_channels=3, classes=2, stem_width=12, channels=(8, 16, 24, 32))
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 2)
    assert sum(p.numel() for p in model.parameters()) < 100_000


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a model tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    zoo.build("resnet", classes=2)
    zoo.build("unet", classes=2)


def test_a_seed_fixes_the_weights() -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(zoo.build("resnet", classes=2).state_dict())
    assert all(torch.equal(a, b) for a, b in zip(*(w.values() for w in weights), strict=True))


def test_names_can_be_picked_by_task() -> None:
    both = zoo.names("classification") + zoo.names("segmentation")
    assert sorted(both) == list(zoo.names())
    assert {"resnet", "densenet", "efficientnet"} <= set(zoo.names("classification"))
    assert {"unet", "deeplabv3", "fpn"} <= set(zoo.names("segmentation"))
    with pytest.raises(SpecError, match="did you mean 'segmentation'"):
        zoo.names("segmentations")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(SpecError, match="unknown model 'unett'; did you mean 'unet'"):
        zoo.build("unett", classes=2)


@pytest.mark.parametrize("wrong", [{"classes": 0}, {"classes": 2, "in_channels": 0}])
def test_numbers_must_be_positive(wrong: dict[str, int]) -> None:
    with pytest.raises(SpecError, match="is 0; expected 1 or more"):
        zoo.build("resnet", **wrong)


@pytest.mark.parametrize(
    ("name", "options"),
    [("resnet", {"no_such_option": 1}), ("unet", {"encoder_name": "resnet9999"})],
)
def test_a_refused_option_is_named(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=f"the model '{name}' refuses .*{next(iter(options))}"):
        zoo.build(name, classes=2, **options)


@pytest.mark.parametrize(
    ("name", "library"), [("resnet", "timm"), ("unet", "segmentation_models_pytorch")]
)
def test_a_missing_library_says_what_to_install(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def absent(module: str, *args: Any) -> Any:
        if module == library:
            raise ImportError(f"No module named {library!r}")
        return real(module, *args)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ModelError, match=r"pip install 'pytest-xraynoise\[zoo\]'"):
        zoo.build(name, classes=2)
