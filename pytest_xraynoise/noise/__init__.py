"""Noise of X-ray imaging: images in, noisier images out, in units that mean something.

>>> from pytest_xraynoise import noise
>>> noise.ladder("poisson").rung(1).label
'60 photons at white'

Importing this package loads neither torch nor NumPy; they are loaded when noise is made.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.noise.detectors import Detector, detector, detectors, load_detector
from pytest_xraynoise.noise.dose import dose_fraction, quanta_per_pixel
from pytest_xraynoise.noise.ids import sample_keys
from pytest_xraynoise.noise.interface import CountsAndReadout, NoiseKind, Parameter
from pytest_xraynoise.noise.ladders import Ladder, custom_ladder, ladder, make_rung
from pytest_xraynoise.noise.registry import get, names, register_noise
from pytest_xraynoise.noise.response import LinearResponse, LogResponse, TableResponse

if TYPE_CHECKING:
    from pytest_xraynoise.noise.augment import NoiseAugment
    from pytest_xraynoise.noise.field import Field
    from pytest_xraynoise.noise.prepared import Noisy, Prepared, add, prepare
    from pytest_xraynoise.noise.thinning import thin

__all__ = [
    "CountsAndReadout",
    "Detector",
    "Field",
    "Ladder",
    "LinearResponse",
    "LogResponse",
    "NoiseAugment",
    "NoiseKind",
    "Noisy",
    "Parameter",
    "Prepared",
    "TableResponse",
    "add",
    "custom_ladder",
    "detector",
    "detectors",
    "dose_fraction",
    "get",
    "ladder",
    "load_detector",
    "make_rung",
    "names",
    "prepare",
    "quanta_per_pixel",
    "register_noise",
    "sample_keys",
    "thin",
]

_HOMES = {
    "Field": "field",
    "NoiseAugment": "augment",
    "Noisy": "prepared",
    "Prepared": "prepared",
    "add": "prepared",
    "prepare": "prepared",
    "thin": "thinning",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
