"""min_dose, min_severity and breaking_point, as a user of pytest writes and sees them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml, Properties

from pytest_xraynoise.report.json import schema
from tests.plugin.conftest import read_tests, stdout

TESTS = """
from pytest_xraynoise import robust

# A texture of fine structure: it drowns in gaussian noise of about 8% of full scale.
OWN = dict(noise="gaussian", model="texture", max_auroc_drop=0.05)


@robust(**OWN, sigma=[0.02, 0.2, 0.4], min_severity=1)
def test_stands(robustness):
    point = robustness.breaking_point
    assert point.searched and 0.02 < point.held <= point.parameter <= point.broke < 0.2
    assert point.broke / point.held <= 1.05 * (1 + 1e-9)


@robust(**OWN, sigma=[0.02, 0.2, 0.4], min_severity=2)
def test_does_not_stand(): ...


@robust(**OWN, sigma=[0.02, 0.2, 0.4], severities=[1], breaking_point=0.01)
def test_searched(robustness):
    assert robustness.breaking_point.tolerance == 0.01


@robust(**OWN, sigma=[0.02, 0.2, 0.4])
def test_estimated(): ...


@robust(noise="lowdose", source_noise="none", model="texture", dose=[1, 1e-6], min_dose=1e-5,
        max_auroc_drop=0.05)
def test_low_dose(robustness):
    assert robustness.breaking_point.keyword == "dose"


def test_by_hand(xraynoise, texture, xray_dataset):
    point = xraynoise.breaking_point(
        texture, xray_dataset, noise="gaussian", max_auroc_drop=0.05, tolerance=0.1
    )
    assert "holds up to sigma" in point.reading
"""


@pytest.mark.parametrize("mode", [(), ("-n", "2")], ids=["serial", "two workers"])
def test_verdicts_and_every_report(repo: pytest.Pytester, mode: tuple[str, ...]) -> None:
    repo.makepyfile(test_breaking=TESTS)
    result = repo.runpytest_subprocess(
        *mode, "--xraynoise-json=out.json", "--junit-xml=out.xml", "--xraynoise-report=out.html"
    )
    result.assert_outcomes(passed=3, failed=3)
    text = stdout(result)
    assert "Breaking point: holds up to sigma 0.0" in text
    assert "max_auroc_drop=0.05 is broken at 1e-05 of the reference dose: auroc dropped by" in text
    assert "min_severity=2 is not kept: the limits hold up to severity 1" in text
    assert "min_dose=1e-05 is not kept: the limits hold down to 5." in text
    assert "  test_stands[gaussian]: holds up to sigma" in text
    assert "between rung 1 and rung 2 (max_auroc_drop=0.05)" in text
    assert "  test_estimated[gaussian]: " not in text

    tests = read_tests(repo.path / "out.json")
    jsonschema.validate(json.loads((repo.path / "out.json").read_text()), schema())
    points = {name: test["breaking_point"] for name, test in tests.items()}
    assert points["test_stands[gaussian]"]["searched"]
    assert not points["test_estimated[gaussian]"]["searched"]
    exact = points["test_searched[gaussian]"]["parameter"]
    for name in ("test_stands[gaussian]", "test_does_not_stand[gaussian]"):
        assert points[name]["parameter"] == pytest.approx(exact, rel=0.05)
        assert points[name]["keyword"] == "sigma"
    assert points["test_by_hand"]["parameter"] == pytest.approx(exact, rel=0.1)
    failed = tests["test_does_not_stand[gaussian]"]
    assert failed["limits"] == ["max_auroc_drop=0.05", "min_severity=2"]
    assert [c["limit"] for c in failed["checks"] if c["broken"]] == [
        "max_auroc_drop=0.05",
        "min_severity=2",
    ]
    dose = tests["test_low_dose[lowdose]"]
    assert dose["checks"][-1]["limit"] == "min_dose=1e-05"
    assert dose["checks"][-1]["observed"] > 1e-5

    suites = JUnitXml.fromfile(str(repo.path / "out.xml"))
    cases = {case.name: case for suite in suites for case in suite}
    for name, point in points.items():
        nodes: Any = cases[name].iterchildren(Properties)  # type: ignore[no-untyped-call]
        told = {p.name: p.value for node in nodes for p in node}
        if point["parameter"] is None:
            assert "xraynoise.breaking_point" not in told
        else:
            said = float(told["xraynoise.breaking_point"])
            assert said == pytest.approx(point["parameter"], rel=1e-5)

    page = (repo.path / "out.html").read_text()
    assert page.count("Breaking point: ") == len(points)
    assert points["test_stands[gaussian]"]["reading"] in page


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("noise='poisson', max_auroc_drop=0.05, min_dose=0.5", "min_dose=0.5 needs a noise whose"),
        ("noise='lowdose', min_dose=0.5", "which limit must hold down to 0.5 of the reference"),
        ("noise='poisson', min_severity=3", "which limit must hold up to severity 3?"),
        ("noise='poisson', max_auroc_drop=0.05, min_severity=9", "min_severity=9: expected one of"),
        ("noise='poisson', max_auroc_drop=0.05, min_severty=3", "min_severity"),
        ("noise='lowdose', max_auroc_drop=0.05, min_dose=25", "min_dose=25: expected a fraction"),
        ("noise='poisson', max_auroc_drop=0.05, breaking_point=7", "breaking_point=7: expected"),
        ("noise='poisson', max_auroc_drop={1: 0.05}, breaking_point=True", "one number for every"),
    ],
)
def test_bad_words_are_told_at_collection(repo: pytest.Pytester, words: str, says: str) -> None:
    repo.makepyfile(f"from pytest_xraynoise import robust\n@robust({words})\ndef test_it(): ...\n")
    result = repo.runpytest_inprocess("--collect-only")
    assert result.ret == 2
    assert says in stdout(result)


def test_a_noise_of_a_list_that_knows_no_dose_is_named(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise=["lowdose", "poisson"], max_auroc_drop=0.05, min_dose=0.5)
        def test_it(): ...
        """
    )
    result = repo.runpytest_inprocess("--collect-only")
    assert "the rungs of 'poisson' are photons: use min_severity=" in stdout(result)


def test_trouble_by_hand_is_told_without_a_traceback(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        def test_it(xraynoise, texture, xray_dataset):
            xraynoise.breaking_point(texture, xray_dataset, max_auroc_drop=0.05, tolerance=7)
        """
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "SpecError: tolerance=7: expected a fraction" in stdout(result)
    assert "Traceback" not in stdout(result)


def test_a_search_is_reported_like_any_failure(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        test_search="""
        def test_it(xraynoise, texture, xray_dataset):
            xraynoise.robust_search(
                texture, xray_dataset, kinds=["gaussian"], max_examples=10, max_auroc_drop=0.05
            )

        def test_holds(xraynoise, bright, xray_dataset):
            found = xraynoise.robust_search(
                bright, xray_dataset, kinds=["gaussian"], max_examples=10, max_auroc_drop=0.4
            )
            assert found.evaluations == 1
        """
    )
    result = repo.runpytest_inprocess("--xraynoise-json=out.json")
    result.assert_outcomes(failed=1, passed=1)
    text = stdout(result)
    assert "falsifying noise: gaussian with sigma=0.0" in text
    test = read_tests(repo.path / "out.json")["test_it"]
    assert test["verdict"] == "fail"
    assert test["limits"] == ["max_auroc_drop=0.05"]
