"""What may be given noise: float images with intensities in [0, 1]."""

from __future__ import annotations

import torch

from pytest_xraynoise.errors import NoiseError

TOLERANCE = 1e-6
"""How far an intensity may lie outside [0, 1]: what rounding in float32 can do, no more."""

_HOW_TO_DECLARE = (
    "noise acts on intensities in [0, 1], before the model's own normalisation. Rescale the images "
    "yourself, or let the dataset declare its range: XrayDataset(data, "
    "intensity=IntensityRange(low, high)) or Normalized(mean, std)"
)


def check_images(images: object, *, in_range: bool = False) -> torch.Tensor:
    """Return the batch as a detached float32 tensor on its own device, one channel where it can be.

    Args:
        images: (N, H, W) or (N, C, H, W), floating point, intensities in [0, 1].
        in_range: whether the intensities are known to be in [0, 1], so that nobody has to look,
            which would wait for a GPU.

    Returns:
        (N, C, H, W), with C = 1 where all channels hold the same image.

    Raises:
        NoiseError: not such a tensor; the message names the observed range.
    """
    if not isinstance(images, torch.Tensor):
        raise NoiseError(f"expected a torch tensor of images, but got {type(images).__name__}")
    if not images.is_floating_point():
        raise NoiseError(
            f"expected floating point images, but got {images.dtype}; {_HOW_TO_DECLARE}"
        )
    if images.ndim not in (3, 4):
        raise NoiseError(
            "expected images of shape (N, H, W) or (N, C, H, W), but got "
            f"{tuple(images.shape)}; a single image needs a leading axis: image[None]"
        )
    if images[:1].numel() == 0 and (len(images) or 0 in images.shape[1:]):
        raise NoiseError(f"images of 0 pixels: shape {tuple(images.shape)}")
    batch = single_channel(images.detach()).to(torch.float32)
    if not in_range:
        _check_range(batch)
    return batch


def single_channel(batch: torch.Tensor) -> torch.Tensor:
    """The batch as (N, C, H, W), with C = 1 where all channels hold the same image."""
    if batch.ndim == 3:
        return batch[:, None]
    first = batch[:, :1]
    if batch.shape[1] == 1 or batch.stride(1) == 0 or bool((batch[:, 1:] == first).all()):
        return first
    return batch


def _extremes(batch: torch.Tensor) -> tuple[float, float]:
    """The smallest and largest intensity, NaN if there is one."""
    if batch.device.type == "cpu" and torch.get_num_threads() > 1:
        # Torch's threads would spin on for a while, on the cores that the kernels are to use next.
        array = batch.numpy()
        return float(array.min()), float(array.max())
    if batch.is_contiguous():
        low, high = torch.aminmax(batch)
    else:  # of which aminmax makes a copy first
        low, high = batch.amin(), batch.amax()
    return float(low), float(high)


def _check_range(batch: torch.Tensor) -> None:
    if not batch.numel():
        return
    low, high = _extremes(batch)
    if low >= -TOLERANCE and high <= 1 + TOLERANCE:
        return
    if not torch.isfinite(batch).all():
        bad = int((~torch.isfinite(batch)).sum())
        raise NoiseError(f"{bad} of {batch.numel()} intensities are NaN or infinite")
    raise NoiseError(f"intensities from {low:g} to {high:g}, expected [0, 1]; {_HOW_TO_DECLARE}")
