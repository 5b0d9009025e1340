"""Hypothesis strategies for noise and X-ray-like images, and a search for the mildest failure.

Needs Hypothesis: ``pip install 'pytest-xraynoise[hypothesis]'``.

Examples:
    >>> from hypothesis import given
    >>> from pytest_xraynoise import strategies as xray
    >>> @given(xray.noises(), xray.xray_images())
    ... def test_my_denoiser(noise, images): ...

Everything shrinks towards the mild and the simple: little noise, a plain film.
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "pytest_xraynoise.strategies needs Hypothesis, which is not installed: "
        "pip install 'pytest-xraynoise[hypothesis]'",
        name=error.name,
    ) from None

from pytest_xraynoise.strategies.images import xray_images
from pytest_xraynoise.strategies.kinds import (
    detector_profiles,
    doses,
    noises,
    parameters,
    severities,
)
from pytest_xraynoise.strategies.search import FalsifyingNoise, Searched, robust_search

del _hypothesis

__all__ = [
    "FalsifyingNoise",
    "Searched",
    "detector_profiles",
    "doses",
    "noises",
    "parameters",
    "robust_search",
    "severities",
    "xray_images",
]
