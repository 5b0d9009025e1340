"""The plugin does not disturb what is not its own."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import stdout


def test_names_that_bear_no_look(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        class Proxy:
            def __getattr__(self, name):
                raise RuntimeError("working outside of request context")

        request = Proxy()

        def test_it(): ...
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_marked_module_may_hold_anything(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from functools import partial
        from math import sqrt
        from typing import Optional

        from pytest_xraynoise import robust

        pytestmark = robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
        test_partial_is_no_function = 3

        def helper():
            '''
            >>> 1 + 1
            2
            '''

        def test_it(): ...
        """
    )
    repo.runpytest_inprocess("--doctest-modules").assert_outcomes(passed=2)


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--setup-plan"])
def test_listing_leaves_the_last_report_alone(mixed: pytest.Pytester, option: str) -> None:
    words = ("-k", "test_holds", "--xraynoise-report=out.html", "--xraynoise-json=out.json")
    mixed.runpytest_inprocess(*words)
    before = [(mixed.path / name).read_bytes() for name in ("out.html", "out.json")]
    mixed.runpytest_inprocess(*words, option)
    assert [(mixed.path / name).read_bytes() for name in ("out.html", "out.json")] == before


@pytest.mark.parametrize("taken", ["test_mixed.py", "test_mixed.py::test_holds", "notes.txt"])
def test_the_report_does_not_replace_other_files(mixed: pytest.Pytester, taken: str) -> None:
    mixed.path.joinpath("notes.txt").write_text("mine")
    before = mixed.path.joinpath("test_mixed.py").read_bytes()
    result = mixed.runpytest_inprocess("--xraynoise-report", taken)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "write --xraynoise-report=PATH" in stdout(result)
    assert mixed.path.joinpath("test_mixed.py").read_bytes() == before
    assert mixed.path.joinpath("notes.txt").read_text() == "mine"


def test_a_report_may_replace_a_report(mixed: pytest.Pytester) -> None:
    for _ in range(2):
        result = mixed.runpytest_inprocess("-k", "test_holds", "--xraynoise-report=out.html")
        result.assert_outcomes(passed=1, deselected=6)
