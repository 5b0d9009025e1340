"""One line of the terminal that is redrawn in place and leaves nothing behind."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CI = ("CI", "BUILD_NUMBER")  # what pytest itself goes by

ERASE = "\x1b[J"
"""From the cursor to the end of the screen."""


def wanted(setting: str, *, terminal: bool, verbose: int, environment: Mapping[str, str]) -> bool:
    """Whether a line is to be shown.

    Args:
        setting: ``auto``, ``on`` (also in CI and under ``-qq``) or ``off``. What cannot move its
            cursor is never written to.
        terminal: whether the output is one.
        verbose: pytest's verbosity, -1 for ``-q``.
        environment: every variable of the environment.
    """
    able = terminal and environment.get("TERM") != "dumb"
    if setting == "auto":
        return able and verbose >= -1 and not any(environment.get(name) for name in _CI)
    return able and setting == "on"


class StatusLine:
    """Text behind or below the place where pytest will write next.

    The cursor always goes back to that place, so that pytest knows its column, and whatever is
    written next overwrites nothing but the line. Several threads may draw.

    Args:
        reporter: whose terminal it is.
        capture: gives a context in which writing does not end up in the output of a test.
        shared: whether tests write to the same terminal (``-s``). Their lines then stay whole: the
            text stands below an empty line.
    """

    def __init__(
        self,
        reporter: pytest.TerminalReporter,
        capture: Callable[[], AbstractContextManager[None]],
        *,
        shared: bool,
    ) -> None:
        self._reporter = reporter
        self._writer: Any = reporter._tw  # pytest has no public way to its column
        self._capture = capture
        self._shared = shared
        self._shown = False
        self.lock = threading.RLock()

    def draw(self, words: Callable[[int], str]) -> None:
        """Show ``words(width)``, a text of at most that many columns, the wider the fuller."""
        with self.lock, self._capture():
            if self._shared and not self._shown:
                self._reporter.ensure_newline()
            text = self._placed(words)
            self._shown = bool(text)
            self._writer.write_raw(f"{ERASE}{text}", flush=True)

    def clear(self) -> None:
        """Leave the terminal as it was."""
        with self.lock:
            if self._shown:
                self._shown = False
                with self._capture():
                    self._writer.write_raw(ERASE, flush=True)

    def _placed(self, words: Callable[[int], str]) -> str:
        width: int = self._writer.fullwidth
        column: int = 0 if self._shared else self._writer.width_of_current_line
        full = words(width - 1)
        if not full or (column and column % width == 0):  # the cursor is on no column of its own
            return ""
        column %= width
        if not self._shared and column + len(full) + 1 < width:
            return f" {full}\x1b[{len(full) + 1}D"
        back = f"\x1b[{column}C" if column else ""
        return f"\n{full}\x1b[1A\r{back}"


def open_line(config: pytest.Config, setting: str) -> StatusLine | None:
    """The line of this run, or None where it is not wanted or not possible."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if type(reporter) is not pytest.TerminalReporter:  # others draw lines of their own
        return None
    isatty = bool(getattr(reporter, "isatty", False))
    verbose = int(config.option.verbose)
    if not wanted(setting, terminal=isatty, verbose=verbose, environment=os.environ):
        return None
    manager = config.pluginmanager.get_plugin("capturemanager")
    capture = nullcontext if manager is None else manager.global_and_fixture_disabled
    return StatusLine(reporter, capture, shared=config.getoption("capture") == "no")
