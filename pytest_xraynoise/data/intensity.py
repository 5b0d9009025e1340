"""The intensity contract: how pixel values map to relative intensity in [0, 1] and back.

Noise acts on intensities. A dataset either yields them in a range that its dtype makes obvious
(:class:`Natural`), or declares the range (:class:`IntensityRange`) or the normalisation that was
applied (:class:`Normalized`). Values outside the declared range are an error and never clipped.
"""

from __future__ import annotations

import functools
import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbers = float | Sequence[float]


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

    @property
    def normalisation(self) -> tuple[Numbers, Numbers] | None:
        """Mean and std with which :meth:`from_unit` is (unit - mean) / std; None for nothing."""


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

    @property
    def normalisation(self) -> None:
        """Nothing is done to intensities."""
        return

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
    """Values from ``low`` (no intensity) to ``high`` (full scale); the model is given the same.

    Args:
        low: value of zero intensity, -1024 for torchxrayvision.
        high: value of full scale, 1024 for torchxrayvision.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        for name, value in (("low", self.low), ("high", self.high)):
            _check_number(f"IntensityRange({name}={value!r})", value)
        if not self.high > self.low:
            raise SpecError(
                f"IntensityRange({self.low:g}, {self.high:g}): high must be above low; "
                "an inverted display (MONOCHROME1) has to be inverted by the dataset"
            )

    def to_unit(self, images: torch.Tensor) -> torch.Tensor:
        """(x - low) / (high - low), float32."""
        return (images.to(torch.float32) - self.low) / (self.high - self.low)

    @property
    def normalisation(self) -> tuple[float, float]:
        """Mean -low / (high - low) and std 1 / (high - low)."""
        return -self.low / (self.high - self.low), 1 / (self.high - self.low)

    def from_unit(self, unit: torch.Tensor) -> torch.Tensor:
        """The inverse of :meth:`to_unit`."""
        mean, std = self.normalisation
        return (unit - mean) / std

    def model_input(self, images: torch.Tensor) -> torch.Tensor:
        """The clean image, cast to float32 and not rescaled."""
        return images.to(torch.float32)

    def describe(self) -> str:
        """The range as it was declared."""
        return f"IntensityRange({self.low:g}, {self.high:g})"


@dataclass(frozen=True, slots=True)
class Normalized:
    """Values are (intensity - mean) / std of intensities in [0, 1], as torchvision makes them.

    Args:
        mean: one number, or one for each channel.
        std: the same, above 0.
    """

    mean: float | Sequence[float]
    std: float | Sequence[float]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            for value in _listed(values):
                _check_number(f"Normalized({name}={values!r})", value)
        if not _listed(self.mean) or not _listed(self.std):
            raise SpecError(f"{self.describe()}: give one number, or one for each channel")
        if any(not value > 0 for value in _listed(self.std)):
            raise SpecError(f"Normalized(std={self.std!r}): every std must be above 0")

    def _columns(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        columns = []
        for name, value in (("mean", self.mean), ("std", self.std)):
            column = _constant(tuple(_listed(value)), like.device)
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

    @property
    def normalisation(self) -> tuple[Numbers, Numbers]:
        """Mean and std as they were declared."""
        return self.mean, self.std

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


@functools.lru_cache(maxsize=64)
def _constant(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """Copied once: a copy to a GPU is waited for."""
    return torch.tensor(values, dtype=torch.float32, device=device)


def _listed(values: Any) -> list[Any]:
    """One number, a sequence, an array or a tensor as a list."""
    plain = values.tolist() if hasattr(values, "tolist") else values
    return list(plain) if isinstance(plain, (list, tuple)) else [plain]


def _check_number(said: str, value: object) -> None:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not math.isfinite(float(value)):  # type: ignore[arg-type]
        raise SpecError(f"{said}: expected finite numbers")
