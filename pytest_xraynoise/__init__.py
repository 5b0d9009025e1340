"""Tells whether a chest X-ray model survives noise, in pytest or without it.

``from pytest_xraynoise import robust, evaluate, noise, stats``. Everything but the version is
loaded at first use, because this package is imported in every pytest run of everybody who installs
it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_xraynoise import data, metrics, models, noise, stats
    from pytest_xraynoise.data import IntensityRange, Normalized, XrayDataset
    from pytest_xraynoise.data.phantom import ChestPhantom
    from pytest_xraynoise.engine import evaluate
    from pytest_xraynoise.judge import breaking_point, check
    from pytest_xraynoise.plugin.robust import robust
    from pytest_xraynoise.results import Panel

__version__ = "0.1.0"

__all__ = [
    "ChestPhantom",
    "IntensityRange",
    "Normalized",
    "Panel",
    "XrayDataset",
    "__version__",
    "breaking_point",
    "check",
    "data",
    "evaluate",
    "metrics",
    "models",
    "noise",
    "robust",
    "stats",
]

_HOMES = {
    "ChestPhantom": "pytest_xraynoise.data.phantom",
    "IntensityRange": "pytest_xraynoise.data",
    "Normalized": "pytest_xraynoise.data",
    "Panel": "pytest_xraynoise.results",
    "XrayDataset": "pytest_xraynoise.data",
    "breaking_point": "pytest_xraynoise.judge",
    "check": "pytest_xraynoise.judge",
    "evaluate": "pytest_xraynoise.engine",
    "robust": "pytest_xraynoise.plugin.robust",
}
_PACKAGES = {"data", "metrics", "models", "noise", "stats"}


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
