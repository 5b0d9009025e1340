"""``--xraynoise-compare-fail``: a regression fails the test that regressed, in every mode."""

from __future__ import annotations

import pytest
from junitparser import Failure, JUnitXml, TestCase

from pytest_xraynoise.metrics import registry
from tests.plugin.baseline_repo import FIXTURES, TWO, properties, run, store
from tests.plugin.conftest import assert_in_order, stdout

BAD = "0.1"
RULES = ("--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("CI", "BUILD_NUMBER", "SKILL"):
        monkeypatch.delenv(word, raising=False)


@pytest.fixture
def worse(repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A baseline of a better model than the one that is there now, which still keeps its limits."""
    store(repo)
    run(repo, "--xraynoise-save").assert_outcomes(passed=2)
    monkeypatch.setenv("SKILL", BAD)
    return repo


def test_the_failure_is_a_table(worse: pytest.Pytester) -> None:
    result = run(worse, *RULES, "-k", "poisson")
    result.assert_outcomes(failed=1, deselected=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = stdout(result)
    assert_in_order(
        text,
        [
            "test_it.py F",
            "auroc lost 0.",
            "against the baseline 'baseline'; auroc:0.01 allows 0.01",
            "Against the baseline 'baseline', difference is now - baseline:",
            "metric",
            "baseline",
            "now",
            "difference",
            "interval",
            "allowed",
            "AUROC",
            "REGRESSED",
            "baseline auroc:0.01 at 3",
            "1 compared, 1 regressed",
        ],
    )
    assert "Traceback" not in text


@pytest.mark.parametrize("mode", [(), ("brier:0.9", "-n", "2"), ("--reruns", "1")])
def test_every_mode_fails_the_same_tests(worse: pytest.Pytester, mode: tuple[str, ...]) -> None:
    result = run(worse, *RULES, *mode, "--junitxml=out.xml")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 2
    assert outcomes.get("rerun", 0) == (2 if "--reruns" in mode else 0)
    cases = [c for suite in JUnitXml.fromfile(str(worse.path / "out.xml")) for c in suite]
    cases = [case for case in cases if case.result]  # those that are run again have none
    assert len(cases) == 2
    for case in cases:
        assert isinstance(case, TestCase)
        (failure,) = case.result
        assert isinstance(failure, Failure)
        assert "REGRESSED" in (failure.text or "")
        found = properties(case)
        assert found["xraynoise.baseline"] == "baseline"
        assert float(found["xraynoise.difference"]) < -0.01
        assert found["xraynoise.rule"] == "auroc:0.01"
    assert "2 compared, 2 regressed" in stdout(result)


@pytest.mark.parametrize(
    "words",
    [
        ("--xraynoise-compare-fail=auroc:0.9", "auroc@3:1%"),
        ("--xraynoise-compare-fail", "auroc:0.9", "auroc@3:1%"),
        ("--xraynoise-compare-fail=auroc:0.9", "--xraynoise-compare-fail=auroc@3:1%"),
        ("--xraynoise-compare-fail=auroc:0.9 auroc@3:1%",),
        ("test_it.py", "--xraynoise-compare-fail=auroc:0.9", "auroc@3:1%", "-v"),
    ],
)
def test_several_rules_may_be_written_in_every_way(
    worse: pytest.Pytester, words: tuple[str, ...]
) -> None:
    result = run(worse, "--xraynoise-compare", "-k", "poisson", *words)
    result.assert_outcomes(failed=1, deselected=1)
    assert "at severity 3" in stdout(result)
    assert "auroc@3:1% allows" in stdout(result)


def test_rules_from_the_ini_wait_for_a_comparison(worse: pytest.Pytester) -> None:
    worse.makeini("[pytest]\nxraynoise_compare_fail = auroc:0.01 dice:2.5%\n")
    run(worse).assert_outcomes(passed=2)
    result = run(worse, "--xraynoise-compare")
    result.assert_outcomes(failed=2)
    assert "the rule dice:2.5% was about no test of this run" in stdout(result)


def test_a_marker_has_rules_of_its_own(worse: pytest.Pytester) -> None:
    store(worse, TWO.replace("max_auroc_drop", "compare_fail='auroc:0.9', max_auroc_drop"))
    run(worse, *RULES).assert_outcomes(passed=2)


def test_an_expected_failure_may_be_a_regression(worse: pytest.Pytester) -> None:
    store(worse, TWO.replace("@robust(", "@pytest.mark.xfail(strict=True)\n@robust("))
    run(worse, *RULES).assert_outcomes(xfailed=2)


def test_the_mode_decides_rules_too(worse: pytest.Pytester) -> None:
    rules = ("--xraynoise-compare", "--xraynoise-compare-fail=auroc@3:0.12", "-k", "poisson")
    run(worse, *rules).assert_outcomes(failed=1, deselected=1)
    certain = run(worse, *rules, "--xraynoise-decide=confident-fail")
    certain.assert_outcomes(passed=1, deselected=1)
    strict = ("--xraynoise-compare", "--xraynoise-compare-fail=auroc@3:0.3", "-k", "poisson")
    run(worse, *strict).assert_outcomes(passed=1, deselected=1)
    sure = run(worse, *strict, "--xraynoise-decide=confident-pass")
    sure.assert_outcomes(failed=1, deselected=1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--xraynoise-compare-fail=auroc:x",),
            ["expected a number from 0", "  auroc:x", "        ^"],
        ),
        (
            ("--xraynoise-compare-fail=auroc:0.1", "dyce:2.5%"),
            [
                "unknown metric 'dyce'; did you mean 'dice'?",
                "  auroc:0.1 dyce:2.5%",
                "            ^",
            ],
        ),
        (("--xraynoise-compare-fail=auroc:5",), ["did you mean auroc:5%?"]),
    ],
)
def test_a_rule_that_does_not_parse_is_pointed_at(
    worse: pytest.Pytester, words: tuple[str, ...], says: list[str]
) -> None:
    result = run(worse, "--xraynoise-compare", *words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert_in_order(stdout(result), ["--xraynoise-compare-fail: ", *says])


def test_rules_without_a_comparison_are_refused(worse: pytest.Pytester) -> None:
    result = run(worse, "--xraynoise-compare-fail=auroc:0.01")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "add --xraynoise-compare" in stdout(result)


def test_a_rule_about_a_metric_of_the_users_own(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(registry._METRICS)
    monkeypatch.setattr(registry, "_METRICS", dict(known))
    text = repo.path.joinpath("conftest.py").read_text()
    repo.makeconftest(
        text
        + """

def pytest_xraynoise_metrics(config):
    from pytest_xraynoise.metrics import Metric
    return [Metric(name="mine", title="Mine", compute=lambda t, s: float(((s > 0.5) == t).mean()))]
"""
    )
    store(
        repo,
        FIXTURES + '\n@robust(noise="poisson", severities=[1], min_mine=0)\ndef test_a(): ...\n',
    )
    run(repo, "--xraynoise-save").assert_outcomes(passed=1)
    monkeypatch.setattr(registry, "_METRICS", dict(known))  # a run of its own
    result = run(repo, "--xraynoise-compare", "--xraynoise-compare-fail=mine:0.01")
    result.assert_outcomes(passed=1)
