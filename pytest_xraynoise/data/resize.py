"""Native images to the model's size: intensities averaged, masks picked, pixel pitches scaled."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from pytest_xraynoise.data.checks import ROUNDING
from pytest_xraynoise.errors import DataError, SpecError

Size = tuple[int, int]
"""Height and width in pixels."""

MAX_PITCH = 100.0
"""mm; a larger pixel is a slip of the unit."""


def parse_size(said: Any) -> Size | None:
    """The size that a user declared: one number is both height and width.

    Raises:
        SpecError: for anything but a whole number from 1, or two of them.
    """
    if said is None:
        return None
    both = said if isinstance(said, (tuple, list)) else (said, said)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in both)
    if len(both) != 2 or not whole:
        raise SpecError(
            f"resize={said!r}: expected the model's size in pixels, resize=224 or "
            "resize=(height, width)"
        )
    return both[0], both[1]


def parse_pitch(said: Any) -> float | tuple[float, ...] | None:
    """The pixel pitch that a user declared, in mm: one for all samples, or one for each.

    Raises:
        SpecError: for anything but finite numbers above 0 and up to 100.
    """
    if said is None:
        return None
    plain = said.tolist() if hasattr(said, "tolist") else said
    listed = plain if isinstance(plain, (tuple, list)) else [plain]
    for value in listed:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not (math.isfinite(value) and 0 < value <= MAX_PITCH):
            raise SpecError(
                f"pixel_pitch: got {value!r}; expected the pitch of the native images in mm, a "
                f"number above 0 and at most {MAX_PITCH:g}, such as pixel_pitch=0.139, or one for "
                "each sample"
            )
    if isinstance(plain, (tuple, list)):
        return tuple(float(value) for value in plain)
    return float(plain)


def size_of(images: torch.Tensor) -> Size:
    """Height and width of (..., H, W)."""
    return images.shape[-2], images.shape[-1]


def resized(unit: torch.Tensor, size: Size) -> torch.Tensor:
    """Intensities at another size: bilinear with antialiasing, as image libraries shrink pictures.

    The weights of an output pixel add up to 1 but for rounding in float32 (1.4e-6 at 5,500 to 224
    pixels), so what leaves [0, 1] by up to 1e-5 is set to its ends. A row depends on its own image
    alone, not on the others of the batch.

    Args:
        unit: (N, C, H, W) float32 in [0, 1].
        size: height and width of the result.

    Returns:
        (N, C, height, width) float32 in [0, 1]; ``unit`` itself where the size is the same.

    Raises:
        DataError: when the result leaves [0, 1] by more than rounding, as images outside it do.
    """
    if size_of(unit) == size:
        return unit
    if unit.shape[1] > 1 and unit.stride(1) == 0:  # grey shown as three channels
        return resized(unit[:, :1], size).expand(-1, unit.shape[1], -1, -1)
    made = functional.interpolate(
        unit.contiguous(), size=size, mode="bilinear", antialias=True, align_corners=False
    )
    if not made.numel():
        return made
    if made.is_cuda:  # whoever looks waits; what leaves [0, 1] is what the images left it by
        return made.clamp(0.0, 1.0)
    low, high = (float(end) for end in torch.aminmax(made))
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise DataError(f"resized intensities range from {low:g} to {high:g}, expected 0 to 1")
    return made.clamp(0.0, 1.0) if low < 0 or high > 1 else made


def resized_target(target: torch.Tensor, native: Size, size: Size, where: str) -> torch.Tensor:
    """The target at the model's size: a mask by its nearest pixels, anything else as it is.

    Args:
        target: one sample's: a class, a vector, or a mask (H, W) or (K, H, W) of any dtype.
        native: size of the sample's image.
        size: height and width of the result.
        where: whose target it is, for the message.

    Returns:
        In the dtype that came, holding only values that came.

    Raises:
        DataError: for a mask that has neither the image's size nor ``size``.
    """
    if target.ndim < 2 or size_of(target) == size:
        return target
    if target.ndim > 3 or size_of(target) != native:
        raise DataError(
            f"the mask of {where} has shape {tuple(target.shape)}, but its image is "
            f"{size_text(native)}; expected a mask of that size, which is resized with it, or of "
            f"{size_text(size)}, which is taken as it is"
        )
    planes = target[None] if target.ndim == 3 else target[None, None]
    # Nearest neighbours are implemented for few dtypes; float64 holds the ids of all others.
    ready = planes.dtype.is_floating_point or planes.dtype == torch.uint8
    made = functional.interpolate(
        planes if ready else planes.to(torch.float64), size=size, mode="nearest-exact"
    )
    return made.to(target.dtype).reshape(*target.shape[:-2], *size)


def resized_pitch(pixel_pitch: float, native: Size, size: Size) -> float:
    """The pixel pitch in mm after a resize.

    Quanta in a pixel go with its area, so where rows and columns are scaled differently the square
    pixel of the same area counts: the geometric mean of both ratios.

    >>> resized_pitch(0.14, (2048, 2048), (256, 256))
    1.12
    """
    rows, columns = native[0] / size[0], native[1] / size[1]
    return pixel_pitch * (rows if rows == columns else math.sqrt(rows * columns))


def size_text(size: Size) -> str:
    """Height x width, for messages and reports.

    >>> size_text((2048, 2500))
    '2048 x 2500'
    """
    return f"{size[0]} x {size[1]}"
