"""What the header of a radiograph says of its geometry, its values and its dose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pytest_xraynoise.data.dicom.response import Stated, response_of

# At the detector's front, where quanta are counted; at its elements; then what software wrote.
_SPACINGS = ("ImagerPixelSpacing", "DetectorElementSpacing", "PixelSpacing")
EXPOSURE_INDEX_PER_UGY = 100.0
"""EI = 100 K, K the air kerma at the detector in uGy (IEC 62494-1:2008)."""


@dataclass(frozen=True, slots=True)
class Header:
    """The data elements that matter here.

    Attributes:
        uid: SOPInstanceUID; empty where there is none.
        patient: PatientID; empty where there is none.
        frames: NumberOfFrames.
        samples: SamplesPerPixel, 1 for grey.
        bits: BitsStored.
        high_bit: HighBit.
        signed: PixelRepresentation.
        inverted: MONOCHROME1, or PresentationLUTShape INVERSE: low values are shown white.
        falling: whether a negative RescaleSlope exchanges low and high before that.
        relation: PixelIntensityRelationship.
        sign: PixelIntensityRelationshipSign, None where it is not said.
        pixel_pitch: mm, of square pixels of the same area; None where nothing above 0 is said.
        exposure_index: EI, None where it is not said.
        deviation_index: DI, told or 10 log10(EI / TargetExposureIndex).
    """

    uid: str
    patient: str
    frames: int
    samples: int
    bits: int
    high_bit: int
    signed: bool
    inverted: bool
    falling: bool
    relation: str
    sign: int | None
    pixel_pitch: float | None
    exposure_index: float | None
    deviation_index: float | None

    @property
    def low_is_white(self) -> bool:
        """Whether the lowest stored value is shown white."""
        return self.inverted != self.falling

    @property
    def low(self) -> float:
        """The lowest value that the depth allows; the highest is 2^bits - 1 above it."""
        return -(2.0 ** (self.bits - 1)) if self.signed else 0.0

    @property
    def span(self) -> float:
        """2^bits - 1."""
        return 2.0**self.bits - 1

    @property
    def kerma(self) -> float | None:
        """Air kerma at the detector in uGy, EI / 100."""
        return None if self.exposure_index is None else self.exposure_index / EXPOSURE_INDEX_PER_UGY

    @property
    def dose(self) -> float | None:
        """Exposure as a fraction of its target, 10^(DI / 10) (IEC 62494-1:2008)."""
        return None if self.deviation_index is None else 10 ** (self.deviation_index / 10)

    @property
    def response(self) -> Stated:
        """How the image, shown over its whole range, goes with exposure."""
        return None if self.signed else response_of(self.relation, self.sign, self.low_is_white)


def read_header(dataset: Any) -> Header:
    """The header of a pydicom dataset that has an image.

    Raises:
        AttributeError: without BitsStored, as an image has it.
    """
    bits = int(dataset.BitsStored)
    index = _number(dataset, "ExposureIndex", least=0.0)
    target = _number(dataset, "TargetExposureIndex", least=0.0)
    deviation = _number(dataset, "DeviationIndex")
    if deviation is None and index and target:
        deviation = 10 * math.log10(index / target)
    sign = _number(dataset, "PixelIntensityRelationshipSign")
    return Header(
        uid=str(getattr(dataset, "SOPInstanceUID", "")),
        patient=str(getattr(dataset, "PatientID", "") or "").strip(),
        frames=int(getattr(dataset, "NumberOfFrames", 1) or 1),
        samples=int(getattr(dataset, "SamplesPerPixel", 1) or 1),
        bits=bits,
        high_bit=int(getattr(dataset, "HighBit", bits - 1)),
        signed=bool(int(getattr(dataset, "PixelRepresentation", 0) or 0)),
        inverted=_text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or _text(dataset, "PresentationLUTShape") == "INVERSE",
        falling=(_number(dataset, "RescaleSlope") or 1) < 0,
        relation=_text(dataset, "PixelIntensityRelationship"),
        sign=None if not sign else int(math.copysign(1, sign)),
        pixel_pitch=_pitch(dataset),
        exposure_index=index,
        deviation_index=deviation,
    )


def _pitch(dataset: Any) -> float | None:
    for name in _SPACINGS:
        spacing = getattr(dataset, name, None)
        try:
            sides = [float(side) for side in spacing or ()]
        except (TypeError, ValueError):
            continue
        if len(sides) == 2 and min(sides) > 0:
            return math.sqrt(sides[0] * sides[1])  # square, but for rounding
    return None


def _text(dataset: Any, name: str) -> str:
    return str(getattr(dataset, name, "") or "").strip().upper()


def _number(dataset: Any, name: str, least: float = -math.inf) -> float | None:
    """A finite number above ``least``; None for anything else, as consoles write all sorts."""
    try:
        value = float(getattr(dataset, name))
    except (AttributeError, TypeError, ValueError):
        return None
    return value if math.isfinite(value) and value > least else None
