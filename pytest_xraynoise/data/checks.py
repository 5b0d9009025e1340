"""The intensity contract enforced: finite, within the range, and what to declare when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pytest_xraynoise.data.intensity import Natural
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data.intensity import Intensity

ROUNDING = 1e-5
"""Of full scale: what float32 arithmetic in a normalisation may leave outside the range."""

_OVERSHOOT = 0.25  # how far a bicubic resize or an augmentation may push a [0, 1] image
_KNOWN_RANGES = ((0, 255), (0, 4095), (0, 65535), (-1024, 1024))


def checked_unit(images: torch.Tensor, intensity: Intensity, ids: Sequence[str]) -> torch.Tensor:
    """Intensities of a batch, verified to be finite and within [0, 1].

    Args:
        images: (N, C, H, W), any dtype that ``intensity`` takes.
        intensity: the declared or natural range.
        ids: sample ids for the messages.

    Returns:
        (N, C, H, W) float32 in [0, 1]; rounding residues up to 1e-5 of full scale are set to the
        ends of the range.

    Raises:
        DataError: for NaN or infinite values, or values outside the range; names the sample, the
            observed range and the declaration that would fit.
    """
    unit = intensity.to_unit(images)
    flat = unit.flatten(1)
    low, high = flat.amin(1), flat.amax(1)
    finite = torch.isfinite(low) & torch.isfinite(high)
    if not bool(finite.all()):
        row = int((~finite).nonzero()[0])
        bad = int((~torch.isfinite(flat[row])).sum())
        raise DataError(
            f"the image of sample {ids[row]!r} has {bad} NaN or infinite pixel(s) of "
            f"{flat.shape[1]}; every pixel must be a finite number"
        )
    outside = (low < -ROUNDING) | (high > 1 + ROUNDING)
    if bool(outside.any()):
        row = int(outside.nonzero()[0])
        raise DataError(_out_of_range(images[row], unit[row], intensity, ids[row]))
    return unit.clamp(0.0, 1.0) if bool((low < 0).any() or (high > 1).any()) else unit


def _out_of_range(
    image: torch.Tensor, unit: torch.Tensor, intensity: Intensity, sample: str
) -> str:
    low, high = _ends(image)
    got = f"the image of sample {sample!r} has values from {low:.6g} to {high:.6g}, outside "
    why = "Noise acts on intensities, so their range has to be known"
    if isinstance(intensity, Natural):
        fix = _suggestion(low, high, image.shape[0])
        return f"{got}{intensity.describe()}. {why}: {fix}"
    found = "{:.4g} to {:.4g}".format(*_ends(unit))
    fix = f"the declaration makes that intensities from {found}, expected 0 to 1; correct it"
    return f"{got}{intensity.describe()}. {why}: {fix}"


def _ends(values: torch.Tensor) -> tuple[float, float]:
    wide = values.to(torch.float32)
    return float(wide.min()), float(wide.max())


def _suggestion(low: float, high: float, channels: int) -> str:
    """The declaration that these values most probably need."""
    if channels == 3:
        how = "Normalized(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))"
        normalised = f"{_declare(how)} holds ImageNet's mean and std; give those that were used"
    else:
        how = "Normalized(mean=0.5, std=0.25)"
        normalised = f"{_declare(how)} with the mean and std that were used"
    if low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT:
        return (
            "if a resize overshot, clamp the image to [0, 1] in the dataset; if it was normalised, "
            f"say how: {normalised}"
        )
    if low >= -1 - ROUNDING and high <= 1 + ROUNDING:
        return f"{_declare('IntensityRange(-1, 1)')}; if normalised otherwise, say how: {how}"
    if -10 < low < 0 and high < 10:
        return f"if it was normalised, say how: {normalised}"
    fits = [pair for pair in _KNOWN_RANGES if pair[0] <= low and high <= pair[1]]
    if fits:
        return f"for example {_declare(f'IntensityRange{fits[0]}')}"
    return f"{_declare('IntensityRange(low, high)')} with the range of your scanner or loader"


def _declare(intensity: str) -> str:
    return f"return XrayDataset(data, intensity={intensity})"
