"""The stratified subset: the same every time, in proportion, and no finding left out by order."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.data.subset import stratified


def classes(labels: list[int]) -> list[torch.Tensor]:
    return [torch.tensor(label) for label in labels]


@settings(max_examples=80, deadline=None)
@given(
    labels=st.lists(st.integers(-1, 4), min_size=1, max_size=60),
    count=st.integers(1, 70),
    seed=st.integers(0, 2**40),
)
def test_proportions_and_determinism(labels: list[int], count: int, seed: int) -> None:
    chosen = stratified(classes(labels), count, seed)
    assert chosen == stratified(classes(labels), count, seed)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, len(labels))
    have = Counter(labels[p] for p in chosen)
    for label, members in Counter(labels).items():
        share = len(chosen) * members / len(labels)
        assert abs(have[label] - share) < 1


def test_seed_picks_another_subset() -> None:
    targets = classes([0, 1] * 50)
    assert stratified(targets, 20, 0) != stratified(targets, 20, 1)


def test_larger_subset_holds_the_smaller_one() -> None:
    targets = classes([0, 1] * 50)
    assert set(stratified(targets, 20, 3)) < set(stratified(targets, 40, 3))


def test_masks_are_one_stratum() -> None:
    masks = [torch.full((4, 4), k) for k in range(30)]
    assert len(stratified(masks, 7, 0)) == 7


def test_unlabelled_is_a_stratum_of_its_own() -> None:
    targets = [torch.tensor([float("nan"), 1.0])] * 10 + [torch.tensor([0.0, 1.0])] * 10
    chosen = stratified(targets, 10, 0)
    assert sum(p < 10 for p in chosen) == 5


@pytest.mark.parametrize("seed", range(3))
def test_rare_patterns_are_drawn_without_favour(seed: int) -> None:
    # Every sample has its own pattern of 8 findings, so that seats are given by the tie-break only.
    targets = [torch.tensor([(code >> bit) & 1 for bit in range(8)]) for code in range(256)]
    chosen = stratified(targets, 64, seed)
    positives = torch.stack([targets[p] for p in chosen]).sum(0)
    assert positives.min() >= 18  # of 32 expected; in order of the pattern some would have 0
    assert positives.max() <= 46
