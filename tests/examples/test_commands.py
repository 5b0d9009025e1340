"""The pages that are made of commands: each is run, in a copy of the folder that it names."""

from __future__ import annotations

import importlib
import shlex
import shutil

import pytest

from pytest_xraynoise.cli import main
from tests.docs.blocks import DOCS, commands_of

# What must not be imported twice in a process.
for _module in ("tests.plugin.conftest", "pytest_xraynoise.engine.evaluation"):
    importlib.import_module(_module)

FOLDER = DOCS.parent / "examples" / "hand_made"
PATCH = "PATCH = 8"


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A copy, in which nothing of this repository's own settings holds."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("CI", "BUILD_NUMBER", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    for path in FOLDER.glob("*.py"):
        shutil.copy(path, pytester.path)
    return pytester


def run(command: str, folder: pytest.Pytester, *, apart: bool = False) -> pytest.RunResult:
    """``pytest ...`` of a page, in this process or in one of its own."""
    program, *words = shlex.split(command)
    assert program == "pytest"
    runner = folder.runpytest_subprocess if apart else folder.runpytest_inprocess
    return runner(*words)


def offline(command: str) -> int:
    """``xraynoise ...`` of a page; the exit code."""
    program, *words = shlex.split(command)
    assert program == "xraynoise"
    return main(words)


def test_a_baseline_turns_the_job_red_when_the_model_gets_worse(folder: pytest.Pytester) -> None:
    save, compare, measure, compare_files = commands_of("examples/baseline.md")
    run(save, folder).assert_outcomes(passed=3)
    assert (folder.path / ".xraynoise" / "main.json").is_file()

    conftest = folder.path / "conftest.py"
    text = conftest.read_text("utf-8")
    assert text.count(PATCH) == 1
    conftest.write_text(text.replace(PATCH, "PATCH = 1"), "utf-8")
    worse = run(compare, folder)
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    worse.stdout.fnmatch_lines(["*against the baseline 'main'*", "*REGRESSED*"])
    assert "<failure" in (folder.path / "junit.xml").read_text("utf-8")
    run(measure, folder)
    assert offline(compare_files) == 1

    conftest.write_text(text, "utf-8")
    run(compare, folder).assert_outcomes(passed=3)
    run(measure, folder)
    assert offline(compare_files) == 0


def test_two_processes_give_the_numbers_of_one(folder: pytest.Pytester) -> None:
    two, one, compare_files, _ = commands_of("examples/xdist.md")
    parallel = run(two, folder, apart=True)
    parallel.assert_outcomes(passed=3)
    parallel.stdout.fnmatch_lines(["*2 workers*"])
    assert (folder.path / "report.html").is_file()
    run(one, folder).assert_outcomes(passed=3)
    assert offline(compare_files) == 0


@pytest.mark.slow
def test_a_cluster_gives_the_numbers_of_one_process(folder: pytest.Pytester) -> None:
    pytest.importorskip("ray")
    cluster, one, compare_files = commands_of("examples/ray.md")
    run(cluster, folder, apart=True).assert_outcomes(passed=3)
    run(one, folder).assert_outcomes(passed=3)
    assert offline(compare_files) == 0
