"""The marker's word ``denoiser``."""

from __future__ import annotations

import json

import pytest

_CONFTEST = """
import pytest, torch

@pytest.fixture(scope="session")
def xray_model():
    return lambda images: images.amax((1, 2, 3)) * 8 - 4

@pytest.fixture(scope="session")
def xray_dataset():
    torch.manual_seed(0)
    targets = torch.arange(40) % 2
    images = 0.2 + 0.1 * torch.rand(40, 1, 24, 24)
    images[targets == 1, :, 8:14, 8:14] += 0.3
    return images, targets

@pytest.fixture(scope="session")
def blur():
    return lambda images: torch.nn.functional.avg_pool2d(images, 3, 1, 1)

@pytest.fixture
def nothing():
    pass
"""


def test_limits_hold_for_the_run_with_it_and_both_are_told(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="gaussian", severities=[3], denoiser="blur", max_auroc_drop=0.05)
        def test_own(robustness):
            assert robustness.denoising.metric("auroc").drop(severity=3) > 0.05

        @robust(noise="gaussian", severities=[3], denoiser="gaussian", max_auroc_drop=0.05)
        def test_built_in(robustness):
            assert robustness.denoising.name == "gaussian"

        @robust(noise="gaussian", severities=[3], max_auroc_drop=0.05)
        def test_bare(robustness):
            assert robustness.denoising is None

        @robust(noise="gaussian", severities=[5], denoiser="median", max_auroc_drop=0.0001)
        def test_broken(robustness):
            pass

        def test_by_hand(xraynoise, xray_model, xray_dataset, blur):
            words = dict(noise="gaussian", severities=[3])
            result = xraynoise.evaluate(xray_model, xray_dataset, denoiser=blur, **words)
            assert result.denoising.name == "<lambda>"
        """
    )
    run = pytester.runpytest("--xraynoise-json=out.json", "-p", "no:cacheprovider")
    run.assert_outcomes(passed=3, failed=2)
    run.stdout.re_match_lines(
        [
            r".*with denoiser median: drop 0\.\d+ \(without: 0\.\d+\); on clean images it costs .*",
            r".*test_own.*: with denoiser blur|.*test_own.*with denoiser .*: drop",
        ],
        consecutive=False,
    )
    tests = json.loads((pytester.path / "out.json").read_text("utf-8"))["tests"]
    told = {
        test["nodeid"].partition("::")[2].partition("[")[0]: test["denoising"] for test in tests
    }
    assert told["test_bare"] is None
    assert told["test_own"]["without"][1]["metrics"]["auroc"]["drop"] > 0.05


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("'gausian'", "unknown denoiser 'gausian'; did you mean 'gaussian'?"),
        ("'blurr'", "unknown denoiser 'blurr'; did you mean 'blur'?"),
        ("'median:4'", "expected an odd side"),
        ("3", "denoiser=3: expected the name of a fixture"),
    ],
)
def test_a_bad_word_is_an_error_at_collection(
    pytester: pytest.Pytester, word: str, message: str
) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(
        f"""
        from pytest_xraynoise import robust

        @robust(noise="gaussian", denoiser={word}, max_auroc_drop=0.05)
        def test_it():
            pass
        """
    )
    run = pytester.runpytest("--collect-only")
    assert run.ret != 0
    run.stdout.fnmatch_lines([f"*{message.replace('[', '[[]')}*"])


def test_a_denoiser_that_cannot_be_used_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="gaussian", severities=[1], denoiser="nothing", max_auroc_drop=0.05)
        def test_none():
            pass

        @robust(noise="gaussian", severities=[1], denoiser="dncnn:nowhere", max_auroc_drop=0.05)
        def test_untrained():
            pass
        """
    )
    run = pytester.runpytest()
    run.assert_outcomes(errors=2)
    run.stdout.fnmatch_lines(["*'nothing' gave None for a denoiser*", "*expected a trained model*"])
