"""A third-party SqueezeNet on 624 real X-rays, against what another implementation measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_xrays.kermany import KermanyTest, squeezenet

from pytest_xraynoise import evaluate
from pytest_xraynoise.results import LadderResult

PHOTONS = (1000, 200, 50)
MEASURED_ELSEWHERE = {0: (0.885, 0.01), 1: (0.782, 0.04), 2: (0.719, 0.04), 3: (0.470, 0.04)}
"""AUROC of abnormal against normal by severity, and how near ours has to be (one draw of noise)."""


@pytest.fixture(scope="module")
def result(real_data: Path) -> LadderResult:
    model = squeezenet(real_data / "weights" / "squeezenet1_1_kermany3.pth")
    data = KermanyTest(real_data / "kermany")
    return evaluate(model, data, noise="poisson", photons=PHOTONS, metrics=["auroc"], device="cpu")


def test_all_of_the_test_split_is_used(result: LadderResult) -> None:
    assert len(result.ids) == 624
    assert int(result.targets.sum()) == 390


@pytest.mark.parametrize("severity", [0, 1, 2, 3])
def test_auroc_is_what_others_measured(result: LadderResult, severity: int) -> None:
    expected, tolerance = MEASURED_ELSEWHERE[severity]
    assert result.metric("auroc").value(severity=severity) == pytest.approx(expected, abs=tolerance)


def test_the_drops_have_intervals(result: LadderResult) -> None:
    for severity in (1, 2, 3):
        interval = result.metric("auroc").interval(severity=severity)
        assert interval.method == "delong"
        assert 0 < interval.low < interval.estimate < interval.high
