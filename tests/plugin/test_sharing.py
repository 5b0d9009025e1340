"""Tests of one session that need the same ladder run it once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.conftest import read_tests, stdout

COUNTED = """
import pytest
import torch
from pytest_xraynoise import robust
from tests.plugin.conftest import CONFTEST

space = {{}}
exec(CONFTEST, space)


class Counting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(()))

    def forward(self, images):
        with open("calls.txt", "a") as file:
            file.write("x")
        return self.gain * 40 * (images.mean((1, 2, 3)) - 0.46)


@pytest.fixture(scope="{scope}")
def xray_model():
    return Counting()


@pytest.fixture(scope="session")
def xray_dataset():
    return space["make_data"]()

{tests}
"""

BATCHES = 3  # 40 images in batches of 16


def calls(
    repo: pytest.Pytester, tests: str, *options: str, scope: str = "session", **outcomes: int
) -> tuple[float, dict[str, Any]]:
    """Batches that the model was given, in units of one rung, and the tests of the report."""
    repo.makepyfile(COUNTED.format(scope=scope, tests=tests))
    result = repo.runpytest_inprocess("--xraynoise-json=out.json", *options)
    result.assert_outcomes(**(outcomes or {"passed": 2}))
    return len((repo.path / "calls.txt").read_text()) / BATCHES, read_tests(repo.path / "out.json")


TWO = """
@robust(noise="poisson", max_auroc_drop=0.9)
def test_a(): ...

@robust(noise="poisson", max_accuracy_drop=0.9, min_auroc=0.1)
def test_b(): ...
"""


def test_two_tests_with_other_limits_are_one_pass(repo: pytest.Pytester) -> None:
    rungs, tests = calls(repo, TWO)
    assert rungs == 6
    a, b = tests["test_a[poisson]"], tests["test_b[poisson]"]
    assert a["rungs"][0]["metrics"]["auroc"] == b["rungs"][0]["metrics"]["auroc"]
    assert (a["scores"], a["ids"]) == (b["scores"], b["ids"])


def test_a_model_of_function_scope_is_not_shared(repo: pytest.Pytester) -> None:
    assert calls(repo, TWO, scope="function")[0] == 12


def test_missing_rungs_and_another_kind(repo: pytest.Pytester) -> None:
    tests = """
@robust(noise="gaussian", severities=[1, 3], max_auroc_drop=0.9)
def test_a(): ...

@robust(noise="gaussian", max_auroc_drop=0.9)
def test_b(): ...

@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
def test_c(): ...

def test_d(xraynoise, xray_model, xray_dataset):
    result = xraynoise.evaluate(xray_model, xray_dataset, noise="poisson", severities=[1, 2])
    xraynoise.check(result, max_auroc_drop=0.9)
"""
    assert calls(repo, tests, passed=4)[0] == 3 + 3 + 1 + 1


def test_training_between_tests_is_seen(repo: pytest.Pytester) -> None:
    tests = """
@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
def test_a(xray_model):
    optimizer = torch.optim.SGD(xray_model.parameters(), 0.1)
    xray_model.gain.sum().backward()
    optimizer.step()

@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
def test_b(): ...
"""
    assert calls(repo, tests)[0] == 4


def test_workers_share_within_themselves(repo: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    _, serial = calls(repo, TWO)
    (repo.path / "calls.txt").unlink()
    rungs, spread = calls(repo, TWO, "-n2")
    assert rungs in (6, 12)
    assert [t["rungs"] for t in serial.values()] == [t["rungs"] for t in spread.values()]


@pytest.mark.parametrize(("scope", "expected"), [("session", 6), ("function", 12)])
def test_a_rerun_measures_again_only_what_changed(
    repo: pytest.Pytester, scope: str, expected: int
) -> None:
    pytest.importorskip("pytest_rerunfailures")
    tests = """
@pytest.mark.flaky(reruns=1)
@robust(noise="poisson", max_auroc_drop=0.9)
def test_a():
    assert False
"""
    repo.makepyfile(COUNTED.format(scope=scope, tests=tests))
    result = repo.runpytest_inprocess()
    assert "1 rerun" in stdout(result)
    assert len((repo.path / "calls.txt").read_text()) / BATCHES == expected
