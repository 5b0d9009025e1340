"""What a step minimises: of a classifier or segmenter, and of a denoiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from pytest_xraynoise.training.augment import LadderNoise, jittered
from pytest_xraynoise.training.losses import consistency

if TYPE_CHECKING:
    from torch import nn

    from pytest_xraynoise.training.losses import Loss
    from pytest_xraynoise.training.recipe import Recipe
    from pytest_xraynoise.training.samples import Pair


class Objective(Protocol):
    """From a model and a batch to the loss."""

    def __call__(self, model: nn.Module, batch: Pair, device: torch.device) -> torch.Tensor:
        """A scalar; random choices are drawn from torch's own generator on the CPU."""


@dataclass(frozen=True)
class TaskObjective:
    """The loss of the task, on noisy images where the recipe says so.

    Without consistency every sample is seen once, noisy or not by chance. With it, every sample is
    seen twice, clean and noisy: mean of both losses, plus the weighted divergence between what the
    model says of the two.
    """

    loss: Loss
    noise: LadderNoise | None
    weight: float
    exclusive: bool

    def __call__(self, model: nn.Module, batch: Pair, device: torch.device) -> torch.Tensor:
        """The loss of one batch."""
        images, targets = jittered(batch.images, batch.targets)
        targets = targets.to(device)
        if self.noise is None or not self.weight:
            seen = images if self.noise is None else self.noise(images)
            return self.loss(model(_ready(seen, device)), targets)
        both = model(_ready(torch.cat([images, self.noise(images)]), device))
        clean, noisy = both.chunk(2)
        fit = (self.loss(clean, targets) + self.loss(noisy, targets)) / 2
        return fit + self.weight * consistency(clean, noisy, exclusive=self.exclusive)


@dataclass(frozen=True)
class DenoisingObjective:
    """Mean squared error to the clean image, as DnCNN is trained (Zhang 2017, equation 1)."""

    noise: LadderNoise

    def __call__(self, model: nn.Module, batch: Pair, device: torch.device) -> torch.Tensor:
        """The loss of one batch, in squared units of 0.1 of full scale."""
        images, _ = jittered(batch.images[:, :1], batch.images.new_zeros(len(batch.images)))
        noisy = self.noise(images)
        return 100 * functional.mse_loss(model(_ready(noisy, device)), images.to(device))


def noise_of(recipe: Recipe) -> LadderNoise | None:
    """The noise that a recipe trains with."""
    if not recipe.robust:
        return None
    return LadderNoise(
        recipe.robust, severities=recipe.severities, probability=recipe.noise_probability
    )


def _ready(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    return images.to(device).contiguous(memory_format=torch.channels_last)
