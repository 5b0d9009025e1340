"""What ``--junit-xml`` says about the whole run.

The fixture ``record_testsuite_property`` works in the process that runs a test only, and loses
what it was told under pytest-xdist; so the controller tells the writer itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_xraynoise.plugin.session import SessionReports


def add_suite_properties(config: pytest.Config, reports: SessionReports) -> None:
    """Tell pytest's JUnit writer the environment of the run; nothing where no robust test ran."""
    writers = [
        plugin for plugin in config.pluginmanager.get_plugins()
        if hasattr(plugin, "add_global_property") and hasattr(plugin, "logfile")
    ]  # fmt: skip
    if not writers or not reports.records():
        return
    from pytest_xraynoise.report.junit import suite_properties

    found = suite_properties(reports.document())
    for writer in writers:
        for name, value in found:
            writer.add_global_property(name, value)
