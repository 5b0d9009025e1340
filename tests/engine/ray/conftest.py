"""A Ray cluster of two CPUs on this machine, for all tests of this folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def cluster() -> Iterator[Any]:
    """The package ray, connected to two CPUs; every evaluation uses this connection."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)  # Ray's own, while it starts
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            object_store_memory=80 * 2**20,
        )
    yield ray
    ray.shutdown()


@pytest.fixture(scope="package")
def crew(cluster: Any) -> Iterator[Any]:
    """Two actors that stay from test to test, as they do in a session of the plugin."""
    from pytest_xraynoise.engine.ray.connection import connected

    with connected() as connection:
        yield connection.crew
