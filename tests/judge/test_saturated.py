"""Models so sure that their probabilities are 0 and 1: their samples are compared all the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from pytest_xraynoise import evaluate
from pytest_xraynoise.engine.outputs import FINE, saturates, to_scores
from pytest_xraynoise.judge.baseline import entry_of
from pytest_xraynoise.judge.paired import paired_values
from pytest_xraynoise.results import LadderResult
from pytest_xraynoise.results.serialize.ladder import ladder_from_dict, ladder_to_dict
from pytest_xraynoise.stats import delong

COUNT = 120


def measured(scale: float, bend: float = 0.0, probabilities: bool = False) -> LadderResult:
    generator = torch.Generator().manual_seed(0)
    targets = (torch.arange(COUNT) % 2).float()
    level = 0.5 + 0.02 * targets + 0.05 * torch.randn(COUNT, generator=generator)
    images = level[:, None, None, None].expand(-1, 1, 4, 4).clamp(0, 1).contiguous()

    def model(batch: torch.Tensor) -> torch.Tensor:
        flat = batch.mean((1, 2, 3))
        logits = scale * (flat - 0.3 + bend * torch.sin(90 * flat))
        return torch.sigmoid(logits.double()) if probabilities else logits

    return evaluate(
        model,
        TensorDataset(images, targets),
        noise="gaussian",
        severities=(1,),
        metrics=("auroc", "brier"),
        device="cpu",
        strips=0,
    )


def test_the_auroc_of_saturated_probabilities_is_paired() -> None:
    then, now = measured(2000), measured(2000, bend=0.05)
    for result in (then, now):
        assert (result.scores(severity=1) == 1.0).mean() > 0.9
    through_json = ladder_from_dict(json.loads(json.dumps(ladder_to_dict(then))))
    kept, lost = paired_values(
        entry_of("a", through_json), entry_of("a", now), confidence=0.95, resamples=200
    )
    assert not lost
    for severity in (0, 1):
        value = kept[severity]["auroc"]
        wanted = delong(now.targets, then._odds[severity], now._odds[severity])
        order = {round(wanted.estimate, 9), round(-wanted.estimate, 9)}
        assert value.method == "delong"
        assert round(value.drop, 9) in order
        assert value.drop != 0.0
        assert (value.low, value.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_probabilities_that_the_model_itself_ties_stay_tied() -> None:
    then = measured(2000, probabilities=True)
    now = measured(2000, bend=0.05, probabilities=True)
    assert not then._odds
    kept, lost = paired_values(entry_of("a", then), entry_of("a", now), confidence=0.95)
    assert not lost
    assert kept[1]["auroc"].value == pytest.approx(now.rungs[1].metrics["auroc"].value, abs=1e-9)


def test_odds_are_kept_where_they_are_needed_alone() -> None:
    assert not measured(10)._odds
    assert set(measured(2000)._odds) == {0, 1}


def test_up_to_this_float32_logits_stay_apart() -> None:
    near = np.nextafter(np.float32(FINE), np.float32(0)).astype(np.float64)
    one, other = to_scores(np.array([[FINE], [near]]), "binary", True)
    assert one > other
    assert not saturates([np.array([near, -FINE])])
    assert saturates([np.array([0.0]), np.array([-2 * FINE])])
