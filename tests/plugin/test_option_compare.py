"""``--xraynoise-compare``: what is compared, what is refused, and where it shows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
from junitparser import JUnitXml, TestCase

from pytest_xraynoise.report.json import schema
from tests.plugin.baseline_repo import FIXTURES, TWO, path_of, properties, run, store
from tests.plugin.conftest import read_tests, stdout

ONE = TWO.replace('["poisson", "gaussian"]', '"poisson"')


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("CI", "BUILD_NUMBER", "SKILL"):
        monkeypatch.delenv(word, raising=False)


@pytest.fixture
def saved(repo: pytest.Pytester) -> pytest.Pytester:
    """A repository with a baseline of its one test."""
    store(repo, ONE)
    run(repo, "--xraynoise-save").assert_outcomes(passed=1)
    return repo


def test_the_same_model_shows_no_difference(saved: pytest.Pytester) -> None:
    result = run(saved, "--xraynoise-compare", "--xraynoise-json=out.json")
    result.assert_outcomes(passed=1)
    assert "baseline 'baseline': 1 compared" in stdout(result)
    assert "by more than the interval" not in stdout(result)
    found = read_tests(saved.path / "out.json")["test_two[poisson]"]["comparison"]
    assert found["status"] == "told"
    assert max(abs(each["difference"]) for each in found["differences"]) < 1e-8
    assert {each["method"] for each in found["differences"] if each["metric"] == "auroc"} == {
        "delong"
    }
    assert found["notes"] == []


def test_without_rules_a_loss_is_told_and_fails_nothing(
    saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL", "0.1")
    result = run(saved, "--xraynoise-compare")
    result.assert_outcomes(passed=1)
    worse = "worse than 'baseline' by more than the interval: test_it.py::test_two[poisson]"
    assert worse in stdout(result)


def test_a_gain_is_told_with_how_to_keep_it(
    saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL", "1.0")
    result = run(saved, "--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01")
    result.assert_outcomes(passed=1)
    assert re.search(
        r"better than 'baseline' by more than .*--xraynoise-save=baseline", stdout(result)
    )


def test_it_shows_in_json_junit_and_html(
    saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL", "0.1")
    options = ("--xraynoise-json=o.json", "--junitxml=o.xml", "--xraynoise-report=o.html")
    run(saved, "--xraynoise-compare", "--xraynoise-compare-fail=auroc@3:1%", *options)
    document = json.loads((saved.path / "o.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(document)
    (test,) = document["tests"]
    assert (test["outcome"], test["verdict"]) == ("failed", "fail")
    (each,) = [d for d in test["comparison"]["differences"] if d["regressed"]]
    assert (each["metric"], each["severity"], each["rule"]) == ("auroc", 3, "auroc@3:1%")
    (case,) = [c for suite in JUnitXml.fromfile(str(saved.path / "o.xml")) for c in suite]
    assert isinstance(case, TestCase)
    found = properties(case)
    assert found["xraynoise.baseline"] == "baseline"
    assert float(found["xraynoise.difference"]) == pytest.approx(each["difference"], abs=1e-5)
    assert found["xraynoise.verdict"] == "fail"
    page = (saved.path / "o.html").read_text(encoding="utf-8")
    assert "Against the baseline <bdi>baseline</bdi>" in page
    assert f"{each['difference']:.3f}" in page
    assert "Since the baseline <bdi>baseline</bdi>" in page
    assert "<p>1 regressed" in page


@pytest.mark.parametrize(
    ("options", "text", "says"),
    [
        (("--xraynoise-seed=4",), ONE, "other seed (0 then, 4 now)"),
        (("--xraynoise-samples=20",), ONE, "other data (40 samples then, 20 now)"),
        ((), ONE.replace("[1, 3]", "[1, 2]"), "other rungs"),
        (
            (),
            ONE.replace(
                "def xray_model",
                "def xray_dataset():\n"
                "    import torch\n"
                "    return torch.rand(40, 1, 24, 24), torch.arange(40) // 2 % 2\n\n"
                '@pytest.fixture(scope="session")\ndef xray_model',
            ),
            "other data",
        ),
    ],
)
def test_another_measurement_is_an_error_that_names_it(
    saved: pytest.Pytester, options: tuple[str, ...], text: str, says: str
) -> None:
    store(saved, text)
    result = run(saved, "--xraynoise-compare", *options)
    result.assert_outcomes(errors=1)
    assert "cannot be compared with the baseline 'baseline'" in stdout(result)
    assert says in stdout(result)


def test_a_missing_or_damaged_side_file_is_noted_and_summaries_are_compared(
    saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = path_of(saved).with_suffix(".scores.npz")
    good = side.read_bytes()
    monkeypatch.setenv("SKILL", "0.1")
    options = ("--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01")
    for content, says in (
        (None, "the side file with per-sample scores is missing"),
        (b"PK nonsense", "the side file with per-sample scores is damaged"),
        (good[: len(good) // 2], "the side file with per-sample scores is damaged"),
    ):
        side.unlink(missing_ok=True)
        if content is not None:
            side.write_bytes(content)
        result = run(saved, *options)
        result.assert_outcomes(failed=1)
        assert f"Note: {says}" in stdout(result)
        assert "as if the two runs were independent" in stdout(result)


def test_scores_of_another_run_are_not_used(
    saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(saved.path / ".xraynoise", saved.path / "old")
    monkeypatch.setenv("SKILL", "0.1")
    run(saved, "--xraynoise-save")
    name = "baseline.scores.npz"
    shutil.copy(saved.path / ".xraynoise" / name, saved.path / "old" / name)
    options = ("--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01")
    result = run(saved, *options, "--xraynoise-storage=old")
    result.assert_outcomes(failed=1)
    assert "the side file has other scores, or none, for this test" in stdout(result)


def test_a_hand_edited_baseline_is_refused_before_the_run(saved: pytest.Pytester) -> None:
    path = path_of(saved)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"value": 0\.\d+', '"value": 0.5', text, count=1), encoding="utf-8")
    result = run(saved, "--xraynoise-compare")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "the entry of test_it.py::test_two[poisson] was changed after it" in stdout(result)
    assert "digest" in stdout(result)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no valid JSON"),
        ('{"schema_version": 1}', "is no baseline of xraynoise"),
        ('{"kind": "xraynoise baseline", "baseline_version": 9}', "pip install --upgrade"),
        ('{"kind": "xraynoise baseline", "baseline_version": 1}', "tests are missing"),
        (
            '{"kind": "xraynoise baseline", "baseline_version": 1, "tests": {"a": 1}}',
            "the entry of a is damaged",
        ),
    ],
)
def test_a_damaged_baseline_is_refused_before_the_run(
    saved: pytest.Pytester, text: str, says: str
) -> None:
    path_of(saved).write_text(text, encoding="utf-8")
    result = run(saved, "--xraynoise-compare")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert says in stdout(result)


ONLY = (
    FIXTURES
    + """
