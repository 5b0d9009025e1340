"""A convolutional network of one's own, its data as torchvision makes them, and its training."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from pytest_xraynoise import ChestPhantom

FINDING = "Cardiomegaly"
MEAN, STD = 0.5, 0.25


class Films:
    """Pairs of a normalised (1, 64, 64) tensor and a class, 0 or 1: what a Dataset often yields."""

    def __init__(self, n: int, seed: int) -> None:
        self.phantom = ChestPhantom(n, size=64, seed=seed, prevalence=0.4)
        self.column = self.phantom.labels.index(FINDING)

    def __len__(self) -> int:
        return len(self.phantom)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        item = self.phantom[index]
        return (torch.from_numpy(item["image"]) - MEAN) / STD, int(item["target"][self.column])


class OurNet(nn.Module):
    """Normalised (N, 1, H, W) -> logits (N,) of one finding."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_block(1, 8), *_block(8, 16), *_block(16, 32),
            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 1),
        )  # fmt: skip

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(images)
        return logits.squeeze(1)


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)


def trained(films: Films, epochs: int = 10) -> OurNet:
    """Train for some seconds, on clean images."""
    pairs = [films[index] for index in range(len(films))]
    images = torch.stack([image for image, _ in pairs])
    targets = torch.from_numpy(np.array([target for _, target in pairs], dtype=np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = OurNet()
        optimiser = torch.optim.AdamW(model.parameters(), 4e-3)
        steps = len(images) // 20
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=epochs * steps)
        for _ in range(epochs):
            for batch in torch.randperm(len(images)).chunk(steps):
                loss = nn.functional.binary_cross_entropy_with_logits(
                    model(images[batch]), targets[batch]
                )
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
    return model.eval()
