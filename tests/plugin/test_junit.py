"""``--junit-xml``: valid, with properties of the suite and of each test case, in every mode."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from junitparser import JUnitXml, Properties

from tests.plugin.conftest import stdout
from tests.plugin.junit_rules import assert_valid

SUITE = {
    "version", "noise_spec", "tests", "summary", "model", "dataset", "device", "seed", "started",
    "python", "platform", "torch",
}  # fmt: skip
MODES: dict[str, list[str]] = {
    "serial": [],
    "xunit1": ["-o", "junit_family=xunit1"],  # pytest's old form, which no schema knows
}


def check_junit_suite(path: Path, tests: str = "2 of 6 tests failed, 1 error, 1 expected") -> None:
    """It is valid, suite properties are there once, and a consumer opens the file."""
    assert_valid(ET.parse(path).getroot())
    suites = list(JUnitXml.fromfile(str(path)))
    (suite,) = suites
    opened: Any = suite
    pairs = [(p.name, p.value) for p in opened.child(Properties)]
    found = dict(pairs)
    assert len(found) == len(pairs), "a property twice"
    assert {f"xraynoise.{name}" for name in SUITE} <= set(found)
    assert found["xraynoise.summary"].startswith(tests)
    assert found["xraynoise.tests"] == "6"
    assert found["xraynoise.model"] == "Texture, Bright, Masks"
    assert found["xraynoise.device"] == "cpu"


@pytest.mark.parametrize("options", MODES.values(), ids=MODES.keys())
def test_it_is_valid_and_opens(mixed: pytest.Pytester, options: list[str]) -> None:
    result = mixed.runpytest_inprocess("--junit-xml=out.xml", "-W", "error", *options)
    assert "Warning" not in stdout(result)
    root = ET.parse(mixed.path / "out.xml").getroot()
    if not options:
        check_junit_suite(mixed.path / "out.xml")
    cases = root.findall(".//testcase")
    assert len(cases) == 7
    named = {case.get("name"): case for case in cases}
    verdicts = {
        name: case.find("properties/property[@name='xraynoise.verdict']")
        for name, case in named.items()
    }
    assert {name: v.get("value") for name, v in verdicts.items() if v is not None} == {
        "test_holds[poisson]": "pass",
        "test_breaks[poisson]": "fail",
        "test_breaks[gaussian]": "fail",
        "test_expected[gaussian]": "fail",
        "test_masks[gaussian]": "pass",
        "test_error[poisson]": "error",
    }


def test_the_rules_find_what_is_wrong() -> None:
    good = '<testsuite name="a" tests="1" failures="0" errors="0"><testcase name="b"/></testsuite>'
    assert_valid(ET.fromstring(f"<testsuites>{good}</testsuites>"))
    for bad in (
        good.replace(' tests="1"', ""),
        good.replace("<testcase ", '<testcase file="x.py" '),
        good.replace('errors="0"', 'errors="0" time="now"'),
        good.replace("<testcase", "text<testcase"),
        good.replace("testcase", "test"),
    ):
        with pytest.raises((AssertionError, KeyError)):
            assert_valid(ET.fromstring(f"<testsuites>{bad}</testsuites>"))


def test_nothing_is_said_where_no_robust_test_ran(mixed: pytest.Pytester) -> None:
    mixed.runpytest_inprocess("--junit-xml=out.xml", "-k", "test_unmarked")
    assert "xraynoise" not in (mixed.path / "out.xml").read_text("utf-8")


def test_properties_of_a_suite_are_kept(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(record_testsuite_property):
            record_testsuite_property("team", "chest")
        """
    )
    repo.runpytest_inprocess("--junit-xml=out.xml")
    suite: Any = next(iter(JUnitXml.fromfile(str(repo.path / "out.xml"))))
    found: dict[str, str] = {p.name: p.value for p in suite.child(Properties)}
    assert found["team"] == "chest"
    assert found["xraynoise.summary"] == "1 test passed"


NAME = "test_<b>'\"🫁 صدر & co.py"
BODY = r"""
import pytest
from pytest_xraynoise import robust

LONG = "x" * 10_000
NASTY = "<script>alert(1)</script> \"'` \x00\x1b[31m 🫁 \u202eصدر ]]> %0A::error:: | *a*\n" + LONG


@pytest.mark.parametrize("text", [NASTY, "=1+1", LONG], ids=[NASTY[:60], "=1+1", LONG])
@robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
def test_id(text): ...


@robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
def test_assertion(robustness):
    assert False, NASTY


@robust(noise="poisson", model="broken", severities=[1], max_auroc_drop=0.5)
def test_error(): ...


@robust(noise="gaussian", severities=[3], model="both", dataset="labelled", max_auroc_drop=0.05)
def test_label(): ...


@pytest.fixture
def broken():
    def model(images):
        raise ValueError(NASTY)
    return model


@pytest.fixture
def both():
    def model(images):
        fine = ((images[..., 1:] - images[..., :-1]) ** 2).mean((2, 3))
        return 1000 * (fine.repeat(1, 2) - 0.0008)
    return model


@pytest.fixture
def labelled(xray_dataset):
    from pytest_xraynoise import XrayDataset
    images, target = xray_dataset
    return XrayDataset((images, target[:, None].repeat(1, 2)), labels=[NASTY, "=2+2"])
"""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="serial"),
        pytest.param(["-n", "2"], id="two workers", marks=pytest.mark.slow),
    ],
)
def test_hostile_text_goes_through_every_writer(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(repo.path / "summary.md"))
    (repo.path / NAME).write_text(BODY, "utf-8")
    run = repo.runpytest_subprocess if options else repo.runpytest_inprocess
    result = run(
        NAME,
        *("--xraynoise-json=out.json", "--xraynoise-csv=out.csv", "--xraynoise-report=out.html"),
        *("--junit-xml=out.xml", "-o", "console_output_style=classic", *options),
    )
    text = stdout(result)
    assert "INTERNALERROR" not in text
    assert "not written" not in text
    counts = result.parseoutcomes()
    assert (counts.get("passed"), counts.get("failed"), counts.get("errors")) == (3, 2, 1)
    root = ET.parse(repo.path / "out.xml").getroot()
    assert_valid(root)
    assert len(root.findall(".//testcase")) == 6
    assert len(list(next(iter(JUnitXml.fromfile(str(repo.path / "out.xml")))))) == 6
    tests = json.loads((repo.path / "out.json").read_text("utf-8"))["tests"]
    assert len(tests) == 6
    assert "<script>" in json.dumps([test["labels"] for test in tests if test.get("labels")])
    assert pd.read_csv(repo.path / "out.csv").nodeid.nunique() == 6
    page = (repo.path / "out.html").read_text("utf-8")
    assert "<script>alert(1)" not in page
    assert "x" * 10_000 in page
    commands = [line for line in result.outlines if re.match("::(error|warning|notice) ", line)]
    assert len(commands) == 3
    assert all("test_<b>'\"🫁 صدر & co.py,line=" in command for command in commands)
    summary = (repo.path / "summary.md").read_text("utf-8")
    assert "<script" not in summary
    assert summary.count("\n| FAIL |") == 2
