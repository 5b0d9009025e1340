"""An image as the same detector would have taken it at less dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import NoiseError, SpecError, unknown
from pytest_xraynoise.noise.detectors import detector
from pytest_xraynoise.noise.kinds.dosed import DosedKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field

SOURCES = ("detector", "none")


@dataclass(frozen=True, kw_only=True)
class LowDose(DosedKind):
    """Quantum and readout noise, less what the image carries already.

    In detected quanta, an image taken at the reference dose is scaled by alpha and gets the
    variance alpha (1 - alpha) lambda + (1 - alpha^2) sigma_e^2, so that quantum and readout noise
    together are what alpha lambda quanta would have given.

    Attributes:
        source_noise: ``detector`` when the images carry the noise of the reference dose, ``none``
            for phantoms and denoised images, which get the whole noise of the dose.
    """

    source_noise: str = "detector"

    name = "lowdose"
    stream_number = 11
    summary = "quantum and readout noise of a lower dose, the image's own noise taken into account"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source_noise not in SOURCES:
            raise SpecError(unknown("source_noise", self.source_noise, SOURCES))

    def check(self, parameters: Mapping[str, Any]) -> dict[str, float]:
        """See :class:`NoiseKind`; images that carry noise cannot be brought to a higher dose."""
        checked = super().check(parameters)
        if self.source_noise == "detector" and checked["dose"] > 1:
            word = self.stated(parameters).keyword
            same = "" if word == "dose" else f" is dose={checked['dose']:g}"
            raise NoiseError(
                f"{word}={parameters[word]:g}{same}: an image that carries the noise of the "
                "reference dose can only be brought to a lower dose (0 < dose <= 1); for images "
                "without noise say source_noise='none'"
            )
        return checked

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        dose, pitch = parameters["dose"], self.pitch(parameters, image.shape[1])
        readout = detector(self.detector).readout_quanta(pitch)
        counting = 1.0
        if self.source_noise == "detector":
            counting = (1 - dose) ** 0.5
            readout = readout * (1 - dose**2) ** 0.5
        return self.degraded(
            image, field, pixel_pitch=pitch, dose=dose, counting=counting, readout=readout
        )

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """See :class:`NoiseKind`."""
        carried = "added to" if self.source_noise == "none" else "beyond the noise of"
        return (
            f"{self._dose(parameters)} {self._setting(parameters, pixel_pitch)}; "
            f"noise {carried} the image"
        )
