"""``--xraynoise-csv``: a row for each test, severity, metric and label."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pytest_xraynoise.report.csv import COLUMNS
from tests.plugin.conftest import read_tests, stdout


def test_option_environment_and_ini(
    mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("-k", "test_holds")
    mixed.makeini("[pytest]\nxraynoise_csv = ini.csv")
    mixed.runpytest_inprocess(*args)
    monkeypatch.setenv("XRAYNOISE_CSV", "deep/env.csv")
    mixed.runpytest_inprocess(*args)
    result = mixed.runpytest_inprocess(*args, "--xraynoise-csv=said.csv")
    result.stdout.fnmatch_lines(["xraynoise report: *said.csv"])
    for path in ("ini.csv", "deep/env.csv", "said.csv"):
        assert len(pd.read_csv(mixed.path / path)) > 0


def test_the_numbers_are_those_of_the_json(mixed: pytest.Pytester) -> None:
    mixed.runpytest_inprocess("--xraynoise-csv=out.csv", "--xraynoise-json=out.json")
    check_csv(mixed.path)


def check_csv(folder: Path) -> None:
    """``out.csv`` tells what ``out.json`` does."""
    tests = read_tests(folder / "out.json")
    frame = pd.read_csv(folder / "out.csv")
    assert list(frame.columns) == list(COLUMNS)
    assert set(frame.nodeid.str.partition("::")[2]) == set(tests)
    rows = 0
    for name, test in tests.items():
        mine = frame[frame.nodeid.str.endswith(f"::{name}")]
        assert set(mine.outcome) == {test["outcome"]}
        assert set(mine.verdict) == {test["verdict"]}
        rows += 0 if test["rungs"] else 1
        for rung in test["rungs"]:
            for metric, value in rung["metrics"].items():
                rows += 1 + len(value["labels"])
                at = mine[(mine.severity == rung["severity"]) & (mine.metric == metric)]
                macro = at[at.label.isna()].iloc[0]
                assert macro["value"] == value["value"]
                assert macro["drop"] == value["drop"]
                assert macro["n"] == len(test["ids"])
    assert len(frame) == rows
    broken = frame[frame.status == "fail"]
    assert set(broken.limit) == {"max_auroc_drop=0.05"}
    assert (broken["drop"] > 0.05).all()


def test_a_place_that_cannot_be_written_is_found_before_the_run(mixed: pytest.Pytester) -> None:
    result = mixed.runpytest_inprocess("--xraynoise-csv=.")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is a directory" in stdout(result)


def test_one_report_that_fails_does_not_take_the_others(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pathlib
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it():
            pathlib.Path("out.json").mkdir()
        """
    )
    result = repo.runpytest_inprocess(
        "--xraynoise-json=out.json", "--xraynoise-csv=out.csv", "--xraynoise-report=out.html"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*report not written: *out.json*"])
    assert len(pd.read_csv(repo.path / "out.csv")) > 0
    assert (repo.path / "out.html").is_file()
