"""Panels of a user's own, through the hook ``pytest_xraynoise_report_panels``."""

from __future__ import annotations

import json

import pytest

from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.json import read_json
from tests.plugin.conftest import CONFTEST, read_tests, stdout

HOOK = """

from pytest_xraynoise import Panel

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><script>alert(1)</script></svg>'


def pytest_xraynoise_report_panels(record):
    if record.result is None:
        return None
    auroc = record.result.clean["auroc"]
    return [
        Panel("Own numbers", text="first\\n\\nsecond", table=[["what", "value"], ["auroc", auroc]]),
        Panel("Own drawing", svg=SVG, alt="a square"),
    ]
"""

TESTS = """
from pytest_xraynoise import robust

@robust(noise=["poisson", "gaussian"], severities=[1], max_auroc_drop=0.5)
def test_it(): ...

@robust(noise="poisson", model="broken", max_auroc_drop=0.5)
def test_error(): ...

import pytest

@pytest.fixture
def broken():
    raise ValueError("weights are gone")
"""


def test_panels_reach_json_and_page(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + HOOK)
    repo.makepyfile(test_own=TESTS)
    args = ("--xraynoise-json=out.json", "--xraynoise-report=out.html", "-W", "error")
    result = repo.runpytest_inprocess(*args)
    result.assert_outcomes(passed=2, errors=1)
    tests = read_tests(repo.path / "out.json")
    for noise in ("poisson", "gaussian"):
        test = tests[f"test_it[{noise}]"]
        numbers, drawing = test["panels"]
        clean = test["rungs"][0]["metrics"]["auroc"]["value"]
        assert numbers["table"] == [["what", "value"], ["auroc", clean]]
        assert drawing["alt"] == "a square"
    assert tests["test_error[poisson]"]["panels"] == []
    page = (repo.path / "out.html").read_text("utf-8")
    assert page.count("<h3><bdi>Own numbers</bdi></h3>") == 2
    assert page.count('alt="a square"') == 2
    assert "alert(1)" not in page
    # drawn again from the file alone
    assert render(read_json(repo.path / "out.json")).count("<bdi>Own drawing</bdi>") == 2


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_hook_that_raises_is_named_and_loses_nothing_else(
    repo: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    repo.makeconftest(CONFTEST + HOOK)
    repo.makepyfile(
        brittle="""
        def pytest_xraynoise_report_panels(record):
            raise LookupError("no such <case>")
        """,
        test_own=TESTS,
    )
    repo.syspathinsert()
    args = ("-p", "brittle", "--xraynoise-json=out.json", "--xraynoise-report=out.html")
    run = repo.runpytest_subprocess if workers else repo.runpytest_inprocess
    result = run(*args, "-W", "error", *workers)
    result.assert_outcomes(passed=2, errors=1)
    text = stdout(result)
    assert "INTERNALERROR" not in text
    said = [line for line in text.splitlines() if "LookupError" in line]
    assert said == [
        "xraynoise: pytest_xraynoise_report_panels of brittle raised LookupError: no such <case>; "
        "its panels are left out of 3 tests"
    ]
    titles = [p["title"] for p in read_tests(repo.path / "out.json")["test_it[poisson]"]["panels"]]
    assert sorted(titles) == ["Own drawing", "Own numbers", "Panel of brittle"]
    page = (repo.path / "out.html").read_text("utf-8")
    assert "LookupError: no such &lt;case&gt;" in page
    assert page.count("<bdi>Own numbers</bdi>") == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("'text'", "TypeError: expected a list of pytest_xraynoise.Panel, got 'text'"),
        ("[1]", "TypeError: expected pytest_xraynoise.Panel in the list, got 1"),
        ("Panel('')", "SpecError: Panel(title=...): expected a heading, got an empty text"),
        ("pytest.fail('no')", "Failed: no"),
    ],
)
def test_a_wrong_answer_is_told(repo: pytest.Pytester, answer: str, said: str) -> None:
    hook = f"""

from pytest_xraynoise import Panel

def pytest_xraynoise_report_panels(record):
    return {answer}
"""
    repo.makeconftest(CONFTEST + hook)
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    result = repo.runpytest_inprocess("--xraynoise-report=out.html")
    result.assert_outcomes(passed=1)
    assert (
        f"xraynoise: pytest_xraynoise_report_panels of conftest.py raised {said}; its panels are "
        "left out of 1 test" in stdout(result)
    )
    assert (repo.path / "out.html").is_file()


def test_a_hook_of_a_folder_sees_its_own_tests_only(repo: pytest.Pytester) -> None:
    for folder in ("a", "b"):
        path = repo.mkdir(folder)
        (path / f"test_{folder}.py").write_text(
            "from pytest_xraynoise import robust\n\n"
            "@robust(noise='poisson', severities=[1], max_auroc_drop=0.5)\n"
            "def test_it(): ...\n"
        )
    (repo.path / "a" / "conftest.py").write_text(
        "from pytest_xraynoise import Panel\n\n"
        "def pytest_xraynoise_report_panels(record):\n"
        "    return Panel('Of a', text='here')\n"
    )
    repo.runpytest_inprocess("--xraynoise-json=out.json").assert_outcomes(passed=2)
    tests = json.loads((repo.path / "out.json").read_text("utf-8"))["tests"]
    titles = {t["nodeid"]: [p["title"] for p in t["panels"]] for t in tests}
    assert titles == {
        "a/test_a.py::test_it[poisson]": ["Of a"],
        "b/test_b.py::test_it[poisson]": [],
    }


def test_without_a_report_nobody_is_asked(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + "\n\ndef pytest_xraynoise_report_panels(record):\n    1 / 0\n")
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    assert "ZeroDivisionError" not in stdout(result)
