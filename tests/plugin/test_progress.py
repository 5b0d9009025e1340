"""The counter of a running ladder: what it says, where it is drawn, and that it leaves nothing."""

from __future__ import annotations

import itertools
import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.plugin.progress import Board, Meter, Progress, words
from pytest_xraynoise.plugin.status_line import ERASE, StatusLine, wanted
from tests.plugin.conftest import read_tests

ONE = Progress("poisson", 320, 1000, 6, 45.0)


def test_what_one_ladder_says() -> None:
    assert words([ONE], 80) == "poisson: 320/1000 samples x 6 rungs, 45/s, 0:15 left"
    assert words([Progress("poisson", 16, 40, 6)], 80) == "poisson: 16/40 samples x 6 rungs"
    assert words([Progress("poisson", 16, None, 6, 2.5)], 80) == (
        "poisson: 16 samples x 6 rungs, 2.5/s"
    )
    assert words([Progress("poisson", 1, 90001, 6, 10.0)], 80).endswith("2:30:00 left")
    assert words([], 80) == ""


def test_what_several_ladders_say() -> None:
    other = Progress("gaussian", 10, 100, 4, 1.0)
    assert words([ONE, other], 80) == "2 ladders: 330/1100 samples x 4/6 rungs, 46/s, 1:30 left"
    unknown = Progress("gaussian", 10, None, 6, 1.0)
    assert words([ONE, unknown], 80) == "2 ladders: 330 samples x 6 rungs, 46/s"


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (52, "poisson: 320/1000 samples x 6 rungs, 45/s, 0:15 left"),
        (51, "320/1000 x 6 rungs, 0:15 left"),
        (28, "320/1000, 0:15 left"),
        (18, "320/1000"),
        (7, ""),
    ],
)
def test_a_narrow_terminal_hears_less(width: int, said: str) -> None:
    assert words([ONE], width) == said


def test_the_pace_is_measured_from_the_end_of_the_first_batch() -> None:
    told: list[Progress] = []
    clock = iter([100.0, 100.05, 102.0, 104.0])  # the first batch had taken for ever
    meter = Meter("poisson", told.append, every=0.1, clock=lambda: next(clock))
    for done in (16, 32, 48, 64):
        meter(done, 80, 6)
    assert [each.done for each in told] == [16, 48, 64], "the second came too soon"
    assert [each.rate for each in told] == [None, 16.0, 12.0]
    assert told[-1].left == pytest.approx(16 / 12)


@pytest.mark.parametrize(
    ("setting", "terminal", "verbose", "environment", "shown"),
    [
        ("auto", True, 0, {}, True),
        ("auto", True, -1, {}, True),
        ("auto", True, -2, {}, False),
        ("auto", True, 0, {"CI": "true"}, False),
        ("auto", True, 0, {"CI": ""}, True),
        ("auto", True, 0, {"BUILD_NUMBER": "7"}, False),
        ("auto", False, 0, {}, False),
        ("auto", True, 0, {"TERM": "dumb"}, False),
        ("on", True, -2, {"CI": "true"}, True),
        ("on", False, 0, {}, False),
        ("on", True, 0, {"TERM": "dumb"}, False),
        ("off", True, 0, {}, False),
    ],
)
def test_when_it_is_shown(
    setting: str, terminal: bool, verbose: int, environment: dict[str, str], shown: bool
) -> None:
    found = wanted(setting, terminal=terminal, verbose=verbose, environment=environment)
    assert found is shown


class Screen:
    """As much of a terminal as the line uses: 20 lines, a cursor, five sequences.

    A line that is full wraps at the next letter, as terminals do.
    """

    def __init__(self, width: int) -> None:
        self.width, self.row, self.column = width, 0, 0
        self.lines = [""]

    def write(self, text: str) -> None:
        for part in re.findall(r"\x1b\[\d*[A-Z]|\x1b.|.|\n|\r", text):
            self._one(part)

    def _one(self, part: str) -> None:
        if part == "\n":
            self._down()
            self.column = 0
        elif part == "\r":
            self.column = 0
        elif part == ERASE:
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]
        elif part.startswith("\x1b"):
            number = int(part[2:-1] or 1)
            moves = {"A": (-number, 0), "C": (0, number), "D": (0, -number)}
            up, right = moves[part[-1]]
            self.row = max(0, self.row + up)
            self.column = min(self.width - 1, max(0, self.column + right))
        else:
            if self.column == self.width:
                self._down()
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + part + line[self.column + 1 :]
            self.column += 1

    def _down(self) -> None:
        self.row += 1
        while len(self.lines) <= self.row:
            self.lines.append("")

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


