"""The summary on the terminal: a table at any width, every rung with -v, one line with -q."""

from __future__ import annotations

import re

import pytest

from pytest_xraynoise.report.curve import BLOCKS
from tests.plugin.conftest import assert_in_order, stdout

COLOUR = "\x1b["


def table(result: pytest.RunResult) -> list[str]:
    """The lines from the head of the table to the last test."""
    start = next(i for i, line in enumerate(result.outlines) if line.startswith("verdict "))
    return result.outlines[start : start + 7]


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_the_table_fits_the_terminal(
    mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = table(mixed.runpytest_inprocess("--color=no"))
    assert max(map(len, lines)) <= columns
    for line in lines:
        assert COLOUR not in line
    words = "\n".join(lines)
    for name in ("test_holds", "test_breaks", "test_expected", "test_masks", "test_error"):
        assert name in words
    curves = re.findall(f"[{BLOCKS}]{{3,6}}", words)
    assert len(curves) == 5, "one for each test that measured something"
    assert ("interval" in lines[0]) == (columns >= 120 + 20)


def test_colours_only_where_they_are_wanted(mixed: pytest.Pytester) -> None:
    args = ("-k", "test_breaks or test_holds")
    plain = stdout(mixed.runpytest_inprocess("--color=no", *args))
    assert COLOUR not in plain
    coloured = mixed.runpytest_inprocess("--color=yes", *args)
    rows = [line for line in coloured.outlines if "FAIL   " in line]
    assert rows
    assert all(line.startswith(f"{COLOUR}31m") for line in rows)


def test_verbose_lists_every_rung_above_the_table(mixed: pytest.Pytester) -> None:
    result = mixed.runpytest_inprocess("-v", "-k", "test_holds or test_error")
    text = stdout(result).split("X-ray noise robustness")[1]
    assert_in_order(
        text,
        [
            "test_mixed.py::test_holds[poisson]",
            "severity  noise: poisson",
            *(f"{n} photons at white" for n in (60, 25, 12, 5, 3)),
            "verdict  test",
        ],
    )
    assert text.count("  ok\n") == 5, "what became of the limit is not cut off"
    normal = stdout(mixed.runpytest_inprocess("-k", "test_holds"))
    assert "photons at white" not in normal


@pytest.mark.parametrize("option", ["-q", "-qq"])
def test_quiet_keeps_one_line(mixed: pytest.Pytester, option: str) -> None:
    result = mixed.runpytest_inprocess(option, "--tb=no")
    lines = [line for line in result.outlines if line.startswith("xraynoise: ")]
    assert len(lines) == 1
    assert lines[0].startswith("xraynoise: 2 of 6 tests failed, 1 error, 1 expected failure; worst")
    text = stdout(result)
    assert "X-ray noise robustness" not in text
    assert "verdict " not in text
    passed = mixed.runpytest_inprocess(option, "-k", "test_holds")
    assert "xraynoise: 1 test passed" in passed.outlines


@pytest.mark.parametrize("option", ["-q", "-v", "-s", "--no-summary"])
def test_nothing_where_no_robust_test_ran(mixed: pytest.Pytester, option: str) -> None:
    text = stdout(mixed.runpytest_inprocess(option, "-k", "test_unmarked"))
    assert "xraynoise:" not in text
    assert "X-ray noise robustness" not in text


def test_a_terminal_without_blocks(mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("COLUMNS", "200")
    result = mixed.runpytest_subprocess("-k", "test_holds")
    text = stdout(result)
    assert "curve" not in text
    assert "\\u2588" not in text
    assert "test_mixed.py::test_holds[poisson]" in text


def test_an_assertion_of_ones_own_explains_itself(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="gaussian", model="masks", dataset="masked", min_dice=0.1)
        def test_lungs(robustness):
            assert robustness.metric("dice").drop(severity=5) < 0.01
        """
    )
    result = repo.runpytest_inprocess("-q")
    result.assert_outcomes(failed=1)
    lines = [line for line in result.outlines if line.startswith("E ")]
    assert re.fullmatch(r"E +AssertionError: assert 0\.3\d+ < 0\.01", lines[0])
    assert re.fullmatch(r"E +\+  where 0\.3\d+ = .*drop.*\(severity=5\)", lines[1])
    text = "\n".join(lines)
    assert re.search(r"<dice by severity: 0: 1\.000, 1: 0\.\d{3}, .*5: 0\.\d{3}>", text)
    assert re.search(r"<gaussian at severities 0, 1, 2, 3, 4, 5: Masks on tuple, 12 samples>", text)
    assert max(map(len, lines)) < 200
    assert any(
        line.startswith("xraynoise: 1 of 1 test failed; worst test_lungs[gaussian]: assert 0.3")
        for line in result.outlines
    )
