"""``decide`` and ``inconclusive`` as words, options and arguments, and how a test then ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import read_tests, stdout

DOUBTFUL = """
from pytest_xraynoise import robust

@robust(noise="gaussian", sigma=[0.045], model="texture", max_brier_increase=LIMIT{words})
def test_it(): ...
"""


@pytest.fixture
def limit(repo: pytest.Pytester) -> float:
    """The increase of the Brier score that the texture model has, so that it is in doubt."""
    repo.makepyfile(
        test_probe="""
        def test_probe(xraynoise, texture, xray_dataset):
            r = xraynoise.evaluate(texture, xray_dataset, noise="gaussian", sigma=[0.045])
            at = r.metric("brier").rungs[1]
            print("PROBE", at.low, at.drop, at.high)
        """
    )
    result = repo.runpytest_inprocess("-s", "-p", "no:cacheprovider", "test_probe.py")
    line = next(line for line in result.outlines if "PROBE" in line)
    low, drop, high = (float(word) for word in line.split("PROBE")[1].split()[:3])
    assert 0 < low < drop < high
    return round((low + drop) / 2, 3)  # beyond by the number, in doubt by the interval


@pytest.mark.parametrize(
    ("words", "options", "outcome"),
    [
        ("", [], "failed"),
        (', decide="confident-fail"', [], "passed"),
        (', decide="confident-pass"', [], "failed"),
        ("", ["--xraynoise-decide=confident-fail"], "passed"),
        ("", ["--xraynoise-decide=confident-fail", "--xraynoise-inconclusive=fail"], "failed"),
        ("", ["--xraynoise-decide=confident-pass", "--xraynoise-inconclusive=skip"], "skipped"),
        (', decide="confident-pass", inconclusive="pass"', [], "passed"),
        # The marker comes before the command line.
        (', decide="confident-pass"', ["--xraynoise-decide=confident-fail"], "failed"),
        (', inconclusive="skip"', ["--xraynoise-decide=confident-fail"], "skipped"),
    ],
)
def test_words_and_options(
    repo: pytest.Pytester, limit: float, words: str, options: list[str], outcome: str
) -> None:
    repo.makepyfile(test_it=DOUBTFUL.replace("LIMIT", str(limit)).format(words=words))
    result = repo.runpytest_inprocess(
        "-rs", "--xraynoise-json=out.json", "-p", "no:cacheprovider", "test_it.py", *options
    )
    result.assert_outcomes(**{outcome: 1})
    (test,) = read_tests(Path("out.json")).values()
    confident = bool("confident" in words or options)
    assert test["verdict"] == ("inconclusive" if confident else "fail")
    if confident:
        assert ("INCONCLUSIVE" if outcome == "failed" else "inconclusive") in stdout(result)
        assert "samples would settle it" in test["headline"]
    if outcome == "skipped":
        assert "samples would settle it" in stdout(result)


def test_environment_and_ini(
    repo: pytest.Pytester, limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.makepyfile(test_it=DOUBTFUL.replace("LIMIT", str(limit)).format(words=""))
    repo.makeini("[pytest]\nxraynoise_decide = confident-pass\nxraynoise_inconclusive = pass\n")
    repo.runpytest_inprocess("test_it.py", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    monkeypatch.setenv("XRAYNOISE_INCONCLUSIVE", "fail")
    repo.runpytest_inprocess("test_it.py", "-p", "no:cacheprovider").assert_outcomes(failed=1)


def test_the_imperative_form_takes_them_too(repo: pytest.Pytester, limit: float) -> None:
    repo.makepyfile(
        test_it=f"""
        import pytest

        @pytest.mark.parametrize("how, status", [
            (dict(decide="confident-pass", inconclusive="pass"), "inconclusive"),
            (dict(), "inconclusive"),
            (dict(decide="confident-pass"), None),
            (dict(decide="confident-pass", inconclusive="skip"), None),
        ])
        def test_it(xraynoise, texture, xray_dataset, how, status):
            result = xraynoise.evaluate(texture, xray_dataset, noise="gaussian", sigma=[0.045])
            verdict = xraynoise.check(result, max_brier_increase={limit}, **how)
            assert verdict.status == status
        """
    )
    repo.runpytest_inprocess(
        "test_it.py", "--xraynoise-decide=confident-fail", "-p", "no:cacheprovider"
    ).assert_outcomes(passed=2, failed=1, skipped=1)


def test_a_test_of_its_own_that_fails_stays_a_failure(repo: pytest.Pytester, limit: float) -> None:
    repo.makepyfile(
        test_it=f"""
        from pytest_xraynoise import robust

        @robust(noise="gaussian", sigma=[0.045], model="texture", max_brier_increase={limit},
                decide="confident-fail")
        def test_it(robustness):
            assert robustness.metric("brier").drop(severity=1) < 0
        """
    )
    result = repo.runpytest_inprocess("test_it.py", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    assert "FAIL" in stdout(result)
    assert "INCONCLUSIVE" not in stdout(result)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('decide="confident"', "decide: unknown way to decide 'confident'"),
        ('inconclusive="ignore"', "inconclusive: unknown policy 'ignore'"),
        ("repeats=0", "repeats=0: expected a whole number from 1"),
        ("repeats=2.0", "repeats=2.0: expected a whole number from 1"),
        ("min_auroc=0.9, max_auroc=0.8", "min_auroc and max_auroc contradict each other"),
        (
            "min_auroc={1: 0.9}, max_auroc={1: 0.8, 2: 0.95}",
            "contradict each other at severity 1: no auroc is at least 0.9 and at most 0.8",
        ),
        ("min_auroc=float('nan')", "expected a finite number"),
    ],
)
def test_bad_words_are_errors_at_collection(repo: pytest.Pytester, words: str, says: str) -> None:
    limit = "" if "min_" in words else "max_auroc_drop=0.1, "
    repo.makepyfile(
        f"""
        from pytest_xraynoise import robust

        @robust(noise="poisson", {limit}{words})
        def test_it(): ...
        """
    )
    result = repo.runpytest_inprocess("--collect-only", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    assert says in stdout(result)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--xraynoise-decide=maybe", "--xraynoise-decide: decide: unknown way to decide 'maybe'"),
        ("--xraynoise-inconclusive=no", "--xraynoise-inconclusive: inconclusive: unknown policy"),
        ("--xraynoise-repeats=0", "--xraynoise-repeats: got '0'; expected a whole number from 1"),
    ],
)
def test_bad_options_end_the_run(repo: pytest.Pytester, option: str, says: str) -> None:
    result = repo.runpytest_inprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert says in stdout(result)
