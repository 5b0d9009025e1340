"""Shared by all tests: pytester, and threads that do not fight each other under xdist."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is loaded: spinning threads lose twentyfold
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says more about what else the machine does.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of settings must not see those of the person who runs them."""
    for name in list(os.environ):
        own = name.startswith("XRAYNOISE_") and name != "XRAYNOISE_DATA"
        if own or name.startswith("GITHUB_"):  # a run in a run must not speak to the runner
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real X-rays that XRAYNOISE_DATA names; tests that need it skip without it."""
    folder = os.environ.get("XRAYNOISE_DATA")
    if not folder:
        pytest.skip("XRAYNOISE_DATA is not set: no real X-rays to test on")
    path = Path(folder)
    if not (path / "kermany" / "labels.csv").is_file():
        pytest.skip(f"XRAYNOISE_DATA={folder} holds no kermany/labels.csv")
    return path
