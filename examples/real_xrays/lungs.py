"""Eleven real chest X-rays with lung masks, and the phantom's segmenter taught on seven of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import phantom_models
import torch
from PIL import Image

SIZE = phantom_models.SIZE
STEPS = 80


class LungMasks:
    """Images as floats in [0, 1], stretched to their own range, and masks of both lungs together.

    Every third image is held out: four for testing, seven for teaching.
    """

    labels = ("lungs",)

    def __init__(self, root: Path, *, held_out: bool) -> None:
        paths = sorted((root / "images").glob("*.png"))
        self.root = root
        self.paths = [p for number, p in enumerate(paths) if (number % 3 == 0) == held_out]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path = self.paths[index]
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L").resize((SIZE, SIZE)), dtype=np.float32)
        with Image.open(self.root / "masks" / path.name) as image:
            mask = np.asarray(image.convert("L").resize((SIZE, SIZE), Image.Resampling.NEAREST))
        low, high = pixels.min(), pixels.max()
        return {"image": (pixels - low) / (high - low), "mask": mask > 127, "id": path.stem}


class BothLungs(torch.nn.Module):
    """A segmenter of (left lung, right lung, ...) read as one mask of both; probabilities."""

    def __init__(self, segmenter: torch.nn.Module) -> None:
        super().__init__()
        self.segmenter = segmenter

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        sides = torch.sigmoid(self.segmenter(images)[:, :2])
        return 1 - (1 - sides).prod(1, keepdim=True)


def lung_segmenter(root: Path, cache: Path) -> torch.nn.Module:
    """The phantom's segmenter, taught on the seven images that are not held out (seconds)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = BothLungs(phantom_models.trained_segmenter(cache)).train()
        items = [LungMasks(root, held_out=False)[i] for i in range(7)]
        images = torch.from_numpy(np.stack([item["image"] for item in items]))[:, None]
        masks = torch.from_numpy(np.stack([item["mask"] for item in items]))[:, None].float()
        optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
        for _ in range(STEPS):
            batch, wanted = _augmented(images, masks)
            found = model(batch)
            overlap = (2 * (found * wanted).sum() + 1) / ((found + wanted).sum() + 1)
            loss = torch.nn.functional.binary_cross_entropy(found, wanted) + 1 - overlap
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval()


def _augmented(images: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Another exposure for each image, a shift and a scale for the batch. No noise."""
    gain = 1 + 0.2 * torch.randn(len(images), 1, 1, 1)
    offset = 0.1 * torch.randn(len(images), 1, 1, 1)
    scale = float(torch.empty(1).uniform_(0.85, 1.15))
    shift = torch.empty(2).uniform_(-0.1, 0.1)
    matrix = torch.tensor([[scale, 0.0, float(shift[0])], [0.0, scale, float(shift[1])]])
    grid = torch.nn.functional.affine_grid(
        matrix.expand(len(images), 2, 3), list(images.shape), align_corners=False
    )
    both = torch.cat([images * gain + offset, masks], 1)
    both = torch.nn.functional.grid_sample(both, grid, align_corners=False)
    return both[:, :1], (both[:, 1:] > 0.5).float()
