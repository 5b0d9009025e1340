"""Counting noise in exposure, at a fraction of the reference dose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_xraynoise.noise.interface import Parameter
from pytest_xraynoise.noise.kinds.clinical import ClinicalKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field

DOSE = Parameter("dose", "of the reference dose", high=1e3)
DEVIATION_LADDER: Mapping[str, Mapping[str, Sequence[float]]] = {
    "deviation-index": {"dose": tuple(10 ** (index / 10) for index in (-1, -3, -6, -10, -13))}
}
"""Deviation index -1, -3, -6, -10, -13 (IEC 62494-1): dose 0.79, 0.50, 0.25, 0.10, 0.05."""


@dataclass(frozen=True, kw_only=True)
class Quantum(ClinicalKind):
    """Quantum noise alone, on images taken as free of noise."""

    name = "quantum"
    parameters = (DOSE,)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = DEVIATION_LADDER
    default_ladder = "deviation-index"
    words = 2
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
        return f"{dose_words(parameters['dose'])} {self._setting(parameters, pixel_pitch)}"


def dose_words(dose: float) -> str:
    """A dose as a fraction and as a deviation index.

    >>> dose_words(0.25)
    'dose 0.25 (deviation index -6.0)'
    """
    return f"dose {dose:.3g} (deviation index {10 * math.log10(dose):+.1f})"
