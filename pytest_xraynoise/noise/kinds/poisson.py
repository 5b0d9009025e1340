"""Quantum noise in the image domain: Poisson(x N) / N."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_xraynoise.noise.dose import dose_reading
from pytest_xraynoise.noise.interface import CountsAndReadout, NoiseKind, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field

PHOTONS = Parameter("photons", "photons at white", low=1e-3, high=1e9, low_allowed=True)
PHOTON_LADDERS = {
    "imagenet-c": (60.0, 25.0, 12.0, 5.0, 3.0),
    "medmnist-c-chest": (60.0, 25.0, 18.0, 10.0, 5.0),
    "medmnist-c-pneumonia": (300.0, 200.0, 150.0, 100.0, 80.0),
}
"""Photons at white, severity 1 first. Hendrycks and Dietterich 2019 (ImageNet-C, shot noise,
arXiv 1903.12261); Di Salvo, Doerrich and Ledig 2024 (MedMNIST-C, arXiv 2406.17536)."""


@dataclass(frozen=True, kw_only=True)
class Poisson(NoiseKind):
    """Counting noise with ``photons`` quanta where the image is white; the mean is kept."""

    name = "poisson"
    parameters = (PHOTONS,)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        name: {"photons": rungs} for name, rungs in PHOTON_LADDERS.items()
    }
    words = 1
    stream_number = 1
    summary = "quantum (shot) noise, Poisson(x N) / N with N photons at white"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        return field.counted(image, parameters["photons"])

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """See :class:`NoiseKind`."""
        photons = parameters["photons"]
        return f"{photons:g} photons at white; {dose_reading(photons, pixel_pitch)}"

    def fused(self, parameters: Mapping[str, float]) -> CountsAndReadout | None:
        """See :class:`NoiseKind`."""
        return CountsAndReadout(photons=parameters["photons"])
