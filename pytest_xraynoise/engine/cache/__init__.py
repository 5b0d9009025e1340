"""Results of unchanged models and data, kept on disk between runs.

``keys`` says what a result depends on, ``data`` reads the data for it, ``packing`` turns what was
measured into arrays and JSON, ``store`` keeps files, and ``kept`` puts them together.
"""

from __future__ import annotations

from pytest_xraynoise.engine.cache.kept import KeptMeasurements
from pytest_xraynoise.engine.cache.store import CacheWarning, Store

__all__ = ["CacheWarning", "KeptMeasurements", "Store"]
