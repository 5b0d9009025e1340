"""``--xraynoise-missing-baseline``: what a test does that its baseline lacks."""

from __future__ import annotations

import pytest

from tests.plugin.baseline_repo import TWO, path_of, run, store
from tests.plugin.conftest import read_tests, stdout


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("CI", "BUILD_NUMBER", "SKILL"):
        monkeypatch.delenv(word, raising=False)


@pytest.fixture
def half(repo: pytest.Pytester) -> pytest.Pytester:
    """A baseline of one of two tests."""
    store(repo)
    run(repo, "--xraynoise-save", "-k", "poisson").assert_outcomes(passed=1, deselected=1)
    return repo


@pytest.mark.parametrize(
    ("policy", "outcomes", "mode"),
    [
        (None, {"passed": 1, "failed": 1}, ()),
        ("fail", {"passed": 1, "failed": 1}, ("-n", "2")),
        ("warn", {"passed": 2, "warnings": 1}, ("-W", "default")),
        ("skip", {"passed": 1, "skipped": 1}, ()),
    ],
)
def test_each_policy(
    half: pytest.Pytester, policy: str | None, outcomes: dict[str, int], mode: tuple[str, ...]
) -> None:
    words = () if policy is None else (f"--xraynoise-missing-baseline={policy}",)
    result = run(half, "--xraynoise-compare", "--xraynoise-json=o.json", "-rs", *words, *mode)
    found = {k: n for k, n in result.parseoutcomes().items() if k in {*outcomes, "failed"}}
    assert found == outcomes
    text = stdout(result)
    assert "lacks test_it.py::test_two[gaussian]" in text.replace("\n", " ")
    assert "1 compared, 1 missing in it" in text
    tests = read_tests(half.path / "o.json")
    assert tests["test_two[gaussian]"]["comparison"]["status"] == "missing"
    assert tests["test_two[poisson]"]["comparison"]["status"] == "told"


def test_the_way_out_and_the_nearest_are_named(half: pytest.Pytester) -> None:
    store(half, TWO.replace("test_two", "test_too"))
    result = run(half, "--xraynoise-compare", "-k", "poisson")
    result.assert_outcomes(failed=1, deselected=1)
    text = stdout(result)
    assert "its nearest is test_it.py::test_two[poisson], if the test was renamed" in text
    assert "Save it with --xraynoise-save=baseline" in text
    result = run(half, "--xraynoise-compare=basline")
    assert "there is no such file; did you mean 'baseline'?" in stdout(result)


def test_a_broken_limit_fails_whatever_the_policy(half: pytest.Pytester) -> None:
    store(half, TWO.replace("max_auroc_drop=0.9", "min_auroc=1"))
    result = run(half, "--xraynoise-compare", "--xraynoise-missing-baseline=skip")
    result.assert_outcomes(failed=2)


def test_a_verdict_that_skips_hides_no_missing_baseline(half: pytest.Pytester) -> None:
    marker = '@robust(noise=["poisson", "gaussian"], severities=[1, 3], max_auroc_drop=0.9)'
    noisy = TWO.replace(marker, '@robust(noise="gaussian", sigma=[3.0], {})')
    store(half, noisy.replace("{}", "max_auroc_drop=0.9"))
    run(half, "--xraynoise-json=o.json").assert_outcomes(passed=1)
    (test,) = read_tests(half.path / "o.json").values()
    auroc = test["rungs"][1]["metrics"]["auroc"]["value"]
    doubtful = f'min_auroc={auroc!r}, decide="confident-pass", inconclusive="skip"'
    store(half, noisy.replace("{}", doubtful))
    run(half).assert_outcomes(skipped=1)
    result = run(half, "--xraynoise-compare=nothing", "--xraynoise-missing-baseline=fail")
    result.assert_outcomes(failed=1)
    assert "Save it with --xraynoise-save=nothing" in stdout(result)


def test_the_first_run_that_saves_it_misses_nothing(repo: pytest.Pytester) -> None:
    store(repo)
    both = ("--xraynoise-save", "--xraynoise-compare")
    run(repo, *both).assert_outcomes(passed=2)
    assert path_of(repo).exists()
    run(repo, *both).assert_outcomes(passed=2)


def test_the_policy_may_stand_in_the_ini(half: pytest.Pytester) -> None:
    half.makeini("[pytest]\nxraynoise_missing_baseline = skip\n")
    run(half, "--xraynoise-compare").assert_outcomes(passed=1, skipped=1)


def test_an_unknown_policy_is_refused(half: pytest.Pytester) -> None:
    result = run(half, "--xraynoise-compare", "--xraynoise-missing-baseline=skp")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'skip'?" in stdout(result)


BY_HAND = """
import pytest
from pytest_xraynoise.judge import RobustnessFailure

def test_hand(xraynoise, xray_model, xray_dataset):
    result = xraynoise.evaluate(xray_model, xray_dataset, noise="speckle", severities=[1])
    xraynoise.check(result, max_auroc_drop=0.9)

def test_expected(xraynoise, xray_model, xray_dataset):
    result = xraynoise.evaluate(xray_model, xray_dataset, noise="gaussian", severities=[5])
    with pytest.raises(RobustnessFailure):
        xraynoise.check(result, min_auroc=0.9999)
"""


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        (("--xraynoise-missing-baseline=skip",), {"skipped": 2, "passed": 1}),
        (("--xraynoise-missing-baseline=fail",), {"failed": 2, "passed": 1}),
        (("--xraynoise-missing-baseline=warn", "-W", "default"), {"passed": 3, "warnings": 2}),
        (("--xraynoise-save",), {"passed": 3}),
    ],
)
def test_checks_by_hand(
    half: pytest.Pytester, options: tuple[str, ...], outcomes: dict[str, int]
) -> None:
    store(half, TWO.replace('["poisson", "gaussian"]', '["poisson"]') + BY_HAND)
    result = run(half, "--xraynoise-compare", "-rs", *options)
    result.assert_outcomes(**outcomes)
    told = {"skipped", "failed", "warnings"} & set(outcomes)
    assert ("Save it with --xraynoise-save=baseline" in stdout(result)) == bool(told)
