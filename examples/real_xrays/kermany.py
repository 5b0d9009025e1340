"""The Kermany chest X-rays and a SqueezeNet that others trained on such images."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

CLASSES = ("bacterial", "normal", "viral")
"""The classes of the SqueezeNet, in the order of its outputs."""


class KermanyTest:
    """The 624 test images as uint8 (H, W) with target 1 = pneumonia, 0 = normal."""

    labels = ("pneumonia",)

    def __init__(self, root: Path) -> None:
        with (root / "labels.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
        self.root = root
        self.rows = sorted(rows, key=lambda row: row["file"])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self.rows[index]
        with Image.open(self.root / row["file"]) as image:
            pixels = np.asarray(image.convert("L"))
        return {"image": pixels, "target": int(row["label"] == "PNEUMONIA"), "id": row["file"]}


class AbnormalAgainstNormal(torch.nn.Module):
    """A classifier of several classes, asked only whether an image is normal.

    Takes grey intensities (N, 1, H, W) in [0, 1]; gives the probability (N,) of "not normal".
    """

    def __init__(self, classifier: torch.nn.Module, normal: int) -> None:
        super().__init__()
        self.classifier = classifier
        self.normal = normal

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        mean = images.new_tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = images.new_tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        three = (images.expand(-1, 3, -1, -1) - mean) / std
        scores: torch.Tensor = self.classifier(three).softmax(1)
        return 1 - scores[:, self.normal]


def squeezenet(weights: Path) -> torch.nn.Module:
    """The third-party SqueezeNet 1.1; its file is read without unpickling code."""
    from torchvision.models import squeezenet1_1

    network = squeezenet1_1(weights=None, num_classes=len(CLASSES))
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return AbnormalAgainstNormal(network, CLASSES.index("normal"))
