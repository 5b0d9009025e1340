"""The controller's side: collect records of all workers, write reports, show the summary."""

from __future__ import annotations

import json as jsonlib
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_xraynoise.plugin import baselines, junit
from pytest_xraynoise.plugin.interrupt import Ledger, planned
from pytest_xraynoise.plugin.own_paths import check_report_path
from pytest_xraynoise.plugin.panels import trouble_lines
from pytest_xraynoise.plugin.recording import ATTRIBUTE
from pytest_xraynoise.plugin.saving import Saver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import TestRecord

_MARKUP = {
    "pass": {"green": True},
    "fail": {"red": True},
    "error": {"red": True, "bold": True},
    "warn": {"yellow": True},
    "bold": {"bold": True},
}


class _Spoiled(NamedTuple):
    """What failed of a test beside its call, and in which words."""

    how: str
    told: str


class SessionReports:
    """Registered on the controller (or the only process). Reads reports, never tests.

    Attributes:
        ledger: which tests there are and how far they came.
        written: the reports that were written.
    """

    def __init__(self, config: pytest.Config, paths: Mapping[str, str | None]) -> None:
        self._config = config
        self._started = datetime.now(UTC)
        self._texts: dict[str, str] = {}
        self._spoiled: dict[str, _Spoiled] = {}
        self._unfinished: list[TestRecord] = []
        self._read: list[TestRecord] | None = None
        self.ledger = Ledger()
        self._saver = Saver(config)
        self._problems: list[str] = []
        self._environment: dict[str, Any] | None = None
        self.written: list[Path] = []
        self._paths = {name: _absolute(config, path) for name, path in paths.items() if path}
        for name, path in self._paths.items():
            from pytest_xraynoise.report.files import check_writable

            check_report_path(path, "report" if name == "html" else name)
            check_writable(path)

    @pytest.hookimpl
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test that begins and never ends was interrupted."""
        self.ledger.begin(nodeid)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the last word on each item: with reruns the last attempt counts."""
        if getattr(report, "context", None) is not None:  # of a subtest: its test goes on
            if report.failed:
                self._spoil(report, "a subtest failed")
            return
        if str(report.outcome) == "rerun":  # another attempt follows, and may be interrupted
            self._texts.pop(report.nodeid, None)
            self._spoiled.pop(report.nodeid, None)
            self._read = None
            return
        text = getattr(report, ATTRIBUTE, None)
        if text is not None:
            self._texts[report.nodeid] = text
            self._read = None
        if report.when == "teardown" and report.failed:
            self._spoil(report, "its teardown failed")
        if report.when == "setup" and report.passed:
            return
        self.ledger.end(report.nodeid)
        if report.when not in ("setup", "call", "teardown") and self.ledger.knows(report.nodeid):
            self._lose(report)

    # First, because workers may take seconds to end, in which another Ctrl-C would lose it all.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports that were asked for; a report that fails fails the run."""
        if _runs_nothing(self._config):
            return
        self.ledger.plan(planned(getattr(session, "items", ())))
        self._unfinished = self.ledger.unfinished()
        self._read = None
        for name, path in self._paths.items():
            self._try(session, "report", partial(self._write, name, path))
        junit.add_suite_properties(self._config, self)
        if self._saver.asked:
            self._try(session, "baseline", self._save)

    def _try(self, session: pytest.Session, what: str, write: Callable[[], None]) -> None:
        """Write a file; one that fails fails the run, and does not take the others with it."""
        from pytest_xraynoise.errors import XrayNoiseError

        try:
            write()
        except (XrayNoiseError, OSError) as error:
            self._problems.append(f"{what} not written: {error}")
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _save(self) -> None:
        spoiled = {
            record["nodeid"]: self._spoiled[key].how
            for key, text in self._texts.items()
            if key in self._spoiled
            for record in jsonlib.loads(text)
        }
        self._saver.save(self.records(), self.ledger.ids, spoiled)

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table at the end, and where the reports are."""
        interrupted = any(each.outcome == "interrupted" for each in self._unfinished)
        if self._texts or interrupted:
            self._table(terminalreporter)
        for path in self.written:
            terminalreporter.write_line(f"xraynoise report: {path}")
        for style, line in self._saver.lines:
            terminalreporter.write_line(line, **_MARKUP.get(style, {}))
        for problem in self._problems:
            terminalreporter.write_line(f"xraynoise: {problem}", red=True)

    def _lose(self, report: pytest.TestReport) -> None:
        """Name the test that took its worker down; what it had measured before is kept."""
        from pytest_xraynoise.results.serialize import record_from_dict, record_to_dict

        message = str(report.longrepr)
        records = [self.ledger.record(report.nodeid, "error", message)]
        if (text := self._texts.get(report.nodeid)) is not None:
            measured = map(record_from_dict, jsonlib.loads(text))
            records = [replace(each, outcome="error", message=message) for each in measured]
        self._texts[report.nodeid] = jsonlib.dumps([record_to_dict(each) for each in records])

    def document(self) -> Document:
        """Everything that this run measured so far."""
        from pytest_xraynoise.noise.spec import SPEC_VERSION
        from pytest_xraynoise.report.document import Document
        from pytest_xraynoise.report.environment import collect

        records = self.records()
        devices = {r.result.settings["device"]: None for r in records if r.result is not None}
        if self._environment is None:  # asks git, which takes its time
            self._environment = collect(
                _command(self._config), cwd=self._config.rootpath, started=self._started
            )
        run = {"device": ", ".join(devices) or None, "noise_spec": SPEC_VERSION}
        return Document({**self._environment, **run}, records)

    def _write(self, name: str, path: Path) -> None:
        from pytest_xraynoise.report import formats

        formats.write(name, self.document(), path)
        self.written.append(path)

    def records(self) -> list[TestRecord]:
        """The tests by id, those that did not run included."""
        from pytest_xraynoise.results.serialize import record_from_dict

        if self._read is None:  # every report asks
            tests = [
                [self._as_it_ended(key, record_from_dict(each)) for each in jsonlib.loads(text)]
                for key, text in self._texts.items()
            ]
            tests += [[record] for record in self._unfinished]
            self._read = [each for records in sorted(tests, key=_nodeid) for each in records]
        return self._read

    def _spoil(self, report: pytest.TestReport, how: str) -> None:
        """Remember what failed of a test beside its call."""
        lines = report.longreprtext.strip().splitlines() or [""]
        told = next((line for line in lines if line.startswith("E ")), lines[-1])
        self._spoiled.setdefault(report.nodeid, _Spoiled(how, told.removeprefix("E ").strip()))
        self._read = None

    def _as_it_ended(self, key: str, record: TestRecord) -> TestRecord:
        """The record of a test whose call passed, though the test did not."""
        spoiled = self._spoiled.get(key)
        if spoiled is None or record.outcome not in ("passed", "xpassed", "xfailed"):
            return record
        return replace(record, outcome="failed", message=f"{spoiled.how}: {spoiled.told}")

    def _table(self, reporter: pytest.TerminalReporter) -> None:
        from pytest_xraynoise.report.comparison_text import summary_lines
        from pytest_xraynoise.report.terminal import one_line_summary, rungs, summary

        records, width = self.records(), reporter._tw.fullwidth
        verbosity = self._config.get_verbosity()
        if verbosity < 0:
            lines = one_line_summary(records, width)
        else:
            reporter.section("X-ray noise robustness", "=")
            lines = rungs(records, width) if verbosity > 0 else []
            lines += summary(records, width, curves=_draws_blocks(reporter))
        for style, line in [*lines, *summary_lines(records, baselines.rule_texts(self._config))]:
            reporter.write_line(line, **_MARKUP.get(style, {}))
        for line in trouble_lines(records):
            reporter.write_line(line, **_MARKUP["warn"])


def _nodeid(records: list[TestRecord]) -> str:
    """The id of the test that left these records."""
    return records[0].nodeid


def _draws_blocks(reporter: pytest.TerminalReporter) -> bool:
    """Whether the terminal's encoding has the blocks that curves are drawn with."""
    from pytest_xraynoise.report.curve import BLOCKS

    encoding = getattr(reporter._tw._file, "encoding", None) or "utf-8"
    try:
        BLOCKS.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _runs_nothing(config: pytest.Config) -> bool:
    """Whether tests are only listed: then the last report is worth more than an empty one."""
    words = ("collectonly", "showfixtures", "show_fixtures_per_test", "setuponly", "setupplan")
    return any(getattr(config.option, word, False) for word in words)


def _absolute(config: pytest.Config, path: str) -> Path:
    """Relative to where pytest was started, whatever tests do to the working directory."""
    return config.invocation_params.dir / path


def _command(config: pytest.Config) -> list[str]:
    return [Path(sys.argv[0]).name, *map(str, config.invocation_params.args)]
