"""After Ctrl-C the process ends at once, rather than when Python has cleared up.

Of the two seconds from the key to the shell's prompt, most went into walking what torch, SciPy and
the like have loaded: the interpreter collects garbage several times before it ends, and pytest once
or more before that. What is frozen is passed over. The rest went into the sources and arguments of
every frame of a traceback of which pytest shows one line, and into loading Hypothesis for the
summary of a run that has not used it.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

import pytest

_ENGINE = "pytest_xraynoise.engine.evaluation"


class QuickEnd:
    """Registered in every process; does something where ladders ran and the user had enough."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._hurried = self._frozen_before = False
        # Called when pytest has collected its garbage: what is registered first comes last.
        config.add_cleanup(self._thaw)
        if hasattr(config, "workerinput"):
            # Called after what is registered from here on: torch's, multiprocessing's, the user's.
            atexit.register(self._leave)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Freeze what is loaded, and leave pytest the line of the traceback that it shows."""
        if not isinstance(excinfo.value, KeyboardInterrupt) or not self._ran_ladders():
            return
        if not self._config.getoption("fulltrace", False):
            excinfo.traceback = excinfo.traceback[-1:]
        if "hypothesis" not in sys.modules:  # its plugin has nothing to say, and loads it to say so
            self._config.pluginmanager.unregister(name="hypothesispytest")
        self._hurried, self._frozen_before = True, gc.get_freeze_count() > 0
        gc.freeze()
        atexit.register(gc.freeze)

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Freeze what reports have loaded since."""
        if self._hurried:
            gc.freeze()
        elif hasattr(self._config, "workerinput") and self._ran_ladders():
            # A worker that is through has no session to interrupt, and its controller waits for it.
            atexit.register(gc.freeze)

    def _thaw(self) -> None:
        """The process may live on: for it, garbage is collected as ever."""
        if self._hurried and not self._frozen_before:
            gc.unfreeze()

    def _leave(self) -> None:
        """End a worker that was interrupted, whose exit code nobody reads, without taking it apart.

        Its controller waits for it. Where coverage is measured, that has to be written yet.
        """
        if self._hurried and "coverage" not in sys.modules:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    def _ran_ladders(self) -> bool:
        """Whether marked tests ran in this process, or in the workers of this controller."""
        reports = self._config.pluginmanager.get_plugin("xraynoise-session")
        return _ENGINE in sys.modules or (reports is not None and bool(reports.ledger.ids))
