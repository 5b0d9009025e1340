from __future__ import annotations

import importlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch

from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models import zoo

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ("Effusion", "Nodule", "Pneumothorax")

QUESTION = {"vit", "swin", "convnext", "segformer", "upernet"}
"""The architectures of the study's open question."""

EVERY = zoo.names()


def built(name: str, **words: Any) -> zoo.ZooModel:
    torch.manual_seed(3)
    words.setdefault("image_size", 64)
    return zoo.build(name, labels=LABELS, **words).eval()


def shape(model: zoo.ZooModel, images: torch.Tensor) -> tuple[int, ...]:
    sides = images.shape[-2:] if model.task == "segmentation" else ()
    return (len(images), len(LABELS), *sides)


def test_the_nine_of_the_study_and_its_open_question() -> None:
    assert {"resnet", "densenet", "efficientnet"} <= set(zoo.names("classification"))
    assert {"unet", "deeplabv3", "deeplabv3+", "fpn"} <= set(zoo.names("segmentation"))
    assert set(EVERY) >= QUESTION
    assert sorted(zoo.names("classification") + zoo.names("segmentation")) == list(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_logits_at_any_size_and_each_image_by_itself(name: str) -> None:
    model = built(name)
    with torch.inference_mode():
        for sides in ((64, 64), (70, 49)):
            images = torch.rand(3, 1, *sides)
            logits = model(images)
            assert logits.shape == shape(model, images)
            torch.testing.assert_close(model(images[1:2]), logits[1:2], rtol=1e-3, atol=1e-4)
    assert not torch.allclose(logits[0], logits[1], atol=1e-6)  # they do look at the image
    assert model.labels == LABELS


@pytest.mark.parametrize("name", EVERY)
def test_gradients_reach_every_weight_and_the_image(name: str) -> None:
    model = built(name).train()
    images = torch.rand(2, 1, 64, 64, requires_grad=True)
    model(images).square().mean().backward()
    assert images.grad is not None
    assert float(images.grad.abs().max()) > 0
    idle = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert idle == []


@pytest.mark.parametrize("name", EVERY)
def test_a_seed_fixes_the_weights_and_safetensors_keeps_them(name: str, tmp_path: Path) -> None:
    model, path = built(name), tmp_path / "weights.safetensors"
    weights = model.state_dict()
    again = built(name).state_dict()
    assert all(torch.equal(weights[key], again[key]) for key in weights)
    safetensors.torch.save_file({k: v.contiguous() for k, v in weights.items()}, path)
    torch.manual_seed(4)
    other = zoo.build(name, labels=LABELS, image_size=64).eval()
    images = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        assert not torch.equal(other(images), model(images))
        assert torch.equal(zoo.load_weights(other, path)(images), model(images))


@pytest.mark.parametrize("name", EVERY)
def test_small_is_small_and_study_is_as_usual(name: str) -> None:
    def million(size: Any) -> float:
        try:
            with torch.device("meta"):
                model = zoo.build(name, labels=LABELS, size=size)
        except ModelError:  # reads values while it is built, which tensors of meta have none of
            model = zoo.build(name, labels=LABELS, size=size)
        assert model.image_size == {"small": (128, 128), "study": (224, 224)}[size]
        return sum(p.numel() for p in model.parameters()) / 1e6

    assert million("small") < 3.5
    assert 3.9 < million("study") < 40


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_study_runs_at_any_size(name: str) -> None:
    model = built(name, size="study", image_size=224)
    for sides in ((224, 224), (150, 201)):
        images = torch.rand(1, 1, *sides)
        with torch.inference_mode():
            assert model(images).shape == shape(model, images)


def test_three_channels_and_options_arrive() -> None:
    narrow = {"stem_width": 12, "channels": (8, 16, 24, 32)}
    model = built("resnet", in_channels=3, **narrow)
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 3)
    assert sum(p.numel() for p in model.parameters()) < 100_000


def test_another_encoder_is_padded_to_its_own_stride() -> None:
    model = built("unet", encoder_name="resnet18", encoder_depth=5, decoder_channels=(8,) * 5)
    assert model.stride == 32
    assert model(torch.rand(1, 1, 48, 40)).shape == (1, 3, 48, 40)


def test_padding_repeats_the_border_and_changes_nothing_where_it_divides() -> None:
    model = built("unet")
    images = torch.rand(1, 1, 48, 80)
    padded = torch.nn.functional.pad(images[..., :40, :70], (0, 10, 0, 8), mode="replicate")
    with torch.inference_mode():
        assert torch.equal(model(images), model.network((images - 0.5) / 0.2))
        assert torch.equal(model(images[..., :40, :70]), model(padded)[..., :40, :70])


def test_images_without_a_batch_are_refused() -> None:
    with pytest.raises(ModelError, match=r"resnet \(small\) was given .*\(1, 64, 64\); expected"):
        built("resnet")(torch.rand(1, 64, 64))


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a model tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("resnet", "vit", "unet", "upernet"):
        built(name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": "unett"}, "unknown model 'unett'; did you mean 'unet'"),
        ({"size": "smal"}, "unknown size 'smal'; did you mean 'small'"),
        ({"task": "segmentation"}, "'resnet' is for classification, not segmentation; for segm"),
        ({"task": "segmentations"}, "unknown task 'segmentations'; did you mean 'segmentation'"),
        ({"labels": ()}, r"labels=\(\); expected a list of names"),
        ({"labels": "Nodule"}, "labels='Nodule'; expected a list of names"),
        ({"labels": ("a", "a")}, "names a label twice"),
        ({"in_channels": 0}, "in_channels is 0; expected a whole number, 1 or more"),
        ({"image_size": (64, 0)}, "image_size is 0; expected a whole number, 1 or more"),
        ({"image_size": (1, 2, 3)}, r"image_size=\(1, 2, 3\); expected a number or"),
    ],
)
def test_bad_words_are_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        zoo.build(**({"name": "resnet", "labels": LABELS} | words))


def test_names_refuse_an_unknown_task() -> None:
    with pytest.raises(SpecError, match="did you mean 'segmentation'"):
        zoo.names("segmentations")


@pytest.mark.parametrize(
    ("name", "options"),
    [("resnet", {"no_such_option": 1}), ("unet", {"encoder_name": "resnet9999"})],
)
def test_a_refused_option_is_named(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=f"the model '{name}' refuses .*{next(iter(options))}"):
        zoo.build(name, labels=LABELS, **options)


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
        zoo.build(name, labels=LABELS)
