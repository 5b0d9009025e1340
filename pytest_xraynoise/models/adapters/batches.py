"""Batches of any size through a model that was exported for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models.outputs import default_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Dimensions = Sequence[int | None]


def in_batches_of(
    count: int | None, images: torch.Tensor, call: Callable[[torch.Tensor], Any]
) -> torch.Tensor:
    """The outputs of all images, ``count`` of which go through the model at a time.

    The last batch is filled up with its own last image, and what comes of that is cut off.

    Args:
        count: the batch size that the model was exported for; None for any.
        images: (N, C, H, W).
        call: the model, (count, C, H, W) -> an output.
    """
    if count is None or count == len(images):
        return default_output(call(images))
    rows = []
    for batch in torch.split(images, count):
        missing = count - len(batch)
        filled = torch.cat([batch, batch[-1:].expand(missing, -1, -1, -1)]) if missing else batch
        rows.append(default_output(call(filled))[: len(batch)])
    return torch.cat(rows)


def fitted_images(images: torch.Tensor, wanted: Dimensions, name: str) -> torch.Tensor:
    """Images as a model wants them: grey ones repeated to three channels, sizes checked.

    Args:
        images: (N, C, H, W).
        wanted: channels, height and width that it was exported for, None for any.
        name: of the model, for the message.

    Raises:
        ModelError: for images of other channels, or another size, than it was exported for.
    """
    channels, height, width = wanted
    if channels == 3 and images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    pairs = zip((channels, height, width), images.shape[1:], strict=True)
    if any(want is not None and want != got for want, got in pairs):
        said = " x ".join("any" if want is None else str(want) for want in wanted)
        got = " x ".join(map(str, images.shape[1:]))
        size = "" if None in (height, width) else f", resize=({height}, {width})"
        raise ModelError(
            f"{name} was exported for images of {said} (channels x height x width), but got {got}; "
            f"declare what it needs: XrayDataset(data, channels={channels}{size}), or export it "
            "with dynamic sizes"
        )
    return images


def static(dimension: object) -> int | None:
    """A dimension of an exported input: its size, or None where it is a name or a symbol."""
    return dimension if isinstance(dimension, int) and dimension > 0 else None
