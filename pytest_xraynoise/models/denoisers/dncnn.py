"""DnCNN: a small convolutional network that predicts the noise, which is then taken away.

Zhang et al. 2017, "Beyond a Gaussian denoiser: residual learning of deep CNN for image denoising"
(DOI 10.1109/TIP.2017.2662206): 3 x 3 convolutions, batch normalisation between them, residual
learning. This one is narrower and shallower than the published one (17 layers of 64 channels), so
that it trains and runs on two cores.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models.weights import load_weights

if TYPE_CHECKING:
    import os

CARD = "model.json"
KIND = "dncnn"


class DnCNN(nn.Module):
    """(N, 1, H, W) noisy intensities in [0, 1] -> the same shape, cut to [0, 1] in eval mode.

    Args:
        depth: convolutions, 3 or more; the field of view is 2 depth + 1 pixels.
        width: channels between them.

    Raises:
        SpecError: for numbers that make no network.
    """

    def __init__(self, depth: int = 8, width: int = 32) -> None:
        super().__init__()
        for word, value, least in (("depth", depth, 3), ("width", width, 1)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SpecError(f"{word}={value!r}: expected a whole number, {least} or more")
        layers: list[nn.Module] = [nn.Conv2d(1, width, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(depth - 2):
            layers += [
                nn.Conv2d(width, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
        last = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.zeros_(last.weight)  # begins as the identity: nothing is taken away
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.noise = nn.Sequential(*layers, last)
        self.depth, self.width = depth, width
        self.xraynoise_name = KIND

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The images less the noise that the network finds in them."""
        cleaned: torch.Tensor = images - self.noise(images - 0.5)
        return cleaned if self.training else cleaned.clamp(0.0, 1.0)


def load_dncnn(path: str | os.PathLike[str]) -> DnCNN:
    """A denoiser that ``xraynoise train --denoiser`` wrote, in eval mode.

    Args:
        path: the folder of the run, or a file in it.

    Raises:
        ModelError: no such run, a damaged one, or a run that trained something else.
    """
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    card = read_card(folder)
    if card.get("kind") != "denoiser":
        raise ModelError(
            f"{str(folder)!r} holds a {card.get('kind', 'file')} ({card.get('architecture')}), not "
            "a denoiser; train one: xraynoise train --denoiser --out DIR"
        )
    model = DnCNN(**card["options"])
    return load_weights(model, folder / card["weights"]).eval()


def read_card(folder: Path) -> dict[str, Any]:
    """What a training run says of its model.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        unfinished = any(folder.glob("checkpoint.pt"))
        why = "its run is not finished: go on with --resume" if unfinished else "there is none"
        raise ModelError(f"expected a trained model, {str(path)!r}; {why}") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{str(path)!r} cannot be read: {error}") from error
    if not isinstance(card, dict) or not {"kind", "architecture", "options", "weights"} <= set(
        card
    ):
        raise ModelError(f"{str(path)!r} is no model.json of a training run")
    return card