@robust(noise="poisson", severities=[1, 3]{words})
def test_only(): ...
"""
)


def only(words: str = "") -> str:
    return ONLY.replace("{words}", words)


def test_a_test_may_compare_only(repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    store(repo, only(", compare='gate', compare_fail=['auroc:0.02', 'balanced_accuracy:50%']"))
    run(repo, "--xraynoise-save=gate").assert_outcomes(passed=1)
    run(repo).assert_outcomes(passed=1)
    monkeypatch.setenv("SKILL", "0.1")
    result = run(repo)
    result.assert_outcomes(failed=1)
    assert "against the baseline 'gate'; auroc:0.02 allows 0.02" in stdout(result)


def test_without_a_rule_it_is_held_to_its_main_metric(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(repo, only())
    run(repo, "--xraynoise-save").assert_outcomes(passed=1)
    run(repo, "--xraynoise-compare").assert_outcomes(passed=1)
    monkeypatch.setenv("SKILL", "0.1")
    result = run(repo, "--xraynoise-compare")
    result.assert_outcomes(failed=1)
    assert "no loss beyond the interval is broken" in stdout(result)
    alone = run(repo)
    alone.assert_outcomes(errors=1)
    assert "no limit is given, so nothing could ever fail" in stdout(alone)


def test_a_test_may_stay_out(saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    store(saved, ONE.replace("max_auroc_drop", "compare=False, max_auroc_drop"))
    monkeypatch.setenv("SKILL", "0.1")
    result = run(saved, "--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01")
    result.assert_outcomes(passed=1)
    assert "compared" not in stdout(result)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (", compare=3", "compare=3: expected the name of a baseline, True"),
        (", compare='a/b'", "is no name of a baseline"),
        (", compare=True, compare_fail=0.1", "compare_fail=0.1: expected a rule such as"),
        (", compare=True, compare_fail='aurok:1'", "did you mean 'auroc'?"),
        (", compares=True", "did you mean 'compare'?"),
    ],
)
def test_a_bad_word_is_an_error_at_collection(repo: pytest.Pytester, words: str, says: str) -> None:
    store(repo, only(words))
    result = run(repo, "--collect-only")
    result.assert_outcomes(errors=1)
    assert says in stdout(result)


def test_what_is_checked_by_hand_is_compared(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
def test_hand(xraynoise, xray_model, xray_dataset):
    for noise in ("poisson", "gaussian"):
        result = xraynoise.evaluate(xray_model, xray_dataset, noise=noise, severities=[3])
        xraynoise.check(result, max_auroc_drop=0.9)
"""
    store(repo, FIXTURES + text)
    run(repo, "--xraynoise-save").assert_outcomes(passed=1)
    options = ("--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01", "--xraynoise-json=o")
    run(repo, *options).assert_outcomes(passed=1)
    assert {t["comparison"]["status"] for t in read_tests(repo.path / "o").values()} == {"pass"}
    monkeypatch.setenv("SKILL", "0.1")
    result = run(repo, *options)
    result.assert_outcomes(failed=1)
    assert "auroc:0.01 allows 0.01" in stdout(result)


def test_limits_and_a_regression_are_both_told(
    saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(saved, ONE.replace("max_auroc_drop=0.9", "max_auroc_drop=0.15"))
    monkeypatch.setenv("SKILL", "0.0")
    result = run(saved, "--xraynoise-compare", "--xraynoise-compare-fail=auroc:0.01")
    result.assert_outcomes(failed=1)
    assert "max_auroc_drop=0.15 allows 0.15" in stdout(result)
    assert "auroc:0.01 allows 0.01" in stdout(result)


def test_nothing_is_written(saved: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {p: p.stat().st_mtime_ns for p in Path(saved.path).rglob("*") if "cache" not in str(p)}
    monkeypatch.setenv("SKILL", "0.9")
    run(saved, "--xraynoise-compare")
    storage = {p: t for p, t in before.items() if ".xraynoise" in p.parts}
    assert storage
    assert all(p.stat().st_mtime_ns == t for p, t in storage.items())
