"""Counting noise in exposure, at a fraction of the reference dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.noise.kinds.dosed import DosedKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field


@dataclass(frozen=True, kw_only=True)
class Quantum(DosedKind):
    """Quantum noise alone, on images taken as free of noise."""

    name = "quantum"
    stream_number = 9
    summary = "counting noise in exposure at a fraction of the reference dose"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        pitch = self.pitch(parameters, image.shape[1])
        return self.degraded(image, field, pixel_pitch=pitch, dose=parameters["dose"])

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """See :class:`NoiseKind`."""
        return f"{self._dose(parameters)} {self._setting(parameters, pixel_pitch)}"
