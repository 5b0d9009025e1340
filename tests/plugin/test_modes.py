"""The same outcomes and the same reports in serial, under xdist, without it, with reruns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from junitparser import JUnitXml, Properties

from tests.plugin.conftest import OUTCOMES, read_tests, stdout
from tests.plugin.test_junit import check_junit_suite
from tests.plugin.test_option_csv import check_csv

MODES = {
    "serial": [],
    "two workers": ["-n", "2"],
    "without xdist": ["-p", "no:xdist"],
    "reruns": ["--reruns", "1"],
    "warnings are errors": ["-W", "error"],
    "two workers, reruns, warnings": ["-n", "2", "--reruns", "1", "-W", "error"],
}


@pytest.mark.parametrize("options", MODES.values(), ids=MODES.keys())
def test_outcomes_and_reports(mixed: pytest.Pytester, options: list[str]) -> None:
    result = mixed.runpytest_subprocess(
        "-v",
        "--xraynoise-json=out.json",
        "--xraynoise-report=out.html",
        "--xraynoise-csv=out.csv",
        "--junit-xml=out.xml",
        *options,
    )
    expected = dict(OUTCOMES)
    if "--reruns" in options:
        result.stdout.fnmatch_lines(["*3 rerun*"])
    counts = result.parseoutcomes()
    assert {k: counts.get(k, 0) for k in expected} == expected
    text = stdout(result)
    assert "INTERNALERROR" not in text
    assert "Warning" not in text
    assert text.count("X-ray noise robustness") == 1
    _check_json(mixed.path / "out.json")
    _check_junit(mixed.path / "out.xml")
    check_junit_suite(mixed.path / "out.xml")
    check_csv(mixed.path)
    html = (mixed.path / "out.html").read_text(encoding="utf-8")
    for name in ("test_holds", "test_breaks", "test_expected", "test_masks", "test_error"):
        assert name in html


def _check_json(path: Path) -> None:
    tests = read_tests(path)
    assert {name: (test["verdict"], test["outcome"]) for name, test in tests.items()} == {
        "test_holds[poisson]": ("pass", "passed"),
        "test_breaks[poisson]": ("fail", "failed"),
        "test_breaks[gaussian]": ("fail", "failed"),
        "test_expected[gaussian]": ("fail", "xfailed"),
        "test_masks[gaussian]": ("pass", "passed"),
        "test_error[poisson]": ("error", "error"),
    }
    holds = tests["test_holds[poisson]"]
    assert [rung["severity"] for rung in holds["rungs"]] == [0, 1, 2, 3, 4, 5]
    assert len(holds["ids"]) == len(holds["targets"]) == 40
    assert len(holds["scores"]["3"]) == 40


def _check_junit(path: Path) -> None:
    cases = {case.name: case for suite in JUnitXml.fromfile(str(path)) for case in suite}
    breaks = _properties(cases["test_breaks[poisson]"])
    assert set(breaks) == {
        f"xraynoise.{name}"
        for name in (
            [
                "noise",
                "metric",
                "clean",
                "worst",
                "drop",
                "severity",
                "limit",
                "low",
                "high",
                "verdict",
                "device",
                "seed",
                "breaking_point",
            ]
        )
    }
    assert breaks["xraynoise.noise"] == "poisson"
    assert breaks["xraynoise.metric"] == "auroc"
    assert breaks["xraynoise.verdict"] == "fail"
    assert breaks["xraynoise.limit"] == "max_auroc_drop=0.05"
    assert float(breaks["xraynoise.drop"]) > 0.05
    assert float(breaks["xraynoise.clean"]) - float(breaks["xraynoise.worst"]) == pytest.approx(
        float(breaks["xraynoise.drop"])
    )
    assert _properties(cases["test_holds[poisson]"])["xraynoise.verdict"] == "pass"
    assert _properties(cases["test_error[poisson]"])["xraynoise.verdict"] == "error"
    assert _properties(cases["test_unmarked"]) == {}
    assert "max_auroc_drop=0.05" in str(cases["test_breaks[poisson]"].result[0].message)


def _properties(case: Any) -> dict[str, str]:
    found = case.child(Properties)
    pairs = [] if found is None else [(p.name, p.value) for p in found]
    assert len(dict(pairs)) == len(pairs), "a property twice"
    return {name: value for name, value in pairs if name.startswith("xraynoise.")}


@pytest.mark.parametrize(
    "dist", [["-n", "2"], pytest.param(["-n", "2", "--dist=loadgroup"], marks=pytest.mark.slow)]
)
def test_workers_measure_what_one_process_measures(mixed: pytest.Pytester, dist: list[str]) -> None:
    documents = []
    for options in ([], dist):
        mixed.runpytest_subprocess("--xraynoise-json=out.json", *options)
        document = json.loads((mixed.path / "out.json").read_text(encoding="utf-8"))
        documents.append({t["nodeid"]: t for t in document["tests"]})
    serial, parallel = documents
    assert list(serial) == list(parallel)
    for nodeid, test in serial.items():
        other = parallel[nodeid]
        assert test["verdict"] == other["verdict"]
        assert test.get("ids") == other.get("ids")
        for severity, scores in (test.get("scores") or {}).items():
            np.testing.assert_allclose(scores, other["scores"][severity], rtol=0, atol=1e-6)


def test_the_last_attempt_counts(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        attempts = []

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_flaky(robustness):
            attempts.append(1)
            assert len(attempts) == 2
        """
    )
    result = repo.runpytest_inprocess("--reruns", "1", "--xraynoise-json=out.json")
    assert result.parseoutcomes() == {"passed": 1, "rerun": 1}
    tests = read_tests(repo.path / "out.json")
    assert tests["test_flaky[poisson]"]["outcome"] == "passed"
