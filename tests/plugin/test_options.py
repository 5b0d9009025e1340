"""``--xraynoise-json``, ``-device``, ``-batch-size``, ``-seed``, ``-samples``, ``-noises``."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import read_tests, stdout

HOLDS = ("-k", "test_holds", "--xraynoise-json=out.json")


def settings(repo: pytest.Pytester, *options: str) -> dict[str, object]:
    repo.runpytest_inprocess(*HOLDS, *options).assert_outcomes(passed=1, deselected=7 - 1)
    return read_tests(repo.path / "out.json")["test_holds[poisson]"]["settings"]  # type: ignore[no-any-return]


def test_precedence(mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(mixed)["seed"] == 0
    mixed.makeini("[pytest]\nxraynoise_seed = 1")
    assert settings(mixed)["seed"] == 1
    monkeypatch.setenv("XRAYNOISE_SEED", "2")
    assert settings(mixed)["seed"] == 2
    assert settings(mixed, "--xraynoise-seed=3")["seed"] == 3


def test_the_marker_wins(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], seed=5, samples=10, max_auroc_drop=0.5)
        def test_it(robustness):
            assert robustness.settings["seed"] == 5
            assert len(robustness.ids) == 10
        """
    )
    repo.runpytest_inprocess("--xraynoise-seed=3", "--xraynoise-samples=20").assert_outcomes(
        passed=1
    )


def test_seed_changes_the_noise(mixed: pytest.Pytester) -> None:
    scores = []
    for seed in ("1", "1", "2"):
        mixed.runpytest_inprocess(*HOLDS, f"--xraynoise-seed={seed}")
        scores.append(read_tests(mixed.path / "out.json")["test_holds[poisson]"]["scores"])
    assert scores[0] == scores[1]
    assert scores[0]["0"] == scores[2]["0"]
    assert scores[0]["3"] != scores[2]["3"]


def test_device_and_batch_size(mixed: pytest.Pytester) -> None:
    said = settings(mixed, "--xraynoise-device=cpu", "--xraynoise-batch-size=7")
    assert said["device"] == "cpu"
    assert said["batch_size"] == 7
    assert settings(mixed, "--xraynoise-batch-size=auto")["batch_size"] == 16


def test_samples_are_the_same_every_time(mixed: pytest.Pytester) -> None:
    chosen = []
    for _ in range(2):
        assert settings(mixed, "--xraynoise-samples=10")["samples"] == 10
        test = read_tests(mixed.path / "out.json")["test_holds[poisson]"]
        assert sum(test["targets"]) == 5, "not stratified"
        chosen.append(test["ids"])
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--xraynoise-device=gpu", "unknown device 'gpu'"),
        ("--xraynoise-device=cuda:x", "cuda:N"),
        ("--xraynoise-batch-size=0", "whole number from 1"),
        ("--xraynoise-batch-size=many", "auto or a whole number"),
        ("--xraynoise-seed=-1", "whole number from 0"),
        ("--xraynoise-samples=1", "whole number from 2"),
        ("--xraynoise-json=.", "directory"),
    ],
)
def test_bad_settings_are_told_before_the_run(
    mixed: pytest.Pytester, option: str, expected: str
) -> None:
    result = mixed.runpytest_inprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = stdout(result)
    assert expected in text
    assert "Traceback" not in text


def test_bad_settings_name_where_they_were_said(
    mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAYNOISE_SEED", "lucky")
    assert "XRAYNOISE_SEED: got 'lucky'" in stdout(mixed.runpytest_inprocess())


def test_a_device_that_is_not_there_is_an_error(mixed: pytest.Pytester) -> None:
    result = mixed.runpytest_inprocess("-k", "test_holds", "--xraynoise-device=cuda:99")
    result.assert_outcomes(errors=1, deselected=6)
    result.stdout.fnmatch_lines(["*device 'cuda:99' is not there*"])


def test_noises_are_listed_with_ladders_and_units(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--xraynoise-noises")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "poisson",
            "*photons: photons at white",
            "*ladder imagenet-c (default)",
            "*1  photons=60",
            "*5  photons=3",
            "*ladder medmnist-c-chest",
            "gaussian",
            "*sigma: of full scale",
        ]
    )
    assert "collected" not in stdout(result)


def test_options_are_explained(pytester: pytest.Pytester) -> None:
    text = stdout(pytester.runpytest_inprocess("--help"))
    for option in ("report", "json", "device", "batch-size", "seed", "samples", "noises"):
        assert f"--xraynoise-{option}" in text
    assert "xraynoise_batch_size" in text
