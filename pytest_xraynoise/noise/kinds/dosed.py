"""What the kinds have in common whose rungs are doses: the dose, in each of its units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_xraynoise.noise.dose import dose_fraction, dose_in_words
from pytest_xraynoise.noise.interface import Parameter
from pytest_xraynoise.noise.kinds.clinical import ClinicalKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DOSE = Parameter("dose", "of the reference dose", high=1e3)
DEVIATION_INDEX = Parameter(
    "deviation_index", "deviation index", low=-100.0, high=30.0, low_allowed=True
)
EXPOSURE_INDEX = Parameter("exposure_index", "exposure index", high=1e11)
AIR_KERMA = Parameter("air_kerma", "uGy at the detector", high=1e9)


@dataclass(frozen=True, kw_only=True)
class DosedKind(ClinicalKind):
    """A clinical kind whose rungs are doses.

    A rung is written in one of four words: ``dose``, the fraction of the reference;
    ``deviation_index``, 10 log10(EI / EI_T), with the reference as the target;
    ``exposure_index``, 100 times the air kerma in uGy (both IEC 62494-1:2008); or ``air_kerma``,
    in uGy at the detector. The setting ``kerma`` says how much the reference itself is.
    """

    parameters = (DOSE,)
    alternatives = (DEVIATION_INDEX, EXPOSURE_INDEX, AIR_KERMA)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "deviation-index": {"dose": tuple(10 ** (index / 10) for index in (-1, -3, -6, -10, -13))}
    }
    default_ladder = "deviation-index"
    words = 2

    def converted(self, keyword: str, value: float) -> float:
        """See :class:`NoiseKind`."""
        word = "kerma" if keyword == AIR_KERMA.keyword else keyword
        return dose_fraction(**{word: value}, reference_kerma=self.reference_kerma)

    def _dose(self, parameters: Mapping[str, float]) -> str:
        return dose_in_words(parameters["dose"], self.reference_kerma)
