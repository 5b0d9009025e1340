"""What makes Ctrl-C quick: what is loaded is left alone, and only then."""

from __future__ import annotations

import atexit
import gc
import os
import subprocess
import sys
from typing import Any

import pytest

from pytest_xraynoise.plugin.quick_end import QuickEnd

TESTS = """
import pytest
from pytest_xraynoise import robust


@pytest.fixture
def impatient():
    def model(images):
        raise KeyboardInterrupt
    return model


@robust(noise="poisson", model="impatient", severities=[1], max_auroc_drop=0.9)
def test_ladder(): ...
"""

HOOKS = """

import atexit
import gc
import sys


def told(where):
    print(where, "froze" if gc.get_freeze_count() else "nothing frozen", file=sys.__stdout__)


def pytest_unconfigure():
    told("at the end of the session:")


atexit.register(told, "at the end of the process:")  # before that of the plugin, so called after it
"""

MAIN = """
import gc
import sys

import pytest

code = int(pytest.main(sys.argv[1:]))
print("between:", "froze" if gc.get_freeze_count() else "nothing frozen")
sys.exit(code)
"""


def run(repo: pytest.Pytester, *options: str) -> str:
    """What a process says that runs pytest and then something else."""
    conftest = repo.path / "conftest.py"
    conftest.write_text(conftest.read_text() + HOOKS)
    ended = subprocess.run(
        [sys.executable, "-c", MAIN, *options],
        cwd=repo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == pytest.ExitCode.INTERRUPTED, ended.stdout
    return ended.stdout


@pytest.mark.parametrize("full", [False, True])
def test_what_a_ladder_loaded_is_frozen(repo: pytest.Pytester, full: bool) -> None:
    repo.makepyfile(test_it=TESTS)
    said = run(repo, *(["--full-trace"] if full else []))
    assert "at the end of the session: froze" in said
    assert "between: nothing frozen" in said, "the process may go on for days"
    assert "at the end of the process: froze" in said
    assert "test_it.py:8: KeyboardInterrupt" in said, "the place that pytest shows"
    assert ("raise KeyboardInterrupt" in said) is full
    assert ("def pytest_pyfunc_call" in said or "def run_request" in said) is full


def test_a_run_without_ladders_is_left_alone(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_it="def test_it():\n    raise KeyboardInterrupt")
    said = run(repo)
    assert said.count("nothing frozen") == 3


def test_a_run_that_ends_by_itself_is_left_alone(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", lambda function, *_: registered.append(function))
    repo.makepyfile(
        test_it=TESTS.replace("raise KeyboardInterrupt", "return images.mean((1, 2, 3))")
    )
    repo.runpytest_inprocess().assert_outcomes(passed=1)
    assert gc.freeze not in registered
    assert gc.get_freeze_count() == 0


class _Worker:
    """As much of a config as there is to a worker of pytest-xdist here."""

    pluginmanager = pytest.PytestPluginManager()

    def add_cleanup(self, function: Any) -> None:
        """Nothing is cleaned up."""


@pytest.mark.parametrize("worker", [True, False])
def test_a_worker_that_ran_ladders_ends_quickly_in_any_case(
    worker: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pytest_xraynoise.engine.evaluation  # noqa: F401 - ladders ran

    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    config: Any = _Worker()
    if worker:
        config.workerinput = {}
    end = QuickEnd(config)
    assert registered == ([end._leave] if worker else [])
    registered.clear()
    end.pytest_unconfigure()
    assert registered == ([gc.freeze] if worker else [])
    assert gc.get_freeze_count() == 0, "tests of other plugins may follow in the process"


@pytest.mark.parametrize(
    ("hurried", "covered", "left"),
    [(True, False, True), (False, False, False), (True, True, False)],
)
def test_only_a_worker_that_was_interrupted_is_not_taken_apart(
    hurried: bool, covered: bool, left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(atexit, "register", lambda *_: None)
    monkeypatch.delitem(sys.modules, "coverage", raising=False)
    if covered:
        monkeypatch.setitem(sys.modules, "coverage", sys)
    config: Any = _Worker()
    config.workerinput = {}
    end = QuickEnd(config)
    end._hurried = hurried
    end._leave()
    assert ended == ([0] if left else [])
