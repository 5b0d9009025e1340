"""The tutorial works: every file and command of the page, in its order, in an empty folder."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from tests.docs.blocks import DOCS, commands_of, files_of

importlib.import_module("tests.plugin.conftest")  # what must not be imported twice in a process

PAGE = "tutorial.md"
FILES = files_of(PAGE)


@pytest.fixture
def repository(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The reader's folder, with the files of the page as they are written."""
    for name, text in FILES.items():
        if name != "terminal":
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return pytester


def shape(text: str) -> set[str]:
    """The lines of a terminal without their numbers and the width of their columns."""
    return {re.sub(r"-?[\d,.]+|\s+", " ", line).replace(" ", "") for line in text.splitlines()}


def steps() -> Iterator[list[str]]:
    for command in commands_of(PAGE):
        yield shlex.split(command)


def test_from_an_empty_folder_to_a_red_build(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    install, train, first, choosing = steps()
    assert install == ["pip", "install", FILES["requirements.txt"].strip()]
    assert train == ["python", "train.py"]
    subprocess.run([sys.executable, *train[1:]], cwd=repository.path, check=True)

    # The first test: red, with every line that the page shows.
    red = repository.runpytest_inprocess(*first[1:], "test_noise.py")
    red.assert_outcomes(failed=1)
    shown, seen = shape(FILES["terminal"]), shape(red.stdout.str())
    assert {line for line in shown if "Worst" not in line} <= seen
    red.stdout.re_match_lines(["Worst label: .*, AUROC .* at severity .*"])
    assert (repository.path / "report.html").stat().st_size > 10_000

    # The limits that were chosen: green.
    green = repository.runpytest_inprocess(*choosing[1:])
    green.assert_outcomes(passed=2)

    # In CI: red, with an annotation, a summary and the files that are kept.
    workflow = yaml.safe_load(FILES[".github/workflows/noise.yml"])
    done = workflow["jobs"]["robustness"]["steps"]
    (command,) = [step["run"] for step in done if step.get("run", "").startswith("pytest")]
    summary = repository.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    build = repository.runpytest_inprocess(*shlex.split(command)[1:])
    build.assert_outcomes(failed=1, passed=2)
    assert build.ret == pytest.ExitCode.TESTS_FAILED
    build.stdout.fnmatch_lines(["::error file=*test_noise.py,line=4*AUROC fell by*"])
    assert "1 of 3 tests failed" in summary.read_text("utf-8")
    kept = [step["with"]["path"] for step in done if "upload-artifact" in step.get("uses", "")]
    assert {path.name for path in (repository.path / kept[0]).iterdir()} == {
        "noise.html",
        "junit.xml",
    }


def test_every_block_with_a_title_is_run() -> None:
    assert set(FILES) == {
        "model.py",
        "data.py",
        "train.py",
        "conftest.py",
        "test_noise.py",
        "test_brittle.py",
        "test_dose.py",
        "terminal",
        "requirements.txt",
        ".github/workflows/noise.yml",
    }
    assert (DOCS / PAGE).read_text("utf-8").count("```") == 2 * (len(FILES) + len(list(steps())))
