"""The stratified subset: the same every time, in proportion, and no finding left out by order."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.data.subset import stratified
from pytest_xraynoise.data.subset_sum import members_of_sum, nearest_sum


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


GROUPED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=40)
"""Label and patient of each sample."""


@settings(max_examples=150, deadline=None)
@given(samples=GROUPED, count=st.integers(1, 45), seed=st.integers(0, 2**40))
def test_groups_stay_whole_and_come_as_near_as_they_can(
    samples: list[tuple[int, int]], count: int, seed: int
) -> None:
    labels, patients = [label for label, _ in samples], [patient for _, patient in samples]
    chosen = stratified(classes(labels), count, seed, patients)
    assert chosen == stratified(classes(labels), count, seed, patients)
    assert chosen == sorted(set(chosen))
    taken = {patients[p] for p in chosen}
    assert [p for p in range(len(samples)) if patients[p] in taken] == chosen, "a group was torn"
    if count >= len(samples):
        assert len(chosen) == len(samples)
        return
    assert abs(len(chosen) - count) == _least_miss(list(Counter(patients).values()), count)


def _least_miss(sizes: list[int], count: int) -> int:
    """By trying every choice of groups."""
    sums = {0}
    for size in sizes:
        sums |= {size + before for before in sums}
    return min(abs(total - count) for total in sums if total)


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_stratified(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    patients = torch.randint(0, 400, (1000,), generator=generator).tolist()
    sick = torch.rand(400, generator=generator) < 0.15  # a finding follows its patient
    labels = [int(sick[patient]) for patient in patients]
    chosen = stratified(classes(labels), 200, seed, patients)
    assert len(chosen) == 200
    share = sum(labels) / len(labels)
    assert abs(sum(labels[p] for p in chosen) / 200 - share) <= 0.02


def test_groups_of_any_number_of_samples_are_chosen_alike() -> None:
    # Patients with one image and with five, as many of either: none is preferred for its size.
    patients = [f"one {n}" for n in range(300)] + [f"five {n}" for n in range(300) for _ in "12345"]
    found = Counter(
        patients[p].split()[0]
        for seed in range(20)
        for p in stratified(classes([0] * len(patients)), 300, seed, patients)
    )
    assert found["five"] / 5 == pytest.approx(found["one"], rel=0.1)


def test_seed_picks_other_groups() -> None:
    labels, patients = [0, 1] * 50, [n // 4 for n in range(100)]
    assert stratified(classes(labels), 20, 0, patients) != stratified(
        classes(labels), 20, 1, patients
    )


def test_one_group_that_is_too_large_is_still_taken() -> None:
    assert stratified(classes([0] * 20), 3, 0, ["a"] * 10 + ["b"] * 10) in (
        list(range(10)),
        list(range(10, 20)),
    )


@settings(max_examples=200, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8), wanted=st.integers(1, 40))
def test_subset_sum(sizes: list[int], wanted: int) -> None:
    choices = (c for r in range(1, len(sizes) + 1) for c in itertools.combinations(sizes, r))
    sums = {sum(choice) for choice in choices}
    best = min(sums, key=lambda total: (abs(total - wanted), total))
    assert nearest_sum(sizes, wanted) == best
    members = members_of_sum(sizes, best)
    assert members is not None
    assert len(set(members)) == len(members)
    assert sum(sizes[place] for place in members) == best
    if wanted not in sums:
        assert members_of_sum(sizes, wanted) is None
