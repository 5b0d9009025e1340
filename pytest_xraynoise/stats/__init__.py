"""Numbers per sample in, paired intervals of a drop out.

Importing this package loads no NumPy; the functions are loaded at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_xraynoise.stats.bootstrap import paired_bootstrap
    from pytest_xraynoise.stats.correlated_roc import delong, delong_macro
    from pytest_xraynoise.stats.distribution import Distribution
    from pytest_xraynoise.stats.resampling import (
        percentile_interval,
        resampling_counts,
        resampling_weights,
    )
    from pytest_xraynoise.stats.step_down import holm

__all__ = [
    "Distribution",
    "delong",
    "delong_macro",
    "holm",
    "paired_bootstrap",
    "percentile_interval",
    "resampling_counts",
    "resampling_weights",
]

_HOMES = {
    "Distribution": "distribution",
    "delong": "correlated_roc",
    "delong_macro": "correlated_roc",
    "holm": "step_down",
    "paired_bootstrap": "bootstrap",
    "percentile_interval": "resampling",
    "resampling_counts": "resampling",
    "resampling_weights": "resampling",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
