"""Hooks that other plugins and conftest files may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_xraynoise.metrics import Metric
    from pytest_xraynoise.noise import NoiseKind
    from pytest_xraynoise.results import Panel, TestRecord


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


@pytest.hookspec
def pytest_xraynoise_report_panels(record: TestRecord) -> Iterable[Panel] | Panel | None:
    """Return panels of your own for the section of a test in the HTML report.

    Called for each ladder of each test, in the process that ran it (a worker under xdist), when
    ``--xraynoise-report`` or ``--xraynoise-json`` asks for a report. The panels are stored in the
    JSON, so ``xraynoise report`` draws them again. ``record.result`` holds what was measured, and
    is None after an error. A hook that raises is named at the end of the run and in its place in
    the report; it loses nothing but its own panels::

        # conftest.py
        from pytest_xraynoise import Panel

        def pytest_xraynoise_report_panels(record):
            if record.result is None:
                return None
            hardest = record.result.ids[:3]
            return [Panel("Hardest cases", table=[["case"], *([name] for name in hardest)])]
    """
