"""Limits at the clean operating point, and on masks, as a user of pytest meets them."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import assert_in_order, read_tests, stdout

SUITE = """
from pytest_xraynoise import robust


@robust(noise="gaussian", sigma=[0.02, 0.2], model="shifted", max_auroc_drop=0.05)
def test_auroc_holds(): ...


@robust(
    noise="gaussian", sigma=[0.02, 0.2], model="shifted", at_sensitivity=0.95,
    max_auroc_drop=0.05, max_specificity_drop=0.10, max_ece=0.5,
)
def test_specificity_does_not(): ...


@robust(
    noise="gaussian", sigma=[0.2], model="masks", dataset="masked", tolerance=1,
    max_hd95=1.0, min_nsd=0.9, min_dice=0.1,
)
def test_contours(): ...
"""

SHIFTED = """
import pytest


@pytest.fixture
def shifted():
    # The mean, and ten times the noise: what noise adds moves all scores alike.
    def model(images):
        fine = (images[..., 1:] - images[..., :-1])[..., ::2, ::2]
        return 40 * (images.mean((1, 2, 3)) - 0.46) + 200 * (fine**2).mean((1, 2, 3))

    return model
"""


def test_what_auroc_hides_breaks_a_limit(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_point=SHIFTED + SUITE)
    result = repo.runpytest("--xraynoise-json=out.json", "--xraynoise-report=out.html")
    result.assert_outcomes(passed=1, failed=2)
    text = stdout(result)
    assert_in_order(
        text,
        ["specificity fell by", "max_specificity_drop=0.1 allows 0.1", "BROKEN", "Also measured"],
    )
    assert_in_order(text, ["HD95 was", "max_hd95=1 allows at most 1", "NSD", "min_nsd=0.9"])
    measured = read_tests(repo.path / "out.json")["test_specificity_does_not[gaussian]"]
    assert measured["settings"]["operating_point"].startswith("sensitivity of at least 0.95")
    assert set(measured["settings"]["thresholds"]) == {"positive"}
    assert {"sensitivity", "specificity", "ece", "brier"} <= set(measured["rungs"][0]["metrics"])
    page = (repo.path / "out.html").read_text(encoding="utf-8")
    assert_in_order(page, ["specificity", "thresholds", "positive 0."])
    assert "tolerance" in page
    # The table of what else was measured stays within a terminal.
    also = text[text.index("Also measured") :].split("\n\n")[0]
    assert max(len(line) for line in also.splitlines()) <= 80


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('operating_point="yuden", max_specificity_drop=0.1', "did you mean 'youden'"),
        ("at_sensitivity=95, max_specificity_drop=0.1", "did you mean 0.95?"),
        ("at_sensitvity=0.95, max_specificity_drop=0.1", "did you mean 'at_sensitivity'?"),
        ("max_specificty_drop=0.1", "did you mean 'max_specificity_drop'?"),
        ("max_hd95_drop=2", "lower-is-better"),
        ("max_hd95=-2", "expected 0 to no upper bound"),
        ("tolerance=-2, min_nsd=0.9", "distance from 0"),
        ("ece_bins=0, max_ece=0.1", "ece_bins=0"),
    ],
)
def test_bad_words(repo: pytest.Pytester, words: str, expected: str) -> None:
    repo.makepyfile(
        f"import pytest\n\n@pytest.mark.robust(noise='poisson', {words})\ndef test(): ..."
    )
    result = repo.runpytest("--collect-only")
    result.assert_outcomes(errors=1)
    assert expected in stdout(result)