class FakeWriter:
    def __init__(self, screen: Screen) -> None:
        self.screen, self.fullwidth, self.line = screen, screen.width, ""

    @property
    def width_of_current_line(self) -> int:
        return len(self.line)

    def write_raw(self, text: str, *, flush: bool) -> None:
        self.screen.write(text)

    def write(self, text: str) -> None:
        self.line = (self.line + text).rpartition("\n")[2]
        self.screen.write(text)


class FakeReporter:
    def __init__(self, width: int = 60) -> None:
        self.screen = Screen(width)
        self._tw = FakeWriter(self.screen)

    def ensure_newline(self) -> None:
        if self._tw.line:
            self._tw.write("\n")


def line_on(reporter: FakeReporter, *, shared: bool = False) -> StatusLine:
    return StatusLine(cast(Any, reporter), nullcontext, shared=shared)


def test_it_stands_behind_what_pytest_wrote() -> None:
    reporter = FakeReporter(70)
    line = line_on(reporter)
    reporter._tw.write("test_a.py ..")
    line.draw(lambda width: words([ONE], width))
    assert reporter.screen.text == f"test_a.py .. {words([ONE], 80)}"
    line.clear()
    reporter._tw.write(".")
    assert reporter.screen.text == "test_a.py ..."


def test_it_stands_below_where_there_is_no_room() -> None:
    reporter = FakeReporter()
    line = line_on(reporter)
    reporter._tw.write("test_a.py::test_something_long[poisson] ")
    for done in range(100, 400, 100):
        line.draw(lambda width, done=done: words([Progress("x", done, 900, 6)], width))  # type: ignore[misc]
    assert reporter.screen.lines == [
        "test_a.py::test_something_long[poisson] ",
        "x: 300/900 samples x 6 rungs",
    ]
    line.clear()
    reporter._tw.write("PASSED\n")
    assert reporter.screen.text == "test_a.py::test_something_long[poisson] PASSED"


