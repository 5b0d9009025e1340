"""Labels and ranges that model and data declare, brought together before the first rung."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from pytest_xraynoise import IntensityRange, XrayDataset, evaluate
from pytest_xraynoise.errors import DataError

GREY = torch.linspace(0.2, 0.8, 40).roll(8)  # both ends within the first batch
IMAGES = GREY.view(-1, 1, 1, 1).expand(-1, 1, 8, 8).clone()
BRIGHT = (GREY > 0.5).float()
DARK = 1 - BRIGHT


class Bands(nn.Module):
    """Logits of "dark", "bright" and "noise", for which there are no targets."""

    labels = ("dark", "bright", "noise")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        mean = images.mean((1, 2, 3)) - 0.5
        return torch.stack([-mean, mean, images.std((1, 2, 3))], 1)


class Visionary(nn.Module):
    """As torchxrayvision makes them: thresholds, a blank for what was not trained, own range."""

    pathologies = ("dark", "", "bright")

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("op_threshs", torch.tensor([0.5, torch.nan, 0.5]))
        self.seen: list[tuple[float, float]] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append((float(images.min()), float(images.max())))
        p = torch.sigmoid(images.mean((1, 2, 3)) / 100)
        return torch.stack([1 - p, torch.full_like(p, 0.5), p], 1)


def measured(model: Any, data: Any, **words: Any) -> Any:
    words = {"noise": "gaussian", "severities": [1], "metrics": ["auroc"]} | words
    return evaluate(model, data, **words)


def test_outputs_are_matched_by_name() -> None:
    data = XrayDataset((IMAGES, torch.stack([BRIGHT, DARK], 1)), labels=["Bright", "dark"])
    result = measured(Bands(), data)
    assert result.labels == ("Bright", "dark")
    assert result.clean["auroc"] == 1.0
    drops = [result.metric("auroc").by_label[name].drop(severity=1) for name in result.labels]
    assert drops == pytest.approx([0, 0], abs=0.05)


def test_a_contrast_of_labels_in_another_order() -> None:
    data = XrayDataset((IMAGES, torch.stack([BRIGHT, DARK], 1)), labels=["bright", "dark"])
    assert measured(Bands(), data, contrast=("bright", "dark")).clean["auroc"] == 1.0


def test_two_classes_of_the_data_and_many_findings_of_the_model() -> None:
    data = XrayDataset((IMAGES, BRIGHT.long()), labels=["normal", "bright"])
    result = measured(Bands(), data)
    assert (result.task, result.labels, result.clean["auroc"]) == ("binary", ("bright",), 1.0)


def test_a_label_that_the_model_lacks() -> None:
    data = XrayDataset((IMAGES, torch.stack([BRIGHT, DARK], 1)), labels=["bright", "darc"])
    said = (
        "the dataset has a label that the model does not: unknown label 'darc'; did you mean "
        r"'dark'\? Known: bright, dark, noise"
    )
    with pytest.raises(DataError, match=said):
        measured(Bands(), data)


def test_names_come_from_the_model_where_the_data_have_none() -> None:
    targets = torch.stack([DARK, BRIGHT, BRIGHT], 1)
    assert measured(Bands(), (IMAGES, targets)).labels == ("dark", "bright", "noise")


def test_who_picks_the_output_orders_it() -> None:
    data = XrayDataset((IMAGES, torch.stack([BRIGHT, DARK], 1)), labels=["bright", "unheard of"])
    assert measured(Bands(), data, output=lambda out: out[:, [1, 0]]).clean["auroc"] == 1.0


def test_masks_are_matched_by_name_in_numbers_and_pictures() -> None:
    class Halves(nn.Module):
        labels = ("left", "right")

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            left = torch.zeros_like(images[:, 0])
            left[..., :4] = 1
            return torch.stack([0.5 * torch.ones_like(left), left, 0.9 * (1 - left)], 1)

    masks = torch.ones(len(IMAGES), 8, 8, dtype=torch.long)
    masks[..., :4] = 2
    data = XrayDataset((IMAGES, masks), labels=["right", "left"])
    result = measured(Halves(), data, metrics=["dice"], strips=1)
    assert result.clean["dice"] == 1.0
    assert result.labels == ("right", "left")


class TestModelsOfTorchxrayvision:
    data = XrayDataset((IMAGES, torch.stack([BRIGHT, DARK], 1)), labels=["bright", "dark"])

    def test_get_their_range(self) -> None:
        model = Visionary()
        result = measured(model, self.data)
        low, high = model.seen[0]
        assert (low, high) == pytest.approx((0.2 * 2048 - 1024, 0.8 * 2048 - 1024), abs=1)
        assert (result.labels, result.clean["auroc"]) == (("bright", "dark"), 1.0)

    def test_get_a_declared_range_as_it_is(self) -> None:
        model = Visionary()
        data = XrayDataset(
            (IMAGES * 2048 - 1024, self.data.data[1]),
            intensity=IntensityRange(-1024, 1024),
            labels=self.data.labels,
        )
        assert measured(model, data).clean["auroc"] == 1.0
        assert model.seen[0] == pytest.approx((0.2 * 2048 - 1024, 0.8 * 2048 - 1024), abs=1)

    def test_get_it_after_a_denoiser_too(self) -> None:
        model = Visionary()
        measured(model, self.data, denoiser=torch.nn.Identity())
        assert min(low for low, _ in model.seen) < -500

    def test_leave_the_users_preprocessing_alone(self) -> None:
        model = Visionary()
        measured(model, self.data, preprocess=lambda images: images - 0.5)
        assert model.seen[0] == pytest.approx((-0.3, 0.3), abs=0.01)

    def test_name_their_blanks_by_place(self) -> None:
        targets = torch.stack([DARK, BRIGHT, BRIGHT], 1)
        assert measured(Visionary(), (IMAGES, targets)).labels == ("dark", "label 1", "bright")

    def test_the_librarys_own_class(self) -> None:
        models = pytest.importorskip("torchxrayvision.models")
        torch.manual_seed(0)
        model = models.DenseNet(weights=None, num_classes=18).eval()
        images = torch.rand(8, 1, 64, 64) * torch.linspace(0.3, 1, 8).view(-1, 1, 1, 1)
        with torch.inference_mode():
            scores = model(images * 2048 - 1024)
        names = ["Mass", "Atelectasis"]
        columns = [model.targets.index(name) for name in names]
        targets = (scores > scores.median(0).values).float()[:, columns]
        result = measured(model, XrayDataset((images, targets), labels=names))
        assert (result.labels, result.clean["auroc"]) == (("Mass", "Atelectasis"), 1.0)
