"""``--xraynoise-samples`` with patients: whole ones, and the number that they come to."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import read_tests, stdout

PATIENTS = """
import pytest
from pytest_xraynoise import XrayDataset, robust

@pytest.fixture(scope="session")
def patients(xray_dataset):
    return XrayDataset(xray_dataset, groups=[f"patient {n // 4}" for n in range(40)])

@robust(noise="poisson", severities=[1], dataset="patients", max_auroc_drop=0.9)
def test_it(): ...
"""


def test_patients_stay_whole_and_the_real_number_is_told(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_it=PATIENTS)
    options = ("--xraynoise-samples=10", "--xraynoise-json=out.json", "--xraynoise-report=out.html")
    repo.runpytest_inprocess(*options).assert_outcomes(passed=1)
    test = read_tests(repo.path / "out.json")["test_it[poisson]"]
    assert len(test["ids"]) == len(test["groups"]) == 8, "two patients are as near as three"
    assert [f"patient {int(ident) // 4}" for ident in test["ids"]] == test["groups"]
    assert (test["settings"]["subset"], test["settings"]["samples"]) == (10, 8)
    assert test["settings"]["groups"] == 2
    assert test["rungs"][1]["metrics"]["auroc"]["method"] == "bootstrap by group"
    html = repo.path.joinpath("out.html").read_text(encoding="utf-8")
    assert "<dt>samples</dt><dd><bdi>8</bdi>" in html
    assert "<dt>subset</dt><dd><bdi>10</bdi>" in html


def test_all_is_no_subset(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_it=PATIENTS)
    repo.makeini("[pytest]\nxraynoise_samples = 10")
    repo.runpytest_inprocess("--xraynoise-samples=all", "--xraynoise-json=out.json")
    assert len(read_tests(repo.path / "out.json")["test_it[poisson]"]["ids"]) == 40


def test_groups_that_do_not_fit_are_an_error(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_it=PATIENTS.replace("range(40)", "range(39)"))
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    assert "has 39 groups, but the data have 40 samples" in stdout(result)
