"""``--xraynoise-save``: what is written, by whom, and what is left alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.plugin.baseline_repo import FIXTURES, TWO, baseline, contents, path_of, run, store
from tests.plugin.conftest import stdout

THREE = (
    FIXTURES
    + """
@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
def test_good(): ...

@robust(noise="poisson", severities=[1], min_auroc=0.999)
def test_broken(): ...

@robust(noise="poisson", severities=[1], model="lost", max_auroc_drop=0.9)
def test_error(): ...

@pytest.fixture
def lost():
    raise ValueError("weights are gone")
"""
)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    monkeypatch.delenv("SKILL", raising=False)


def test_one_reviewable_file_and_a_side_file(repo: pytest.Pytester) -> None:
    store(repo)
    result = run(repo, "--xraynoise-save=main")
    result.assert_outcomes(passed=2)
    assert "main.json (saved 2 tests)" in stdout(result)
    assert set(contents(repo)) == {"main.json", "main.scores.npz"}
    text = path_of(repo, "main").read_text(encoding="utf-8")
    assert json.loads(text)["baseline_version"] == 1
    entry = baseline(repo, "main")["test_it.py::test_two[poisson]"]
    assert (entry["noise"], entry["ladder"], entry["seed"]) == ("poisson", "imagenet-c", 0)
    assert [rung["severity"] for rung in entry["rungs"]] == [0, 1, 3]
    assert entry["rungs"][2]["parameters"] == {"photons": 12.0}
    macro = entry["rungs"][1]["metrics"]["auroc"]["macro"]
    assert 0.5 < macro["low"] < macro["value"] < macro["high"] <= 1.2
    assert entry["data"]["samples"] == 40
    assert entry["noise_spec"] == 2
    assert entry["library"]
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120, "a line is a number with its interval"
    for word in ("started", "duration", "device", str(repo.path)):
        assert word not in text
    keys = [line.strip().split('"')[1] for line in lines if line.startswith('   "')]
    assert keys[: len(entry)] == sorted(keys[: len(entry)])


def test_the_side_file_holds_scores_and_nothing_pickled(repo: pytest.Pytester) -> None:
    store(repo)
    run(repo, "--xraynoise-save")
    with np.load(path_of(repo).with_suffix(".scores.npz"), allow_pickle=False) as found:
        kinds = {key.rpartition("/")[2]: found[key].dtype for key in found.files}
        rows = {len(found[key]) for key in found.files}
    assert kinds["0"] == kinds["3"] == np.float32
    assert kinds["ids"].kind == "U"
    assert rows == {40}
    assert len([key for key in kinds if key == "ids"]) == 1, "two tests share their data"


def test_the_same_run_gives_the_same_bytes_serial_and_on_two_workers(
    repo: pytest.Pytester,
) -> None:
    store(repo)
    run(repo, "--xraynoise-save")
    once = contents(repo)
    run(repo, "--xraynoise-save")
    assert contents(repo) == once
    repo.runpytest_inprocess("--xraynoise-save", "-n", "2").assert_outcomes(passed=2)
    assert contents(repo) == once, "a worker wrote, or the order of tests shows"


def test_a_subset_is_merged_and_the_rest_stays(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(repo)
    run(repo, "--xraynoise-save")
    before = baseline(repo)
    monkeypatch.setenv("SKILL", "0.9")
    result = run(repo, "--xraynoise-save", "-k", "gaussian")
    assert "saved 1 test; 1 of other tests kept" in stdout(result)
    after = baseline(repo)
    poisson, gaussian = (f"test_it.py::test_two[{kind}]" for kind in ("poisson", "gaussian"))
    assert after[poisson] == before[poisson]
    assert after[gaussian] != before[gaussian]
    monkeypatch.delenv("SKILL")
    compared = run(repo, "--xraynoise-compare", "--xraynoise-json=out.json", "-k", "poisson")
    compared.assert_outcomes(passed=1, deselected=1)
    (test,) = json.loads((repo.path / "out.json").read_text())["tests"]
    assert not test["comparison"]["notes"], "the scores of the test that stayed are still there"


def test_tests_that_did_not_pass_are_not_saved_and_it_is_said(repo: pytest.Pytester) -> None:
    store(repo, THREE)
    result = run(repo, "--xraynoise-save")
    result.assert_outcomes(passed=1, failed=1, errors=1)
    assert list(baseline(repo)) == ["test_it.py::test_good[poisson]"]
    assert "not saved: test_it.py::test_broken[poisson] (failed)" in stdout(result)
    assert "not saved: test_it.py::test_error[poisson] (error)" in stdout(result)


def test_the_old_entry_of_a_test_that_fails_now_stays(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(repo, TWO.replace("max_auroc_drop=0.9", "max_auroc_drop=0.2"))
    run(repo, "--xraynoise-save").assert_outcomes(passed=2)
    before = contents(repo)
    monkeypatch.setenv("SKILL", "0")
    result = run(repo, "--xraynoise-save")
    result.assert_outcomes(failed=2)
    assert "(failed, its old entry stays)" in stdout(result)
    assert "no test passed" in stdout(result)
    assert contents(repo) == before


def test_a_test_whose_teardown_fails_is_not_saved(repo: pytest.Pytester) -> None:
    text = TWO.replace(
        "def test_two(): ...",
        """def test_two(falls): ...

