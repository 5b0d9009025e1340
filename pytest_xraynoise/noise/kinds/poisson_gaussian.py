"""Quantum noise, then electronic noise, in the image domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_xraynoise.noise.dose import dose_reading
from pytest_xraynoise.noise.interface import CountsAndReadout, NoiseKind
from pytest_xraynoise.noise.kinds.gaussian import SIGMA, SIGMA_LADDERS
from pytest_xraynoise.noise.kinds.poisson import PHOTON_LADDERS, PHOTONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field


@dataclass(frozen=True, kw_only=True)
class PoissonGaussian(NoiseKind):
    """Poisson(x N) / N + sigma z: counting noise, then readout noise."""

    name = "poisson+gaussian"
    parameters = (PHOTONS, SIGMA)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        name: {"photons": photons, "sigma": SIGMA_LADDERS[name]}
        for name, photons in PHOTON_LADDERS.items()
    }
    words = 2
    stream_number = 3
    summary = "quantum noise, then electronic noise: Poisson(x N) / N + sigma z"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        counted = field.counted(image, parameters["photons"])
        return field.with_readout(counted, parameters["sigma"], word=1)

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """See :class:`NoiseKind`."""
        photons, sigma = parameters["photons"], parameters["sigma"]
        return (
            f"{photons:g} photons at white, then readout noise of {sigma:g} of full scale; "
            f"{dose_reading(photons, pixel_pitch)}"
        )

    def fused(self, parameters: Mapping[str, float]) -> CountsAndReadout | None:
        """See :class:`NoiseKind`."""
        return CountsAndReadout(photons=parameters["photons"], sigma=parameters["sigma"])
