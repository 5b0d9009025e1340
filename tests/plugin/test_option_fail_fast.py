"""``--xraynoise-fail-fast`` and ``fail_fast=`` of the marker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.conftest import read_tests, stdout

BATCHES = 3  # 40 images in batches of 16

REPO = """
import pytest
import torch
from pytest_xraynoise import robust
from tests.plugin.conftest import CONFTEST

space = {{}}
exec(CONFTEST, space)


class Counting(space["Texture"]):
    def forward(self, images):
        with open("calls.txt", "a") as file:
            file.write("x")
        return super().forward(images)


@pytest.fixture(scope="session")
def xray_model():
    return Counting()


@pytest.fixture(scope="session")
def xray_dataset():
    return {data}


@robust(noise="gaussian", {words})
def test_it(): ...
"""

DATA = 'space["make_data"]()'
BREAKS = "max_auroc_drop=0.05"
HOLDS = "max_auroc_drop=0.99"


def run(
    repo: pytest.Pytester, words: str, *options: str, data: str = DATA
) -> tuple[float, dict[str, Any], str]:
    """Rungs that were run, the test in the JSON, and what the terminal shows."""
    repo.makepyfile(REPO.format(words=words, data=data))
    result = repo.runpytest_inprocess("--xraynoise-json=out.json", *options)
    (test,) = read_tests(repo.path / "out.json").values()
    calls = (repo.path / "calls.txt").read_text()
    (repo.path / "calls.txt").unlink()
    return len(calls) / BATCHES, test, stdout(result)


def severities(test: dict[str, Any]) -> list[int]:
    return [rung["severity"] for rung in test["rungs"]]


def test_a_broken_ladder_ends_at_its_most_severe_rung(repo: pytest.Pytester) -> None:
    rungs, test, text = run(repo, BREAKS, "--xraynoise-fail-fast", "--xraynoise-report")
    assert rungs == 2
    assert test["outcome"] == "failed"
    assert severities(test) == [0, 5]
    assert test["settings"]["not_run"] == [1, 2, 3, 4]
    assert "severities 1, 2, 3, 4 not run (fail-fast)" in text
    page = (repo.path / "xraynoise-report.html").read_text()
    assert "severities 1, 2, 3, 4 not run (fail-fast)" in page
    assert len(test["strips"]) == 3
    assert [len(strip["frames"]) for strip in test["strips"]] == [2, 2, 2]


def test_without_it_every_rung_is_run_and_the_verdict_is_the_same(repo: pytest.Pytester) -> None:
    rungs, whole, text = run(repo, BREAKS)
    assert rungs == 6
    assert "not_run" not in whole["settings"]
    assert "fail-fast" not in text
    _, early, _ = run(repo, BREAKS, "--xraynoise-fail-fast")
    assert early["verdict"] == whole["verdict"] == "fail"
    assert early["rungs"][-1] == whole["rungs"][-1]


def test_a_ladder_that_holds_runs_fully_and_no_rung_twice(repo: pytest.Pytester) -> None:
    rungs, fast, _ = run(repo, HOLDS, "--xraynoise-fail-fast")
    assert rungs == 6
    _, whole, _ = run(repo, HOLDS)
    for test in (fast, whole):
        del test["duration"]
    assert fast == whole


@pytest.mark.parametrize(
    ("words", "options", "expected"),
    [
        ("fail_fast=True", (), 2),
        ("fail_fast=False", ("--xraynoise-fail-fast",), 6),
        ("fail_fast=True", ("--xraynoise-fail-fast=off",), 2),
    ],
)
def test_the_marker_goes_first(
    repo: pytest.Pytester, words: str, options: tuple[str, ...], expected: int
) -> None:
    assert run(repo, f"{BREAKS}, {words}", *options)[0] == expected


@pytest.mark.parametrize(
    ("words", "expected", "left"),
    [
        ("max_auroc_drop={1: 0.99, 3: 0.01}", 2, [1, 2, 4, 5]),  # 3 is the first with a limit
        ("max_auroc_drop={3: 0.01, 5: 0.99}", 3, [1, 2, 4]),
        ("max_auroc_drop=0.99, min_auroc={3: 0.99}", 4, [1, 2]),
    ],
)
def test_rungs_with_limits_of_their_own(
    repo: pytest.Pytester, words: str, expected: float, left: list[int]
) -> None:
    rungs, test, _ = run(repo, words, "--xraynoise-fail-fast")
    assert rungs == expected
    assert test["outcome"] == "failed"
    assert test["settings"]["not_run"] == left


@pytest.mark.parametrize(
    "words",
    [
        "aggregate='mean'",
        "decide='confident-fail'",
        "min_severity=5",
        "breaking_point=True",
    ],
)
def test_a_verdict_that_other_rungs_may_change_is_not_stopped(
    repo: pytest.Pytester, words: str
) -> None:
    rungs, test, _ = run(repo, f"{BREAKS}, {words}", "--xraynoise-fail-fast")
    assert rungs >= 6
    assert "not_run" not in test["settings"]


def test_a_stream_is_not_stopped(repo: pytest.Pytester) -> None:
    stream = (
        "type('S', (torch.utils.data.IterableDataset,), "
        "{'__iter__': lambda self: iter(list(zip(*space['make_data']())))})()"
    )
    rungs, test, _ = run(repo, BREAKS, "--xraynoise-fail-fast", data=stream)
    assert rungs == 6
    assert severities(test) == [0, 1, 2, 3, 4, 5]


def test_a_bad_word(repo: pytest.Pytester) -> None:
    repo.makepyfile(REPO.format(words=f"{BREAKS}, fail_fast=1", data=DATA))
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    assert "fail_fast=1: expected True or False" in stdout(result)


def test_own_rungs(repo: pytest.Pytester) -> None:
    rungs, test, _ = run(repo, f"{BREAKS}, sigma=[0.001, 0.5]", "--xraynoise-fail-fast")
    assert rungs == 2
    assert test["settings"]["not_run"] == [1]
    assert "severity 1 not run (fail-fast)" in json.dumps(test)
