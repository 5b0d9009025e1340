"""``--xraynoise-noise-at`` and the marker's ``noise_at``."""

from __future__ import annotations

from typing import Any

import pytest

# Imported before the first run in this process, after which pytester forgets what the run imported.
import pytest_xraynoise.engine.evaluation  # noqa: F401
from pytest_xraynoise.engine import LadderRequest, request
from pytest_xraynoise.plugin import readers, settings
from tests.plugin.conftest import read_tests, stdout

NATIVE = """
import pytest
import torch
from pytest_xraynoise import XrayDataset, robust


@pytest.fixture(scope="session")
def native():
    draw = torch.Generator().manual_seed(2)
    images = [torch.rand(1, 40 + 4 * (i % 3), 48, generator=draw) * 0.6 + 0.2 for i in range(24)]
    items = [(image + 0.1 * (i % 2), i % 2) for i, image in enumerate(images)]
    return XrayDataset(items, resize=(20, 24), pixel_pitch=0.5)


@robust(noise="poisson", dataset="native", severities=[1], max_auroc_drop=0.5)
def test_unsaid(): ...


@robust(noise="poisson", dataset="native", severities=[1], noise_at="native", max_auroc_drop=0.5)
def test_native(): ...


@robust(noise="poisson", dataset="native", severities=[1], noise_at="model", max_auroc_drop=0.5)
def test_model(): ...


@robust(noise="poisson", dataset="native", severities=[1], min_accuracy=0.99)
def test_broken(): ...
"""

BEFORE = "at 40 x 48 to 48 x 48, before the resize to 20 x 24"
AFTER = "at 20 x 24, after the resize from 40 x 48 to 48 x 48"
KEPT = ("-k", "not broken", "--xraynoise-json=out.json")


@pytest.fixture
def sized(repo: pytest.Pytester) -> pytest.Pytester:
    """The repository with tests on native images of three sizes."""
    repo.makepyfile(test_sized=NATIVE)
    return repo


def found(repo: pytest.Pytester, *options: str) -> dict[str, Any]:
    repo.runpytest_inprocess(*KEPT, *options).assert_outcomes(passed=3, deselected=1)
    tests = read_tests(repo.path / "out.json")
    return {name.partition("[")[0]: test["settings"] for name, test in tests.items()}


def test_precedence(sized: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(sized)["test_unsaid"]["noise_at"] == "model"
    sized.makeini("[pytest]\nxraynoise_noise_at = native")
    assert found(sized)["test_unsaid"]["noise_at"] == "native"
    monkeypatch.setenv("XRAYNOISE_NOISE_AT", "model")
    assert found(sized)["test_unsaid"]["noise_at"] == "model"
    said = found(sized, "--xraynoise-noise-at=native")
    assert said["test_unsaid"]["noise_applied"] == BEFORE
    assert said["test_native"]["noise_applied"] == BEFORE
    assert said["test_model"]["noise_applied"] == AFTER  # the marker wins
    assert said["test_model"]["resize"] == [20, 24]


def test_the_option_and_the_request_know_the_same_words() -> None:
    assert readers.NOISE_AT == request.NOISE_AT
    assert settings.BY_NAME["noise_at"].default == LadderRequest(noise="poisson").noise_at


def test_every_report_says_it(sized: pytest.Pytester) -> None:
    result = sized.runpytest_inprocess("-k", "broken or native", "--xraynoise-report=out.html")
    result.assert_outcomes(passed=1, failed=1, deselected=2)
    assert f"Noise was added {AFTER}" in stdout(result)
    page = (sized.path / "out.html").read_text(encoding="utf-8")
    assert BEFORE in page
    assert AFTER in page


@pytest.mark.slow
def test_two_workers_give_the_same(sized: pytest.Pytester) -> None:
    scores = []
    for run, options in ((sized.runpytest_inprocess, []), (sized.runpytest_subprocess, ["-n2"])):
        result = run(*KEPT, "--xraynoise-noise-at=native", *options)
        result.assert_outcomes(passed=3, deselected=0 if options else 1)
        tests = read_tests(sized.path / "out.json")
        assert tests["test_unsaid[poisson]"]["settings"]["noise_applied"] == BEFORE
        scores.append({name: test["scores"] for name, test in tests.items()})
    assert scores[0] == scores[1]
    assert scores[0]["test_unsaid[poisson]"] == scores[0]["test_native[poisson]"]
    assert scores[0]["test_unsaid[poisson]"]["0"] == scores[0]["test_model[poisson]"]["0"]
    assert scores[0]["test_unsaid[poisson]"]["1"] != scores[0]["test_model[poisson]"]["1"]


def test_the_imperative_form_takes_the_setting(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import XrayDataset

        def test_it(xraynoise, xray_model, xray_dataset):
            data = XrayDataset(xray_dataset, resize=12)
            how = {"noise": "gaussian", "severities": [1]}
            result = xraynoise.evaluate(xray_model, data, **how)
            assert result.settings["noise_applied"] == "at 24 x 24, before the resize to 12 x 12"
            other = xraynoise.evaluate(xray_model, data, noise_at="model", **how)
            assert other.settings["noise_at"] == "model"
        """
    )
    repo.runpytest_inprocess("--xraynoise-noise-at=native").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "options",
    [[], ["--collect-only"], pytest.param(["-n", "2"], marks=pytest.mark.slow)],
    ids=["plain", "collect-only", "two workers"],
)
def test_a_bad_word_of_the_marker(repo: pytest.Pytester, options: list[str]) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", noise_at="nativ", max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    run = repo.runpytest_subprocess if "-n" in options else repo.runpytest_inprocess
    result = run(*options)
    text = stdout(result)
    assert "unknown noise_at 'nativ'; did you mean 'native'? Known: model, native" in text
    assert result.ret != 0
    assert "INTERNALERROR" not in text


def test_a_bad_word_elsewhere(sized: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    message = "unknown noise_at 'modle'; did you mean 'model'? Known: model, native"
    result = sized.runpytest_inprocess("--xraynoise-noise-at=modle")
    assert f"--xraynoise-noise-at: {message}" in stdout(result)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    monkeypatch.setenv("XRAYNOISE_NOISE_AT", "modle")
    assert f"XRAYNOISE_NOISE_AT: {message}" in stdout(sized.runpytest_inprocess())
    monkeypatch.delenv("XRAYNOISE_NOISE_AT")
    sized.makeini("[pytest]\nxraynoise_noise_at = modle")
    assert f"ini xraynoise_noise_at: {message}" in stdout(sized.runpytest_inprocess())


def test_a_misspelt_keyword_of_the_marker(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", noise_att="native", max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    result = repo.runpytest_inprocess()
    assert "unknown word 'noise_att'; did you mean 'noise_at'?" in stdout(result)


def test_sizes_without_a_resize_are_an_error_by_name(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_sized=NATIVE.replace("resize=(20, 24), ", ""))
    result = repo.runpytest_inprocess("-k", "unsaid")
    result.assert_outcomes(errors=1, deselected=3)
    assert "sample '0' has (1, 40, 48), sample '1' has (1, 44, 48); declare" in stdout(result)
    assert "XrayDataset(data, resize=224)" in stdout(result)
