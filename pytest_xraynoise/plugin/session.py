"""The controller's side: collect records of all workers, write reports, show the summary."""

from __future__ import annotations

import json as jsonlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_xraynoise.plugin.recording import ATTRIBUTE

if TYPE_CHECKING:
    from pytest_xraynoise.results import TestRecord

_MARKUP = {
    "pass": {"green": True},
    "fail": {"red": True},
    "error": {"red": True, "bold": True},
    "warn": {"yellow": True},
    "bold": {"bold": True},
}


class SessionReports:
    """Registered on the controller (or the only process). Reads reports, never tests."""

    def __init__(self, config: pytest.Config, *, html: str | None, json: str | None) -> None:
        self._config = config
        self._started = datetime.now(UTC)
        self._texts: dict[str, str] = {}
        self._problems: list[str] = []
        self._written: list[Path] = []
        self._paths = {"html": _absolute(config, html), "json": _absolute(config, json)}
        for path in self._paths.values():
            if path is not None:
                from pytest_xraynoise.report.files import check_writable

                check_writable(path)
        if (page := self._paths["html"]) is not None:
            _check_page(page)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the last word on each item: with reruns the last attempt counts."""
        text = getattr(report, ATTRIBUTE, None)
        if text is not None:
            self._texts[report.nodeid] = text

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports that were asked for; a report that fails fails the run."""
        if not any(self._paths.values()) or _runs_nothing(self._config):
            return
        from pytest_xraynoise.errors import ReportError

        try:
            self._write()
        except (ReportError, OSError) as error:
            self._problems.append(str(error))
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table at the end, and where the reports are."""
        if self._texts:
            self._table(terminalreporter)
        for path in self._written:
            terminalreporter.write_line(f"xraynoise report: {path}")
        for problem in self._problems:
            terminalreporter.write_line(f"xraynoise: report not written: {problem}", red=True)

    def _write(self) -> None:
        if not any(self._paths.values()):
            return
        from pytest_xraynoise.report.document import Document
        from pytest_xraynoise.report.environment import collect

        records = self._records()
        devices = {r.result.settings["device"]: None for r in records if r.result is not None}
        environment = collect(
            _command(self._config),
            device=", ".join(devices) or None,
            cwd=self._config.rootpath,
            started=self._started,
        )
        document = Document(environment, records)
        if (path := self._paths["json"]) is not None:
            from pytest_xraynoise.report.json import write_json

            write_json(document, path)
            self._written.append(path)
        if (path := self._paths["html"]) is not None:
            from pytest_xraynoise.report.html import write_html

            write_html(document, path)
            self._written.append(path)

    def _records(self) -> list[TestRecord]:
        from pytest_xraynoise.results.serialize import record_from_dict

        return [
            record_from_dict(record)
            for _, text in sorted(self._texts.items())
            for record in jsonlib.loads(text)
        ]

    def _table(self, reporter: pytest.TerminalReporter) -> None:
        from pytest_xraynoise.report.terminal import summary

        reporter.section("X-ray noise robustness", "=")
        for style, line in summary(self._records(), reporter._tw.fullwidth):
            reporter.write_line(line, **_MARKUP.get(style, {}))


def _runs_nothing(config: pytest.Config) -> bool:
    """Whether tests are only listed: then the last report is worth more than an empty one."""
    words = ("collectonly", "showfixtures", "show_fixtures_per_test", "setuponly", "setupplan")
    return any(getattr(config.option, word, False) for word in words)


def _absolute(config: pytest.Config, path: str | None) -> Path | None:
    """Relative to where pytest was started, whatever tests do to the working directory."""
    return None if path is None else config.invocation_params.dir / path


def _check_page(path: Path) -> None:
    """Refuse a path that is no place for a page: ``--xraynoise-report test_noise.py`` takes one.

    Raises:
        ReportError: for a test id, a Python file, or another file that is no HTML page.
    """
    from pytest_xraynoise.errors import ReportError

    page = True
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            page = file.read(200).lstrip().lower().startswith(b"<!doctype html")
    if "::" in path.name or path.suffix == ".py" or not page:
        raise ReportError(
            f"the report would be written to {path}, which is no HTML page; to name the report "
            "write --xraynoise-report=PATH, and put tests first: pytest TESTS --xraynoise-report"
        )


def _command(config: pytest.Config) -> list[str]:
    return [Path(sys.argv[0]).name, *map(str, config.invocation_params.args)]
