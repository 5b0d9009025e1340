"""What training does to images: another exposure, a shift, and the ladder's own noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from pytest_xraynoise.noise.augment import NoiseAugment

if TYPE_CHECKING:
    from collections.abc import Sequence

GAIN, OFFSET = 0.1, 0.05
"""Standard deviations of contrast and brightness between images."""
SHIFT = 4
"""Pixels, at most, to each side."""


def jittered(images: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Another contrast and brightness for each image, and a shift for the batch; masks go along.

    Args:
        images: (N, C, H, W) in [0, 1].
        targets: of any form; planes (N, K, H, W) are shifted as the images are.

    Returns:
        Images in [0, 1], cut there, and targets, of the same shapes.
    """
    count = len(images)
    gain = 1 + GAIN * torch.randn(count, 1, 1, 1)
    offset = OFFSET * torch.randn(count, 1, 1, 1)
    down, right = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
    moved = _shifted((images * gain + offset).clamp_(0, 1), down, right)
    return moved, _shifted(targets, down, right) if targets.ndim == 4 else targets


def _shifted(images: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Moved by whole pixels; the border row or column is repeated where nothing was."""
    height, width = images.shape[-2:]
    padded = functional.pad(images, (SHIFT, SHIFT, SHIFT, SHIFT), mode="replicate")
    top, left = SHIFT - down, SHIFT - right
    return padded[..., top : top + height, left : left + width]


class LadderNoise(torch.nn.Module):
    """Noise of several kinds: each sample gets one of them, at a random rung of its ladder.

    Args:
        kinds: names of the kinds.
        severities: the rungs to take from; None for whole ladders.
        probability: how likely a sample gets noise at all.

    Raises:
        SpecError: unknown kind or severity.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        *,
        severities: Sequence[int] | None = None,
        probability: float = 1.0,
    ) -> None:
        super().__init__()
        self.kinds = torch.nn.ModuleList(NoiseAugment(k, severities=severities) for k in kinds)
        self.probability = probability

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Noise on (N, C, H, W) floats in [0, 1]: the same shape, cut to [0, 1]."""
        noisy = images.clone()
        chosen = torch.randint(len(self.kinds), (len(images),))
        hit = torch.rand(len(images)) < self.probability
        for index, augment in enumerate(self.kinds):
            where = torch.nonzero(hit & (chosen == index)).flatten()
            if len(where):
                noisy[where] = augment(images[where])
        return noisy
