"""A denoiser in front of a model, before and after: what it wins back, and what it costs.

The same noisy images go through the model with and without it. Limits hold for the run with it;
both drops are from clean images through the bare model.
"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_xraynoise import robust
from pytest_xraynoise.results import LadderResult

PLAIN: dict[str, Any] = {"model": "plain_unet", "dataset": "held_out_films"}
LIMIT = 0.10


@pytest.mark.xfail(reason="trained on clean images, and nothing stands before it", strict=True)
@robust(noise="gaussian", severities=[1, 2], max_dice_drop=LIMIT, **PLAIN)
def test_without() -> None: ...


@robust(noise="gaussian", severities=[1, 2], denoiser="gaussian:1.5", max_dice_drop=LIMIT, **PLAIN)
def test_a_blur(robustness: LadderResult) -> None:
    assert wins_back(robustness, 2)
    assert cost(robustness) < 0.05


@robust(noise="gaussian", severities=[1, 2], denoiser="nlm", max_dice_drop=LIMIT, **PLAIN)
def test_non_local_means(robustness: LadderResult) -> None:
    assert wins_back(robustness, 2)
    assert cost(robustness) < 0.03


@robust(noise="gaussian", severities=[1, 2], denoiser="denoiser", max_dice_drop=LIMIT, **PLAIN)
def test_a_small_dncnn(robustness: LadderResult) -> None:
    assert wins_back(robustness, 2)
    assert cost(robustness) < 0.03


def wins_back(result: LadderResult, severity: int) -> bool:
    """Whether the whole interval of the drop with the denoiser lies below that without it."""
    assert result.denoising is not None
    within = result.metric("dice").interval(severity=severity)
    without = result.denoising.metric("dice").interval(severity=severity)
    return within.high < without.low


def cost(result: LadderResult) -> float:
    """Dice that the denoiser takes from clean images."""
    assert result.denoising is not None
    return result.denoising.clean.metrics["dice"].drop
