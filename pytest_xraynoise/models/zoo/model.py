"""A model of the zoo: intensities in, logits for named labels out, whatever the size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    from pytest_xraynoise.models.zoo.architectures import Size, ZooTask

MEAN, STD = 0.5, 0.2
"""The fixed normalisation of intensities; those of a radiograph fill [0, 1]."""


class ZooModel(nn.Module):
    """A network with its normalisation, its padding and the names of its outputs.

    Images are (N, C, H, W) float intensities in [0, 1], of any size. They are normalised as
    (x - 0.5) / 0.2, and padded to the network's stride by repeating the last row and column; masks
    are cropped back. Outputs are logits: (N, K) of a classifier, (N, K, H, W) of a segmenter.

    Args:
        network: of timm or segmentation-models-pytorch, normalised images -> logits.
        labels: names of the K outputs.
        task: classification or segmentation.
        architecture: its name in the zoo.
        size: which variant it is.
        image_size: height and width that it is built for.
        stride: of the network.

    Attributes:
        xraynoise_name: what reports call it.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        labels: tuple[str, ...],
        task: ZooTask,
        architecture: str,
        size: Size,
        image_size: tuple[int, int],
        stride: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.labels = labels
        self.task = task
        self.architecture = architecture
        self.size = size
        self.image_size = image_size
        self.stride = stride
        self.xraynoise_name = f"{architecture} ({size})"

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch.

        Raises:
            ModelError: for images that are not (N, C, H, W).
        """
        if images.ndim != 4:
            raise ModelError(
                f"{self.xraynoise_name} was given images of shape {tuple(images.shape)}; expected "
                "(N, C, H, W) intensities in [0, 1]"
            )
        height, width = images.shape[-2:]
        below, right = -height % self.stride, -width % self.stride
        normalised = (images - MEAN) / STD
        if below or right:
            normalised = functional.pad(normalised, (0, right, 0, below), mode="replicate")
        logits: torch.Tensor = self.network(normalised)
        return logits[..., :height, :width] if self.task == "segmentation" else logits
