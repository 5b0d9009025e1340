"""Electronic noise in the image domain: x + sigma z."""

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

SIGMA = Parameter("sigma", "of full scale", high=1e3)
SIGMA_LADDERS = {
    "imagenet-c": (0.08, 0.12, 0.18, 0.26, 0.38),
    "medmnist-c-chest": (0.04, 0.08, 0.12, 0.18, 0.26),
    "medmnist-c-pneumonia": (0.04, 0.05, 0.06, 0.07, 0.08),
}
"""Standard deviation of full scale, severity 1 first; sources as for the Poisson ladders."""


@dataclass(frozen=True, kw_only=True)
class Gaussian(NoiseKind):
    """White noise of standard deviation ``sigma``, the same in dark and bright."""

    name = "gaussian"
    parameters = (SIGMA,)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        name: {"sigma": rungs} for name, rungs in SIGMA_LADDERS.items()
    }
    words = 1
    stream_number = 2
    summary = "electronic (readout) noise, x + sigma z with sigma of full scale"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        return field.with_readout(image, parameters["sigma"])

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """See :class:`NoiseKind`."""
        return readout_reading(parameters["sigma"], pixel_pitch)

    def fused(self, parameters: Mapping[str, float]) -> CountsAndReadout | None:
        """See :class:`NoiseKind`."""
        return CountsAndReadout(sigma=parameters["sigma"])


def readout_reading(sigma: float, pixel_pitch: float | None) -> str:
    """Say how strong ``sigma`` is, as the exposure whose counting noise equals it at white."""
    quanta = sigma**-2
    return (
        f"readout noise of {sigma:g} of full scale, as strong at white as the counting noise of "
        f"{quanta:.3g} photons; {dose_reading(quanta, pixel_pitch)}"
    )
