"""What a calibration found; plain numbers, without NumPy."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: the estimate.
        low, high: ends of its confidence interval.
        unit: what it counts.
    """

    value: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class Level:
    """One pair of flat fields.

    Attributes:
        mean: DN above the offset.
        kerma: detector air kerma in uGy, or None.
        total: DN^2, variance of one image about its planes; random + structural.
        random: DN^2, variance of the random noise in one pixel.
        structural: DN^2, variance of the fixed pattern.
        nps_zero: DN^2, the random noise's spectrum extrapolated to frequency 0.
    """

    mean: float
    kerma: float | None
    total: float
    random: float
    structural: float
    nps_zero: float


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Quantum noise by spatial frequency, as a fraction of that at frequency 0.

    Attributes:
        frequency: cycles per pixel.
        measured: NPS per NPS(0), the readout noise taken out; an estimate of MTF^2.
        fitted: 1 / (1 + H f^2)^2.
        used: highest frequency that the fit of H and of the gain used.
    """

    frequency: tuple[float, ...]
    measured: tuple[float, ...]
    fitted: tuple[float, ...]
    used: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A detector's noise, fitted to pairs of flat fields.

    Attributes:
        gain: DN per detected quantum, from NPS(0) against the mean signal.
        readout: DN rms, white; 1/12 DN^2 of rounding taken out where images hold integers.
        readout_quanta: the same in detected quanta.
        structural: fixed pattern rms as a fraction of the mean.
        blur: H of the scintillator's MTF(f) = 1 / (1 + H f^2), in mm2; in pixel2 without a pitch.
        quanta_per_ugy: detected quanta per pixel and uGy; None without kerma.
        efficiency: detected over incident quanta; None without kerma or pitch. What the detector
            adds to counting noise inside the scintillator (Swank) counts as lost quanta, so this
            is DQE(0).
        pixel_pitch: mm, or None.
        quality: radiation quality of IEC 62220-1:2003.
        levels: one for each pair, in order of the mean.
        spectrum: shape of the quantum noise.
        warnings: what is doubtful about the fit, a sentence each.
        confidence: level of the intervals.
        blocks, block_side: blocks of so many pixels a side that the bootstrap drew from.
        dark_frames: how many were used.
        sources: names of the flat fields, without their folders.
    """

    gain: Estimate
    readout: Estimate
    readout_quanta: Estimate
    structural: Estimate
    blur: Estimate
    quanta_per_ugy: Estimate | None
    efficiency: Estimate | None
    pixel_pitch: float | None
    quality: str
    levels: tuple[Level, ...]
    spectrum: Spectrum
    warnings: tuple[str, ...]
    confidence: float
    blocks: int
    block_side: int
    dark_frames: int
    sources: tuple[str, ...]

    def estimates(self) -> dict[str, Estimate]:
        """The estimates there are, by name."""
        names = (
            "gain",
            "readout",
            "readout_quanta",
            "structural",
            "blur",
            "quanta_per_ugy",
            "efficiency",
        )
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Everything as dictionaries, lists and numbers, for JSON."""
        return dataclasses.asdict(self)
