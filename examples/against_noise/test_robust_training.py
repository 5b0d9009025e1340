"""Training with noise, before and after: how far the breaking point moves, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_xraynoise import robust
from pytest_xraynoise.data.phantom import PhantomSegmentation
from pytest_xraynoise.results import LadderResult

LIMITS: dict[str, Any] = {"dataset": "held_out_films", "max_dice_drop": 0.10}
SEEN = ["gaussian", "poisson"]
UNSEEN = "speckle"  # a kind that neither of them was trained with


@pytest.mark.xfail(reason="trained on clean images: the stress ladder breaks it", strict=True)
@robust(noise=[*SEEN, UNSEEN], model="plain_unet", **LIMITS)
def test_before() -> None: ...


@robust(noise=[*SEEN, UNSEEN], model="robust_unet", min_dice=0.80, **LIMITS)
def test_after() -> None: ...


@pytest.mark.parametrize("kind", ["gaussian", UNSEEN])
def test_the_breaking_point_is_lifted(
    kind: str, xraynoise: Any, plain_unet: Any, robust_unet: Any, held_out_films: Any
) -> None:
    """The intervals of both breaking points lie apart, by a factor of more than 3."""
    before, after = (
        xraynoise.breaking_point(model, held_out_films, noise=kind, max_dice_drop=0.10)
        for model in (plain_unet, robust_unet)
    )
    assert before.low < before.parameter < before.high
    assert after.low > 3 * before.high


def test_what_it_costs(
    xraynoise: Any, plain_unet: Any, robust_unet: Any, held_out_films: PhantomSegmentation
) -> None:
    """On clean images the robust model is a little worse: that is the price, so it is measured."""
    before, after = (
        xraynoise.evaluate(model, held_out_films, noise="gaussian", severities=[1])
        for model in (plain_unet, robust_unet)
    )
    cost = before.clean["dice"] - after.clean["dice"]
    assert cost < 0.05
    assert drop(before) > 5 * drop(after) + cost


def drop(result: LadderResult) -> float:
    """Dice lost to the mildest rung."""
    return result.metric("dice").drop(severity=1)
