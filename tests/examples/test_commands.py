"""The pages that are made of commands: each is run, in a copy of the folder that it names."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, commands_of

FOLDER = DOCS.parent / "examples" / "hand_made"
PATCH = "PATCH = 8"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, in which nothing of this repository's own settings holds."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("CI", "BUILD_NUMBER", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(FOLDER, tmp_path / "repo", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "repo" / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return tmp_path / "repo"


def run(command: str, folder: Path, more: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """One command of a page, by the programs of this environment."""
    program, *words = shlex.split(command)
    words = [*words, *more]
    if program == "pytest":
        start = [sys.executable, "-m", "pytest"]
    else:
        start = [str(Path(sysconfig.get_path("scripts")) / program)]
    return subprocess.run([*start, *words], cwd=folder, capture_output=True, text=True, check=False)


def test_a_baseline_turns_the_job_red_when_the_model_gets_worse(folder: Path) -> None:
    save, compare, measure, offline = commands_of("examples/baseline.md")
    assert run(save, folder).returncode == 0
    assert (folder / ".xraynoise" / "main.json").is_file()

    conftest = folder / "conftest.py"
    text = conftest.read_text("utf-8")
    assert text.count(PATCH) == 1
    conftest.write_text(text.replace(PATCH, "PATCH = 1"), "utf-8")
    worse = run(compare, folder)
    assert worse.returncode == 1, worse.stdout
    assert "REGRESSED" in worse.stdout
    assert "against the baseline 'main'" in worse.stdout
    assert "<failure" in (folder / "junit.xml").read_text("utf-8")
    run(measure, folder)
    offline_worse = run(offline, folder)
    assert offline_worse.returncode == 1, offline_worse.stdout + offline_worse.stderr

    conftest.write_text(text, "utf-8")
    back = run(compare, folder)
    assert back.returncode == 0, back.stdout
    assert run(measure, folder).returncode == 0
    assert run(offline, folder).returncode == 0


def test_two_processes_give_the_numbers_of_one(folder: Path) -> None:
    two, one, compare, grouped = commands_of("examples/xdist.md")
    parallel = run(two, folder)
    assert parallel.returncode == 0, parallel.stdout
    assert "2 workers" in parallel.stdout
    assert (folder / "report.html").is_file()
    assert run(one, folder).returncode == 0
    same = run(compare, folder)
    assert same.returncode == 0, same.stdout
    assert run(grouped, folder).returncode == 0


@pytest.mark.slow
def test_a_cluster_gives_the_numbers_of_one_process(folder: Path) -> None:
    pytest.importorskip("ray")
    cluster, one, compare = commands_of("examples/ray.md")
    ran = run(cluster, folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert run(one, folder).returncode == 0
    same = run(compare, folder)
    assert same.returncode == 0, same.stdout
