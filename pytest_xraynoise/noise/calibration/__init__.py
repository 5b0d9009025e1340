"""A detector's gain, readout noise and structural noise from its flat fields.

>>> from pytest_xraynoise.noise import calibration
>>> fit = calibration.calibrate(["a1.png", "a2.png", "b1.png", "b2.png"],  # doctest: +SKIP
...                             kerma=[0.5, 5.0], pixel_pitch=0.139)
>>> fit.gain  # doctest: +SKIP
Estimate(value=5.01, low=4.92, high=5.11, unit='DN per detected quantum')

Importing this package loads no NumPy; the functions are loaded at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_xraynoise.noise.calibration.levels import read_levels
    from pytest_xraynoise.noise.calibration.plot import plot_png
    from pytest_xraynoise.noise.calibration.procedure import calibrate
    from pytest_xraynoise.noise.calibration.profile import fitted_detector, profile_toml
    from pytest_xraynoise.noise.calibration.reading import Flat, read_flat
    from pytest_xraynoise.noise.calibration.result import Calibration, Estimate, Level
    from pytest_xraynoise.noise.calibration.table import table_lines

__all__ = [
    "Calibration",
    "Estimate",
    "Flat",
    "Level",
    "calibrate",
    "fitted_detector",
    "plot_png",
    "profile_toml",
    "read_flat",
    "read_levels",
    "table_lines",
]

_HOMES = {
    "Calibration": "result",
    "Estimate": "result",
    "Flat": "reading",
    "Level": "result",
    "calibrate": "procedure",
    "fitted_detector": "profile",
    "plot_png": "plot",
    "profile_toml": "profile",
    "read_flat": "reading",
    "read_levels": "levels",
    "table_lines": "table",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
