"""What a job of GitHub Actions shows: annotations and a step summary, told by the controller."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_xraynoise.plugin.session import SessionReports
    from pytest_xraynoise.report.document import Document


def configure(config: pytest.Config, reports: SessionReports) -> None:
    """Register the plugin, in a job of GitHub Actions only."""
    if os.environ.get("GITHUB_ACTIONS", "").lower() not in ("", "0", "false"):
        config.pluginmanager.register(GitHub(config, reports), "xraynoise-github")


class GitHub:
    """Speaks to the runner at the end of a run."""

    def __init__(self, config: pytest.Config, reports: SessionReports) -> None:
        self._config = config
        self._reports = reports

    # The outermost: after the terminal's summary, also where that is switched off.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None]:
        """Tell what came of the run; nothing where no robust test ran."""
        result = yield
        if not self._config.option.collectonly and self._reports.records():
            self._tell(self._reports.document())
        return result

    def _tell(self, document: Document) -> None:
        from pytest_xraynoise.errors import ReportError
        from pytest_xraynoise.report.github import annotation_lines, append_summary

        workspace = os.environ.get("GITHUB_WORKSPACE")
        root = self._config.rootpath
        lines = annotation_lines(document.tests, root, Path(workspace) if workspace else None)
        if path := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                append_summary(Path(path), document, os.environ, self._reports.written)
            except ReportError as error:
                lines.append(f"::warning title=pytest-xraynoise::{' '.join(str(error).split())}")
        self._print(lines)

    def _print(self, lines: list[str]) -> None:
        """Print lines that the runner reads: each has to stand alone, whatever came before it."""
        if not lines:
            return
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            for line in lines:
                reporter.write_line(line)
        else:
            sys.stdout.writelines(f"{line}\n" for line in ("", *lines))
            sys.stdout.flush()
