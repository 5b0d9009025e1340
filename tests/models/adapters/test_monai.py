from __future__ import annotations

import pytest
import torch

from pytest_xraynoise import XrayDataset, evaluate

networks = pytest.importorskip("monai.networks.nets")

LABELS = ("Effusion", "Nodule", "Mass")


def test_a_classifier_of_monai_with_labels_by_name() -> None:
    torch.manual_seed(0)
    model = networks.DenseNet121(
        spatial_dims=2, in_channels=1, out_channels=3, block_config=(2, 2), init_features=8
    ).eval()
    model.labels = LABELS
    images = torch.rand(30, 1, 32, 32)
    with torch.inference_mode():
        scores = model(images)
    targets = (scores > scores.median(0).values).float()
    data = XrayDataset((images, targets[:, [2, 0]]), labels=["Mass", "Effusion"])
    result = evaluate(model, data, noise="gaussian", severities=[1], metrics=["auroc"])
    assert (result.labels, result.clean["auroc"]) == (("Mass", "Effusion"), 1.0)


def test_a_segmenter_of_monai() -> None:
    torch.manual_seed(0)
    model = networks.UNet(
        spatial_dims=2, in_channels=1, out_channels=2, channels=(4, 8), strides=(2,)
    ).eval()
    images = torch.rand(4, 1, 32, 32)
    with torch.inference_mode():
        masks = (model(images) > 0).float()
    data = XrayDataset((images, masks), labels=["left lung", "right lung"])
    result = evaluate(model, data, noise="gaussian", severities=[1], metrics=["dice"])
    assert result.clean["dice"] == 1.0
    assert result.task == "segmentation"
