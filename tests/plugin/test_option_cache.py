"""``--xraynoise-cache`` and ``--xraynoise-cache-size``."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.plugin.conftest import read_tests, stdout

BATCHES = 3  # 40 images in batches of 16

MODEL = """
import torch


class Counting(torch.nn.Module):
    def forward(self, images):
        with open("calls.txt", "a") as file:
            file.write("x")
        return {gain} * (images.mean((1, 2, 3)) - 0.46)
"""

REPO = """
import pytest
from pytest_xraynoise import robust
from tests.plugin.conftest import CONFTEST
import counting_model

space = {{}}
exec(CONFTEST, space)


@pytest.fixture(scope="session")
def xray_model():
    return {model}


@pytest.fixture(scope="session")
def xray_dataset():
    return space["make_data"]()


@robust(noise=["gaussian", "poisson"], severities=[1, 2], max_auroc_drop={limit})
def test_it(): ...
"""


def run(
    repo: pytest.Pytester,
    *options: str,
    gain: str = "40",
    model: str = "counting_model.Counting()",
    limit: str = "0.9",
) -> tuple[float, dict[str, Any], str]:
    """Rungs that were run, the tests in the JSON, and what the terminal shows."""
    repo.makepyfile(
        counting_model=MODEL.format(gain=gain), test_it=REPO.format(model=model, limit=limit)
    )
    calls = repo.path / "calls.txt"
    calls.write_text("")
    result = repo.runpytest_inprocess("--xraynoise-json=out.json", *options)
    result.assert_outcomes(passed=2, warnings=result.parseoutcomes().get("warnings", 0))
    return len(calls.read_text()) / BATCHES, read_tests(repo.path / "out.json"), stdout(result)


def numbers(tests: dict[str, Any]) -> list[Any]:
    return [(t["rungs"], t["scores"], t["strips"], t["verdict"]) for t in tests.values()]


def test_a_second_run_of_the_same_is_read(repo: pytest.Pytester) -> None:
    rungs, first, _ = run(repo, "--xraynoise-cache")
    assert rungs == 5
    rungs, second, _ = run(repo, "--xraynoise-cache")
    assert rungs == 0
    assert numbers(second) == numbers(first)
    assert (repo.path / ".xraynoise" / "cache").is_dir()


def test_without_the_option_nothing_is_read_or_written(repo: pytest.Pytester) -> None:
    assert run(repo)[0] == 5
    assert run(repo)[0] == 5
    assert not (repo.path / ".xraynoise").exists()


def test_a_changed_limit_reads_and_changed_code_measures(repo: pytest.Pytester) -> None:
    run(repo, "--xraynoise-cache")
    assert run(repo, "--xraynoise-cache", limit="0.8")[0] == 0
    assert run(repo, "--xraynoise-cache", gain="41")[0] == 5
    assert run(repo, "--xraynoise-cache", "--xraynoise-seed=3")[0] == 4  # clean is known


def test_it_is_not_committed_by_accident(repo: pytest.Pytester) -> None:
    subprocess.run(["git", "init", "-q"], cwd=repo.path, check=True)
    run(repo, "--xraynoise-cache=kept")
    said = subprocess.run(
        ["git", "status", "--porcelain", "-uall"],
        cwd=repo.path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert list((repo.path / "kept").rglob("*.npz"))
    assert "kept" not in said


def test_a_lambda_is_said_once_and_measured(repo: pytest.Pytester) -> None:
    model = "(lambda net: lambda images: net(images))(counting_model.Counting())"
    rungs, _, text = run(repo, "--xraynoise-cache", model=model)
    assert rungs == 5
    assert text.count("not cached") == 1
    assert run(repo, "--xraynoise-cache", model=model)[0] == 5


def test_a_damaged_entry_is_measured_again(repo: pytest.Pytester) -> None:
    _, first, _ = run(repo, "--xraynoise-cache")
    entry = next((repo.path / ".xraynoise" / "cache").rglob("rung-*.npz"))
    entry.write_bytes(entry.read_bytes()[:-7])
    rungs, second, text = run(repo, "--xraynoise-cache")
    assert rungs == 1
    assert "is damaged" in text
    assert numbers(second) == numbers(first)


def test_a_folder_that_cannot_be_written(repo: pytest.Pytester) -> None:
    (repo.path / "file").write_text("")
    rungs, _, text = run(repo, "--xraynoise-cache=file/cache")
    assert rungs == 5
    assert text.count("cannot be written") == 1


@pytest.mark.parametrize("said", ["file", "mine", "test_mine.py"])
def test_what_is_not_a_cache_is_left_alone(repo: pytest.Pytester, said: str) -> None:
    """``--xraynoise-cache tests`` takes the tests for its folder."""
    (repo.path / "file").write_text("kept")
    (repo.path / "mine").mkdir()
    (repo.path / "mine" / "scores.npz").write_bytes(b"kept")
    repo.makepyfile(test_mine="def test_it(): ...")
    before = {path: path.read_bytes() for path in repo.path.rglob("*") if path.is_file()}
    result = repo.runpytest_inprocess("--xraynoise-cache", said)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*holds other things; give it a folder of its own*"])
    assert all(path.read_bytes() == content for path, content in before.items())
    assert not (repo.path / "mine" / ".gitignore").exists()


def test_only_entries_are_removed(repo: pytest.Pytester) -> None:
    run(repo, "--xraynoise-cache=mine")
    other = repo.path / "mine" / "scores.npz"
    other.write_bytes(bytes(10**6))
    run(repo, "--xraynoise-cache=mine", "--xraynoise-cache-size=1kB", "--xraynoise-seed=7")
    assert other.stat().st_size == 10**6


def test_the_size_is_kept(repo: pytest.Pytester) -> None:
    run(repo, "--xraynoise-cache", "--xraynoise-cache-size=15kB")
    entries = (repo.path / ".xraynoise" / "cache").rglob("*.npz")
    assert sum(entry.stat().st_size for entry in entries) <= 15_000


@pytest.mark.parametrize("size", ["much", "0", "-1GB", "5 apples"])
def test_a_bad_size(repo: pytest.Pytester, size: str) -> None:
    result = repo.runpytest_inprocess(f"--xraynoise-cache-size={size}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*expected a size such as 500MB or 2GB*"])


@pytest.mark.slow
def test_workers_share_it(repo: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    _, first, _ = run(repo, "--xraynoise-cache", "-n2")
    rungs, second, _ = run(repo, "--xraynoise-cache", "-n2")
    assert rungs == 0
    assert numbers(second) == numbers(first)