@pytest.fixture
def falls():
    yield
    raise RuntimeError("disk full")""",
    )
    store(repo, text)
    result = run(repo, "--xraynoise-save")
    assert "(its teardown failed)" in stdout(result)
    assert not path_of(repo).exists()


def test_an_interrupted_run_saves_what_passed(repo: pytest.Pytester) -> None:
    store(repo, TWO + "\ndef test_stop():\n    raise KeyboardInterrupt\n")
    store(
        repo,
        FIXTURES
        + '\n@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)\ndef test_late(): ...\n',
        "test_later",
    )
    result = repo.runpytest_inprocess(
        "test_it.py", "test_later.py", "--xraynoise-save", no_reraise_ctrlc=True
    )
    assert set(baseline(repo)) == {f"test_it.py::test_two[{k}]" for k in ("poisson", "gaussian")}
    assert "not saved: test_later.py::test_late[poisson] (not run)" in stdout(result)


def test_tests_that_are_gone_are_told_and_kept(repo: pytest.Pytester) -> None:
    store(repo)
    run(repo, "--xraynoise-save")
    store(repo, TWO.replace("test_two", "test_renamed"))
    result = run(repo, "--xraynoise-save")
    assert "still holds 2 tests that this run did not have" in stdout(result)
    assert "test_it.py::test_two[gaussian], test_it.py::test_two[poisson]" in stdout(result)
    assert len(baseline(repo)) == 4
    picked = run(repo, "--xraynoise-save", "-k", "renamed and gaussian")
    assert "did not have" not in stdout(picked), "a part of the tests says nothing about the rest"


def test_listing_tests_writes_nothing(repo: pytest.Pytester) -> None:
    store(repo)
    run(repo, "--xraynoise-save", "--collect-only")
    assert not path_of(repo).exists()


@pytest.mark.parametrize("how", ["environment", "ini", "addopts"])
def test_in_ci_only_the_option_itself_saves(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    store(repo, TWO.replace('["poisson", "gaussian"]', '"poisson"'))
    if how == "environment":
        monkeypatch.setenv("XRAYNOISE_SAVE", "main")
    elif how == "ini":
        repo.makeini("[pytest]\nxraynoise_save = main\n")
    else:
        repo.makeini("[pytest]\naddopts = --xraynoise-save=main\n")
    monkeypatch.setenv("CI", "true")
    result = run(repo)
    assert "in CI only the option --xraynoise-save on the command line saves" in stdout(result)
    assert not path_of(repo, "main").exists()
    run(repo, "--xraynoise-save=main")
    assert path_of(repo, "main").exists()
    path_of(repo, "main").unlink()
    monkeypatch.delenv("CI")
    run(repo)
    assert path_of(repo, "main").exists(), "on a desk a setting does"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a/b", "a folder is --xraynoise-storage=DIR"),
        ("../up", "is no name of a baseline"),
        ("test_it.py", "pytest TESTS --xraynoise-save"),
        ("main.json", "write it without the ending: main"),
        (".hidden", "starting with a letter or digit"),
    ],
)
def test_a_name_is_no_path(repo: pytest.Pytester, name: str, says: str) -> None:
    store(repo)
    result = run(repo, f"--xraynoise-save={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert says in stdout(result)


def test_a_damaged_baseline_is_not_overwritten(repo: pytest.Pytester) -> None:
    store(repo)
    path_of(repo).parent.mkdir()
    path_of(repo).write_text("<<<<<<< HEAD\n")
    result = run(repo, "--xraynoise-save")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is damaged: no valid JSON" in stdout(result)
    assert path_of(repo).read_text() == "<<<<<<< HEAD\n"


def test_what_is_checked_by_hand_is_saved_and_counted(repo: pytest.Pytester) -> None:
    text = """
def test_hand(xraynoise, xray_model, xray_dataset):
    for noise in ("poisson", "gaussian"):
        result = xraynoise.evaluate(xray_model, xray_dataset, noise=noise, severities=[1])
        xraynoise.check(result, max_auroc_drop=0.9)
"""
    store(repo, FIXTURES + text)
    run(repo, "--xraynoise-save").assert_outcomes(passed=1)
    noises = {nodeid: entry["noise"] for nodeid, entry in baseline(repo).items()}
    assert noises == {
        "test_it.py::test_hand": "poisson",
        "test_it.py::test_hand #2": "gaussian",
    }
