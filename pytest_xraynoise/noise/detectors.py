"""Detector profiles as data: what a flat panel does to quanta."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from importlib import resources

from pytest_xraynoise.errors import NoiseError, SpecError, unknown


@dataclass(frozen=True, slots=True)
class Detector:
    """A flat-panel detector.

    Attributes:
        name: what reports call it.
        pixel_pitch: mm, of the detector's own pixels.
        efficiency: detected share of the incident quanta, 0 to 1.
        gain: electrons per detected quantum.
        readout: readout noise in electrons rms per detector pixel.
        mtf: H in mm2 of the scintillator's MTF(f) = 1 / (1 + H f^2); 0 for none.
        quality: radiation quality of IEC 62220-1:2003.
        source: where the numbers come from.
    """

    name: str
    pixel_pitch: float
    efficiency: float
    gain: float
    readout: float
    mtf: float
    quality: str = "RQA9"
    source: str = ""

    def __post_init__(self) -> None:
        positive = {"pixel_pitch": self.pixel_pitch, "gain": self.gain}
        for name, value in positive.items():
            if not (math.isfinite(value) and value > 0):
                raise NoiseError(f"detector {self.name!r}: {name}={value!r}, expected above 0")
        for name, value in {"readout": self.readout, "mtf": self.mtf}.items():
            if not (math.isfinite(value) and value >= 0):
                raise NoiseError(f"detector {self.name!r}: {name}={value!r}, expected 0 or more")
        if not 0 < self.efficiency <= 1:
            raise NoiseError(
                f"detector {self.name!r}: efficiency={self.efficiency!r}, expected above 0, up to 1"
            )

    def readout_quanta(self, pixel_pitch: float, electrons: float | None = None) -> float:
        """Readout noise of a pixel of ``pixel_pitch`` mm, in detected quanta.

        A working pixel that holds several detector pixels sums their independent noise.
        """
        pixels = max(1.0, (pixel_pitch / self.pixel_pitch) ** 2)
        each = self.readout if electrons is None else electrons
        return each * math.sqrt(pixels) / self.gain


def detector(name: str | Detector) -> Detector:
    """The profile called ``name``; a profile itself is returned as it is.

    Raises:
        SpecError: no such profile, with the nearest match.
    """
    if isinstance(name, Detector):
        return name
    profiles = _profiles()
    if name not in profiles:
        raise SpecError(unknown("detector", name, profiles))
    return profiles[name]


def detectors() -> tuple[Detector, ...]:
    """Every built-in profile."""
    return tuple(_profiles().values())


@functools.cache
def _profiles() -> dict[str, Detector]:
    import tomllib

    text = resources.files(__package__).joinpath("detectors.toml").read_text(encoding="utf-8")
    return {name: Detector(name=name, **values) for name, values in tomllib.loads(text).items()}
