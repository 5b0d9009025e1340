"""White readout noise of a detector at a stated dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_xraynoise.noise.detectors import detector
from pytest_xraynoise.noise.dose import dose_in_words
from pytest_xraynoise.noise.interface import Parameter
from pytest_xraynoise.noise.kinds.clinical import ClinicalKind
from pytest_xraynoise.noise.kinds.dosed import DOSE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field


@dataclass(frozen=True, kw_only=True)
class Electronic(ClinicalKind):
    """Readout noise alone, in electrons rms per detector pixel.

    Attributes:
        dose: fraction of the reference dose at which it is read out.
    """

    dose: float = 1.0

    name = "electronic"
    parameters = (Parameter("electrons", "electrons rms per detector pixel", high=1e9),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "flat-panel": {"electrons": (1500.0, 3000.0, 6000.0, 12_000.0, 24_000.0)}
    }
    default_ladder = "flat-panel"
    words = 2
    stream_number = 10
    summary = "white readout noise in electrons at a stated dose"

    def __post_init__(self) -> None:
        super().__post_init__()
        DOSE.check(self.dose)

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        pitch = self.pitch(parameters, image.shape[1])
        readout = detector(self.detector).readout_quanta(pitch, parameters["electrons"])
        return self.degraded(
            image, field, pixel_pitch=pitch, dose=self.dose, counting=0.0, readout=readout
        )

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """See :class:`NoiseKind`."""
        return (
            f"{parameters['electrons']:,g} electrons rms at "
            f"{dose_in_words(self.dose, self.reference_kerma)} "
            f"{self._setting(parameters, pixel_pitch)}"
        )
