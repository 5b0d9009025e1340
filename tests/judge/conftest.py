"""A lower-is-better metric, registered for one test."""

from __future__ import annotations

import pytest

from pytest_xraynoise.metrics import Metric, Reading, registry


@pytest.fixture
def calibration(monkeypatch: pytest.MonkeyPatch) -> str:
    """``miscalibration``, from 0 (best) to 1; and ``surface_distance``, without an upper bound."""
    known = dict(registry._METRICS)
    for name, upper in (("miscalibration", 1.0), ("surface_distance", None)):
        known[name] = Metric(
            name=name,
            title=name,
            higher_is_better=False,
            lower=0.0,
            upper=upper,
            compute=lambda targets, scores: Reading(0.0),
        )
    monkeypatch.setattr(registry, "_METRICS", known)
    return "miscalibration"
