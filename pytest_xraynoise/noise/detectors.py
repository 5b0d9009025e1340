"""Detector profiles as data: what a flat panel does to quanta."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import NoiseError, SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_ENDING = ".toml"
FIT = "fit"
"""Table of a profile that tells how it was fitted; for people."""


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
        structural: fixed-pattern noise rms as a fraction of the mean signal, before the detector's
            own flat-field correction, which takes it out; kept for the record, not simulated.
    """

    name: str
    pixel_pitch: float
    efficiency: float
    gain: float
    readout: float
    mtf: float
    quality: str = "RQA9"
    source: str = ""
    structural: float = 0.0

    def __post_init__(self) -> None:
        positive = {"pixel_pitch": self.pixel_pitch, "gain": self.gain}
        for name, value in positive.items():
            if not (math.isfinite(value) and value > 0):
                raise NoiseError(f"detector {self.name!r}: {name}={value!r}, expected above 0")
        least_zero = {"readout": self.readout, "mtf": self.mtf, "structural": self.structural}
        for name, value in least_zero.items():
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


def detector(name: str | os.PathLike[str] | Detector) -> Detector:
    """The profile called ``name``; a profile itself is returned as it is.

    Args:
        name: a built-in profile, or the path of a profile file that ends in .toml.

    Raises:
        SpecError: no such profile, with the nearest match.
        NoiseError: a file that cannot be read, or holds no profile.
    """
    if isinstance(name, Detector):
        return name
    profiles = _profiles()
    if isinstance(name, str) and name in profiles:
        return profiles[name]
    if isinstance(name, os.PathLike) or (isinstance(name, str) and name.endswith(FILE_ENDING)):
        return load_detector(name)
    raise SpecError(
        f"{unknown('detector', name, profiles)}; or the path of a profile file (*{FILE_ENDING})"
    )


def detectors() -> tuple[Detector, ...]:
    """Every built-in profile."""
    return tuple(_profiles().values())


def load_detector(path: str | os.PathLike[str], name: str | None = None) -> Detector:
    """A profile from a file of your own, as ``xraynoise calibrate`` writes it.

    Args:
        path: a TOML file in the form of the built-in profiles: a table for each detector.
        name: which profile, where the file holds several.

    Raises:
        NoiseError: a file that cannot be read, a key that is missing or unknown, a bad value.
        SpecError: no profile of that name, or several and no name.
    """
    file = Path(path)
    try:
        state = file.stat()
        profiles = _file_profiles(str(file.resolve()), state.st_mtime_ns, state.st_size)
    except (OSError, ValueError) as error:
        if isinstance(error, NoiseError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise NoiseError(f"cannot read detector profile {os.fspath(path)!r}: {reason}") from error
    if name is not None:
        if name not in profiles:
            raise SpecError(unknown(f"detector in {os.fspath(path)!r}:", name, profiles))
        return profiles[name]
    if len(profiles) != 1:
        raise SpecError(
            f"{os.fspath(path)!r} holds {len(profiles)} detectors "
            f"({', '.join(profiles) or 'none'}); expected one, or "
            "detector=noise.load_detector(path, name)"
        )
    return next(iter(profiles.values()))


@functools.cache
def _profiles() -> Mapping[str, Detector]:
    text = resources.files(__package__).joinpath("detectors.toml").read_text(encoding="utf-8")
    return _parsed(text)


@functools.lru_cache(maxsize=32)
def _file_profiles(path: str, changed: int, size: int) -> Mapping[str, Detector]:
    """Read a file once for each of its versions: kinds ask for their profile at every image."""
    del changed, size
    return _parsed(Path(path).read_text(encoding="utf-8"))


def _parsed(text: str) -> Mapping[str, Detector]:
    import tomllib

    return {name: _profile(name, table) for name, table in tomllib.loads(text).items()}


def _profile(name: str, table: Any) -> Detector:
    fields = {field.name: field for field in dataclasses.fields(Detector) if field.name != "name"}
    if not isinstance(table, dict):
        raise NoiseError(
            f"{name!r} stands outside a table; expected a table for each detector, such as "
            '["my-panel"], with its keys below'
        )
    values = {key: value for key, value in table.items() if key != FIT}
    for key, value in values.items():
        if key not in fields:
            raise NoiseError(f"detector {name!r}: {unknown('key', key, fields)}")
        text = key in ("quality", "source")
        if isinstance(value, bool) or not isinstance(value, str if text else int | float):
            what = "text in quotes" if text else "a number"
            raise NoiseError(f"detector {name!r}: {key} = {value!r}; expected {what}")
    missing = [
        key
        for key, field in fields.items()
        if field.default is dataclasses.MISSING and key not in values
    ]
    if missing:
        raise NoiseError(f"detector {name!r} lacks {', '.join(missing)}")
    return Detector(name=name, **values)
