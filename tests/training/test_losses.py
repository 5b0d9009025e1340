"""Losses: against their definitions, and with what is not labelled left out."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.training.augment import LadderNoise, jittered
from pytest_xraynoise.training.losses import (
    class_weights,
    consistency,
    loss_for,
    planes_loss,
    positive_weights,
)


def test_positives_of_a_rare_label_weigh_as_much_as_its_negatives() -> None:
    targets = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, torch.nan], [0.0, 0.0]])
    weights = positive_weights(targets)
    assert weights.tolist() == [3.0, 1.0]  # a label without positives is left alone
    logits = torch.zeros(4, 2)
    logits.requires_grad_()
    loss_for(targets, 2)(logits, targets).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert math.isclose(float(logits.grad[:, 0].sum()), 0.0, abs_tol=1e-7)
    assert float(logits.grad[2, 1]) == 0.0, "what is not labelled pulls at nothing"


def test_class_weights_are_inverse_frequencies() -> None:
    assert class_weights(torch.tensor([0, 0, 0, 1, -1]), 2).tolist() == pytest.approx([2 / 3, 2.0])
    one = loss_for(torch.tensor([0, 1, 1, -1]), 1)
    logits = torch.zeros(2, 1, requires_grad=True)
    one(logits, torch.tensor([1, -1])).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert float(logits.grad[1, 0]) == 0.0


def test_the_loss_of_masks_is_least_for_the_truth() -> None:
    truth = (torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    right, wrong = (planes_loss(20 * sign * (2 * truth - 1), truth) for sign in (1, -1))
    assert float(right) < 1e-3 < 1 < float(wrong)
    hidden = truth.clone()
    hidden[0, 1] = torch.nan
    logits = torch.zeros(2, 3, 8, 8, requires_grad=True)
    planes_loss(logits, hidden).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert float(logits.grad[0, 1].abs().max()) == 0.0
    assert float(logits.grad[0, 0].abs().min()) > 0.0


@given(st.lists(st.floats(-30, 30), min_size=6, max_size=6), st.booleans())
def test_consistency_is_a_divergence(values: list[float], exclusive: bool) -> None:
    clean = torch.tensor(values).reshape(2, 3)
    noisy = clean.flip(1)
    found = float(consistency(clean, noisy, exclusive=exclusive))
    assert -1e-6 <= found <= math.log(2) + 1e-6
    assert float(consistency(clean, clean, exclusive=exclusive)) == pytest.approx(0, abs=1e-6)
    back = float(consistency(noisy, clean, exclusive=exclusive))
    assert found == pytest.approx(back, abs=1e-6)


def test_consistency_of_opposites_is_ln_2() -> None:
    clean = torch.tensor([[50.0], [-50.0]])
    assert float(consistency(clean, -clean, exclusive=False)) == pytest.approx(
        math.log(2), abs=1e-5
    )


def test_masks_go_along_with_their_images() -> None:
    torch.manual_seed(0)
    images = torch.rand(3, 1, 20, 20)
    moved, masks = jittered(images, (images > 0.5).float())
    assert float(moved.min()) >= 0
    assert float(moved.max()) <= 1
    flat = torch.corrcoef(torch.stack([moved[0].flatten(), masks[0].flatten()]))[0, 1]
    assert float(flat) > 0.8


def test_noise_is_of_every_kind_and_spares_some() -> None:
    torch.manual_seed(1)
    noise = LadderNoise(["gaussian", "impulse"], severities=[3], probability=0.6)
    images = torch.full((200, 1, 8, 8), 0.5)
    made = noise(images)
    same = (made == images).flatten(1)
    spared = same.all(1)
    impulses = same.float().mean(1).gt(0.5) & ~spared
    gaussian = ~same.any(1)
    assert 50 <= int(spared.sum()) <= 110
    assert int(impulses.sum()) > 30
    assert int(gaussian.sum()) > 30
