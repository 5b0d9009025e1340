"""A small U-Net of one's own (background, lungs, heart), its data, and its training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from pytest_xraynoise import ChestPhantom

CLASSES = ("background", "lungs", "heart")


class Films:
    """Images (1, 64, 64) in [0, 1] with a mask (64, 64) of class ids."""

    labels = CLASSES

    def __init__(self, n: int, seed: int) -> None:
        self.phantom = ChestPhantom(n, size=64, seed=seed)

    def __len__(self) -> int:
        return len(self.phantom)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = self.phantom[index]
        left, right, heart = item["masks"] > 0
        mask = np.where(heart, 2, np.where(left | right, 1, 0))
        return {"image": item["image"], "mask": mask, "id": item["id"]}


class OurUNet(nn.Module):
    """Intensities (N, 1, H, W), H and W even -> logits (N, 3, H, W), of which softmax is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = _block(1, 12), _block(12, 24)
        self.wide = nn.Sequential(_block(24, 24, dilation=4), _block(24, 24, dilation=8))
        self.out = nn.Sequential(_block(36, 16), nn.Conv2d(16, len(CLASSES), 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        fine = self.fine((images - 0.5) / 0.25)
        coarse = self.wide(self.coarse(nn.functional.avg_pool2d(fine, 2)))
        logits: torch.Tensor = self.out(
            torch.cat([fine, nn.functional.interpolate(coarse, scale_factor=2.0)], 1)
        )
        return logits


def _block(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def trained(films: Films, epochs: int = 8) -> OurUNet:
    """Train for some seconds, on clean images."""
    items = [films[index] for index in range(len(films))]
    images = torch.from_numpy(np.stack([item["image"] for item in items]))
    masks = torch.from_numpy(np.stack([item["mask"] for item in items]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = OurUNet()
        optimiser = torch.optim.AdamW(model.parameters(), 6e-3)
        steps = len(images) // 10
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=epochs * steps)
        for _ in range(epochs):
            for batch in torch.randperm(len(images)).chunk(steps):
                loss = nn.functional.cross_entropy(model(images[batch]), masks[batch])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
    return model.eval()
