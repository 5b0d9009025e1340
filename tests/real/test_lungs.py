"""A lung segmenter on real X-rays that it was not taught on."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_xrays import lungs

from pytest_xraynoise import evaluate
from pytest_xraynoise.results import LadderResult

CACHE = Path(lungs.__file__).parents[1] / ".xraynoise-cache"


@pytest.fixture(scope="module")
def result(real_data: Path) -> LadderResult:
    model = lungs.lung_segmenter(real_data / "lungs", CACHE)
    data = lungs.LungMasks(real_data / "lungs", held_out=True)
    return evaluate(model, data, noise="gaussian", device="cpu")


def test_it_finds_lungs_in_clean_images(result: LadderResult) -> None:
    assert result.task == "segmentation"
    assert result.labels == ("lungs",)
    assert len(result.ids) == 4
    assert result.clean["dice"] > 0.85


def test_severe_noise_takes_them_away(result: LadderResult) -> None:
    dice = result.metric("dice")
    assert dice.drop(severity=5) > 0.3
    assert dice.interval(severity=5).low > 0.1