@given(
    writes=st.lists(st.text("ab.", max_size=130), max_size=6),
    width=st.integers(10, 60),
    ends=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_whatever_pytest_wrote_stays(writes: list[str], width: int, ends: list[bool]) -> None:
    reporter, plain = FakeReporter(width), FakeReporter(width)
    line = line_on(reporter)
    for text, end in zip(writes, ends, strict=False):
        for each in (reporter, plain):
            each._tw.write(text + ("\n" if end else ""))
        line.draw(lambda room: words([ONE], room))
        line.draw(lambda room: words([ONE, ONE], room))
        line.clear()
    assert reporter.screen.text == plain.screen.text
    assert (reporter.screen.row, reporter.screen.column) == (plain.screen.row, plain.screen.column)


def test_lines_that_a_test_prints_stay_whole() -> None:
    reporter = FakeReporter()
    line = line_on(reporter, shared=True)
    reporter._tw.write("test_a.py ")
    for number in range(3):
        line.draw(lambda width: words([ONE], width))
        reporter.screen.write(f"batch {number}\n")
    line.draw(lambda width: words([ONE], width))
    line.clear()
    reporter._tw.write(".")
    assert reporter.screen.text == "test_a.py\nbatch 0\nbatch 1\nbatch 2\n."


class Recorder:
    """A status line that only notes what is on it."""

    def __init__(self) -> None:
        self.now = ""
        self.lock = nullcontext()

    def draw(self, said: Any) -> None:
        self.now = said(80)

    def clear(self) -> None:
        self.now = ""


def test_the_board_of_several_workers() -> None:
    line, clock = Recorder(), itertools.count(0.0, 1.0)
    board = Board(cast(Any, line), clock=lambda: next(clock))

    def tell(worker: str, done: int) -> None:
        message = {"noise": "poisson", "done": done, "total": 40, "rungs": 6, "rate": None}
        board.heard(worker, "progress", message)

    tell("gw0", 16)
    assert line.now == "poisson: 16/40 samples x 6 rungs"
    tell("gw1", 8)
    assert line.now == "2 ladders: 24/80 samples x 6 rungs"
    hook = board.pytest_runtest_logreport()
    next(hook)
    assert line.now == "", "pytest writes now"
    with pytest.raises(StopIteration):
        hook.send(None)
    board.heard("gw0", "ended", {})
    assert line.now == "poisson: 8/40 samples x 6 rungs"
    end = board.pytest_sessionfinish()
    next(end)
    tell("gw1", 16)
    assert line.now == "", "the summary has the terminal for itself"
    end.close()


LADDERS = """
import os, sys, time
import pytest
from pytest_xraynoise import robust

@pytest.fixture
def paced(bright):
    def model(images):
        time.sleep(0.12)
        print("from the model")
        print("to stderr", file=sys.stderr)
        return bright(images)
    return model

@robust(noise="poisson", model="paced", severities=[1], max_auroc_drop=0.9)
def test_captured(capsys, robustness):
    print("own words")
    assert capsys.readouterr().out in ("own words\\n", "from the model\\n" * 6 + "own words\\n")

@robust(noise="poisson", model="paced", severities=[1], max_auroc_drop=0.9)
def test_fails():
    assert False
"""


def on_terminal(folder: Path, *options: str, **environment: str) -> str:
    """What a run writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k not in ("CI", "BUILD_NUMBER", "TERM")}
    plugins = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:rerunfailures"]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *plugins, "--color=no", *options],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**clean, "TERM": "xterm", "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    parts, end = [], time.monotonic() + 120
    while time.monotonic() < end:
        ready, _, _ = select.select([ours], [], [], 0.2)
        try:
            data = os.read(ours, 65536) if ready else b""
        except OSError:  # Linux's end of file
            break
        if ready and not data:
            break
        parts.append(data)
    os.close(ours)
    run.wait(timeout=60)
    return b"".join(parts).decode("utf-8").replace("\r\n", "\n")


def screen_of(text: str) -> str:
    screen = Screen(100)
    screen.write(text)
    return screen.text


COUNTER = re.compile(r"poisson: \d+/40 samples x 2 rungs")


@pytest.fixture
def ladders(repo: pytest.Pytester) -> pytest.Pytester:
    repo.makepyfile(test_ladders=LADDERS)
    return repo


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "option",
    [[], ["-s"], pytest.param(["-q"], marks=SLOW), pytest.param(["-v"], marks=SLOW)],
    ids=" ".join,
)
def test_on_a_terminal(ladders: pytest.Pytester, option: list[str]) -> None:
    text = on_terminal(ladders.path, "--xraynoise-batch-size=8", *option)
    assert len(COUNTER.findall(text)) >= 4, text
    assert re.search(r"40 samples x 2 rungs, [\d.]+/s, 0:0\d left", text)
    left = screen_of(text)
    assert not COUNTER.search(left), left
    assert "\x1b" not in left
    assert "1 failed, 1 passed" in left
    if option == ["-s"]:
        assert left.count("\nfrom the model\nto stderr\n") >= 10, "a line was torn"
    else:
        captured = left.partition("Captured stdout setup")[2]
        assert captured.partition("Captured stderr")[0].count("from the model") == 10
        assert "samples x" not in captured.partition("= X-ray noise")[0]


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ([], {"CI": "true"}),
        pytest.param(["--xraynoise-progress=off"], {}, marks=SLOW),
        pytest.param(["--xraynoise-progress=on"], {"TERM": "dumb"}, marks=SLOW),
        pytest.param(["-qq"], {}, marks=SLOW),
    ],
    ids=["CI", "off", "dumb", "-qq"],
)
def test_nothing_on_a_terminal(
    ladders: pytest.Pytester, options: list[str], environment: dict[str, str]
) -> None:
    text = on_terminal(ladders.path, *options, "-k", "captured", **environment)
    assert "samples x" not in text
    assert ERASE not in text


@SLOW
def test_on_in_ci(ladders: pytest.Pytester) -> None:
    text = on_terminal(ladders.path, "--xraynoise-progress=on", "-k", "captured", CI="true")
    assert COUNTER.search(text)


def test_nothing_where_there_is_no_terminal(ladders: pytest.Pytester) -> None:
    result = ladders.runpytest_inprocess("--xraynoise-progress=on", "-k", "captured")
    result.assert_outcomes(passed=1, deselected=1)
    assert "samples x" not in "\n".join(result.outlines)
    assert "\x1b" not in "\n".join(result.outlines)


def test_the_controller_shows_what_workers_tell(ladders: pytest.Pytester) -> None:
    options = ("-n", "2", "--xraynoise-batch-size=4", "--xraynoise-json=out.json")
    text = on_terminal(ladders.path, *options)
    assert "samples x 2 rungs" in text
    left = screen_of(text)
    assert "samples x" not in left, left
    assert "1 failed, 1 passed" in left
    assert read_tests(ladders.path / "out.json")["test_captured[poisson]"]["outcome"] == "passed"


def test_an_unknown_word_is_told(repo: pytest.Pytester) -> None:
    result = repo.runpytest_inprocess("--xraynoise-progress=yes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--xraynoise-progress: unknown progress 'yes'*"])
