"""Hooks that other plugins and conftest files may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_xraynoise.metrics import Metric
    from pytest_xraynoise.noise import NoiseKind


@pytest.hookspec
def pytest_xraynoise_noises(config: pytest.Config) -> Iterable[NoiseKind]:  # type: ignore[empty-body]
    """Return kinds of noise of your own, for markers to name.

    Called once in a session, before the first marker is read or the noises are listed::

        # conftest.py
        def pytest_xraynoise_noises():
            return [MyKind()]
    """


@pytest.hookspec
def pytest_xraynoise_metrics(config: pytest.Config) -> Iterable[Metric]:  # type: ignore[empty-body]
    """Return metrics of your own, for limits to name: ``max_<name>_drop``, ``min_<name>``.

    Called once in a session, before the first marker is read::

        # conftest.py
        def pytest_xraynoise_metrics():
            return [Metric(name="kappa", title="Cohen's kappa", compute=...)]
    """
