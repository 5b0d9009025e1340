"""``--xraynoise-batch-size`` and ``batch_size=`` of the marker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.conftest import read_tests, stdout

TIGHT = """
import pytest
import torch
from pytest_xraynoise import robust


class Tight(torch.nn.Module):
    def forward(self, images):
        if len(images) > {most}:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return 40 * (images.mean((1, 2, 3)) - 0.46)


@pytest.fixture
def xray_model():
    return Tight()


@robust(noise="poisson", severities=[1], max_auroc_drop=0.9, {words})
def test_it(): ...
"""


def run(
    repo: pytest.Pytester, *options: str, most: int = 1000, words: str = ""
) -> tuple[pytest.RunResult, Any]:
    repo.makepyfile(TIGHT.format(most=most, words=words))
    result = repo.runpytest_inprocess("--xraynoise-json=out.json", *options)
    test = read_tests(repo.path / "out.json")["test_it[poisson]"]
    return result, (test.get("settings") or {}).get("batch_size")


@pytest.mark.parametrize(
    ("options", "words", "used"),
    [
        ((), "", 16),
        (("--xraynoise-batch-size=auto",), "", 16),
        (("--xraynoise-batch-size=5",), "", 5),
        (("--xraynoise-batch-size=5",), "batch_size=7", 7),
        (("--xraynoise-batch-size=5",), "batch_size='auto'", 16),
    ],
)
def test_the_marker_goes_before_the_command_line(
    repo: pytest.Pytester, options: tuple[str, ...], words: str, used: int
) -> None:
    result, size = run(repo, *options, words=words)
    result.assert_outcomes(passed=1)
    assert size == used


def test_what_does_not_fit_is_halved_and_the_report_says_so(repo: pytest.Pytester) -> None:
    result, size = run(repo, most=6)
    result.assert_outcomes(passed=1)
    assert size == 4


def test_one_image_that_does_not_fit_is_an_error_with_one_message(repo: pytest.Pytester) -> None:
    result, _ = run(repo, "--xraynoise-device=cpu", most=0)
    result.assert_outcomes(errors=1)
    text = stdout(result)
    assert (
        "one image alone does not fit into memory: sample '0' (1 x 24 x 24) with Tight on cpu"
        in (text)
    )
    assert "Traceback" not in text


@pytest.mark.parametrize("words", ["batch_size=0", "batch_size='atuo'", "batch_size=2.5"])
def test_a_bad_word_is_told_at_collection(repo: pytest.Pytester, words: str) -> None:
    repo.makepyfile(TIGHT.format(most=1, words=words))
    result = repo.runpytest_inprocess("--collect-only")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*batch_size=*: expected 'auto' or a whole number from 1*"])
