"""Backends by name, for tests that every backend must pass."""

from __future__ import annotations

import pytest

from pytest_xraynoise.noise import prepared
from pytest_xraynoise.noise.backends.interface import Backend, Request
from pytest_xraynoise.noise.backends.reference import ReferenceBackend


@pytest.fixture(params=["numpy", "numba"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Serve every batch by one backend."""
    name: str = request.param
    chosen: Backend = ReferenceBackend()
    if name == "numba":
        pytest.importorskip("numba")
        from pytest_xraynoise.noise.backends.cpu import CpuBackend

        chosen = CpuBackend()

    def only(batch: Request) -> Backend:
        return chosen if batch.kind.has_fused else ReferenceBackend()

    monkeypatch.setattr(prepared, "backend_for", only)
    return name
