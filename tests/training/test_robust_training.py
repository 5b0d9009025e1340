"""Training with noise lifts the breaking point on phantoms that nobody trained on."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pytest_xraynoise import breaking_point, evaluate, training

_WORDS: dict[str, Any] = {"noise": "gaussian", "metrics": ["dice"], "strips": 0}


@pytest.mark.slow
def test_noise_robust_training_lifts_the_breaking_point() -> None:
    data, held = training.open_data("phantom", task="segmentation", image_size=96, samples=200)
    common: dict[str, Any] = {"epochs": 8, "bar": False}
    clean = training.train("unet", data, held, **common)
    robust = training.train("unet", data, held, robust=["gaussian"], consistency=1.0, **common)
    ladders = {name: evaluate(made.model, held, **_WORDS) for name, made in _both(clean, robust)}
    points = {
        name: breaking_point(made.model, held, noise="gaussian", max_dice_drop=0.05)
        for name, made in _both(clean, robust)
    }
    for name, ladder in ladders.items():
        curve = ladder.metric("dice")
        drops = [curve.interval(severity=s) for s in ladder.severities if s]
        shown = ", ".join(f"{d.estimate:.3f} [{d.low:.3f}, {d.high:.3f}]" for d in drops)
        point = points[name]
        print(f"{name}: clean {ladder.clean['dice']:.3f}; drops {shown}; {point.reading}")  # noqa: T201
    assert clean.metric is not None
    assert robust.metric is not None
    assert clean.metric > 0.93
    assert robust.metric > clean.metric - 0.03, "what it costs on clean images"
    worst = ladders["clean"].severities[-1]
    before = ladders["clean"].metric("dice").interval(severity=worst)
    after = ladders["robust"].metric("dice").interval(severity=worst)
    assert after.high < before.low, "the intervals at the worst rung are apart"
    broke = [points[name].parameter for name in ("clean", "robust")]
    assert broke[0] is not None
    # sigma where the limit breaks; None: nothing breaks it
    assert (math.inf if broke[1] is None else broke[1]) > 1.5 * broke[0]


def _both(clean: Any, robust: Any) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("clean", clean), ("robust", robust)
