"""The intensity contract: how pixel values map to relative intensity in [0, 1] and back.

Noise acts on intensities. A dataset either yields them in a range that its dtype makes obvious
(:class:`Natural`), or declares the range (:class:`IntensityRange`) or the normalisation that was
applied (:class:`Normalized`). Values outside the declared range are an error and never clipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from pytest_xraynoise.errors import DataError, SpecError

_ROUNDING = 1e-5  # of full scale: what float32 arithmetic in a normalisation may leave behind


class Intensity(Protocol):
    """A two-way map between a dataset's values and intensities in [0, 1]."""

    def to_unit(self, images: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) dataset values to float32 intensities, nominally in [0, 1]."""

    def from_unit(self, unit: torch.Tensor) -> torch.Tensor:
        """Map float32 intensities back to what the model is given."""

    def model_input(self, images: torch.Tensor) -> torch.Tensor:
        """What the model is given for the clean image: float32, untouched where it can be."""

    def describe(self) -> str:
        """The declared range in words, for messages and reports."""


@dataclass(frozen=True, slots=True)
class Natural:
    """The range that the dtype makes obvious: uint8 0..255, uint16 0..65535, float 0..1.

    Integer images reach the model as float32 in [0, 1].
    """

    def to_unit(self, images: torch.Tensor) -> torch.Tensor:
        """Divide integers by their full scale; leave floats as they are."""
        if images.dtype == torch.uint8:
            return images.to(torch.float32) / 255.0
        if images.dtype == torch.uint16:
            return images.to(torch.float32) / 65535.0
        if images.dtype.is_floating_point:
            return images.to(torch.float32)
        raise DataError(
            f"images of dtype {images.dtype} have no natural range (uint8, uint16 and float have). "
            "Declare it: return XrayDataset(data, intensity=IntensityRange(low, high))"
        )

    def from_unit(self, unit: torch.Tensor) -> torch.Tensor:
        """Intensities are what the model is given."""
        return unit

    def model_input(self, images: torch.Tensor) -> torch.Tensor:
        """The clean image as float32 in [0, 1]."""
        return self.to_unit(images)

    def describe(self) -> str:
        """The natural ranges."""
        return "the natural range of the dtype (uint8 0..255, uint16 0..65535, float 0..1)"


@dataclass(frozen=True, slots=True)
class IntensityRange:
    """Values from ``low`` (no intensity) to ``high`` (full scale); the model is given the same range.

    Args:
        low: value of zero intensity, -1024 for torchxrayvision.
        high: value of full scale, 1024 for torchxrayvision.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.high > self.low:
            raise SpecError(
                f"IntensityRange({self.low:g}, {self.high:g}): high must be above low; "
                "an inverted display (MONOCHROME1) has to be inverted by the dataset"
            )

    def to_unit(self, images: torch.Tensor) -> torch.Tensor:
        """(x - low) / (high - low), float32."""
        return (images.to(torch.float32) - self.low) / (self.high - self.low)

    def from_unit(self, unit: torch.Tensor) -> torch.Tensor:
        """The inverse of :meth:`to_unit`."""
        return unit * (self.high - self.low) + self.low

    def model_input(self, images: torch.Tensor) -> torch.Tensor:
        """The clean image, cast to float32 and not rescaled."""
        return images.to(torch.float32)

    def describe(self) -> str:
        """The range as it was declared."""
        return f"IntensityRange({self.low:g}, {self.high:g})"


@dataclass(frozen=True, slots=True)
class Normalized:
    """Values are (intensity - mean) / std of intensities in [0, 1], as torchvision's Normalize makes.

    Args:
        mean, std: one number, or one for each channel.
    """

    mean: float | Sequence[float]
    std: float | Sequence[float]

    def __post_init__(self) -> None:
        stds = [self.std] if isinstance(self.std, (int, float)) else list(self.std)
        if any(not s > 0 for s in stds):
            raise SpecError(f"Normalized(std={self.std!r}): every std must be above 0")

    def _columns(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        columns = []
        for name, value in (("mean", self.mean), ("std", self.std)):
            column = torch.as_tensor(value, dtype=torch.float32, device=like.device).reshape(-1)
            if len(column) not in (1, like.shape[1]):
                raise DataError(
                    f"Normalized({name}=...) has {len(column)} values, but the images have "
                    f"{like.shape[1]} channel(s); give one value, or one for each channel"
                )
            columns.append(column[None, :, None, None])
        return columns[0], columns[1]

    def to_unit(self, images: torch.Tensor) -> torch.Tensor:
        """Undo the normalisation: x * std + mean, float32."""
        mean, std = self._columns(images)
        return images.to(torch.float32) * std + mean

    def from_unit(self, unit: torch.Tensor) -> torch.Tensor:
        """Apply the normalisation again."""
        mean, std = self._columns(unit)
        return (unit - mean) / std

    def model_input(self, images: torch.Tensor) -> torch.Tensor:
        """The clean image, cast to float32 and not rescaled."""
        return images.to(torch.float32)

    def describe(self) -> str:
        """The normalisation as it was declared."""
        return f"Normalized(mean={self.mean!r}, std={self.std!r})"


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
    outside = (low < -_ROUNDING) | (high > 1 + _ROUNDING)
    if bool(outside.any()):
        row = int(outside.nonzero()[0])
        raise DataError(_out_of_range(images[row], intensity, ids[row]))
    return unit.clamp(0.0, 1.0) if bool((low < 0).any() or (high > 1).any()) else unit


def _out_of_range(image: torch.Tensor, intensity: Intensity, sample: str) -> str:
    values = image.to(torch.float32)
    low, high = float(values.min()), float(values.max())
    return (
        f"the image of sample {sample!r} has values from {low:g} to {high:g}, outside "
        f"{intensity.describe()}. Noise acts on intensities, so their range has to be known: "
        f"{_suggestion(low, high)}"
    )


def _suggestion(low: float, high: float) -> str:
    ranges = ((0, 255), (0, 4095), (0, 65535), (-1, 1), (-1024, 1024))
    fits = [pair for pair in ranges if pair[0] <= low and high <= pair[1]]
    declare = "return XrayDataset(data, intensity={})"
    if low < 0 and -10 < low and high < 10:
        other = " (or IntensityRange(-1, 1))" if low >= -1 and high <= 1 else ""
        return (
            "if it was normalised, say how: "
            + declare.format("Normalized(mean=0.5, std=0.25)")
            + " with your own mean and std"
            + other
        )
    if fits and (low >= 0 or low < -10) and high > 1.5:
        return "for example " + declare.format(f"IntensityRange{fits[0]}")
    if 0 <= low and high <= 1.5:
        return (
            "an overshoot of a resize? Clamp it in the dataset to [0, 1], or "
            + declare.format("IntensityRange(0, high)")
        )
    return declare.format("IntensityRange(low, high)") + " with the range of your scanner or loader"
