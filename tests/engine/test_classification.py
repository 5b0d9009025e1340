"""Targets and raw outputs of classifiers, and the scores that they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.engine.classification import Classification, lost_scores
from pytest_xraynoise.engine.outputs import is_logits, odds_of_pair, to_scores
from pytest_xraynoise.engine.targets import checked_targets, column, contrast_rows
from pytest_xraynoise.errors import DataError, ModelError, SpecError
from pytest_xraynoise.results import Task

NAN = math.nan
IDS = [f"s{i}" for i in range(9)]


def targets_of(values: Any, task: Task, count: int) -> list[Any]:
    tensor = torch.as_tensor(values)
    made: list[Any] = checked_targets(tensor, task, count, IDS).tolist()
    return made


def same(found: Any, expected: Any) -> bool:
    return np.array_equal(np.asarray(found, float), np.asarray(expected, float), equal_nan=True)


@pytest.mark.parametrize(
    ("values", "task", "count", "expected"),
    [
        ([0, 1, 1], "binary", 1, [0, 1, 1]),
        ([[0], [1], [-1]], "binary", 1, [0, 1, NAN]),
        ([0.0, NAN, 1.0], "binary", 1, [0, NAN, 1]),
        ([True, False], "binary", 1, [1, 0]),
        ([2, 0, -1], "multiclass", 3, [2, 0, NAN]),
        ([[2.0], [NAN]], "multiclass", 3, [2, NAN]),
        ([[0, 0, 1], [1, 0, 0], [-1, -1, -1]], "multiclass", 3, [2, 0, NAN]),
        ([[0, 0.0, 1], [NAN, NAN, NAN]], "multiclass", 3, [2, NAN]),
        ([[0, 1], [1, -1]], "multilabel", 2, [[0, 1], [1, NAN]]),
        ([[0, 1], [NAN, 1.0]], "multilabel", 2, [[0, 1], [NAN, 1]]),
        ([[1], [0]], "multilabel", 1, [[1], [0]]),
    ],
)
def test_targets(values: Any, task: Task, count: int, expected: Any) -> None:
    assert same(targets_of(values, task, count), expected)


@pytest.mark.parametrize(
    ("values", "task", "says"),
    [
        ([[0, 1], [1, 0]], "multilabel", r"sample .s0. is \(2,\); this model has 3 labels"),
        ([0, 1, 3], "binary", r"sample 's2' holds 3; a binary target is 0 or 1, and NaN or -1"),
        ([0.0, 0.3], "binary", "sample 's1' holds 0.3"),
        (
            [[0, 1, 0], [1, 2, 0]],
            "multilabel",
            "sample 's1' holds 2; a multilabel target is 0 or 1",
        ),
        (
            [0, 3],
            "multiclass",
            "sample 's1' holds 3; a multiclass target is a class id from 0 to 2",
        ),
        ([0, -2], "multiclass", "sample 's1' holds -2"),
        ([0.0, 1.5], "multiclass", "sample 's1' holds 1.5"),
        ([[0, 0, 1], [1, 1, 0]], "multiclass", r"sample 's1' is \(1, 1, 0\), not one-hot"),
        ([[0, 0, 1], [0, 0, 0]], "multiclass", r"sample 's1' is \(0, 0, 0\), not one-hot"),
        ([[0, 0, 1], [1, 1, 1]], "multiclass", r"sample 's1' is \(1, 1, 1\), not one-hot"),
        ([[0, 0, 1], [1, -1, 0]], "multiclass", r"sample 's1' is \(1, nan, 0\), not one-hot"),
        ([[0.2, 0.3, 0.5]], "multiclass", r"sample 's0' is \(0.2, 0.3, 0.5\), not one-hot"),
    ],
)
def test_targets_that_the_task_does_not_allow(values: Any, task: Task, says: str) -> None:
    with pytest.raises(DataError, match=says):
        targets_of(values, task, 3)


def rows(*values: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)[:, None]


@pytest.mark.parametrize(
    ("arrays", "task", "logits"),
    [
        ([rows(0.1, 0.9), rows(0.2, 0.8)], "binary", False),
        ([rows(0.1, 0.9), rows(0.2, 1.8)], "binary", True),
        ([rows(0.0, 1.0)], "binary", False),
        ([rows(0.1, 1.00001)], "binary", False),  # a mean of probabilities in float32
        ([rows(0.1, 1.01)], "binary", True),
        ([rows(-0.01, 0.9)], "binary", True),
        ([np.array([[0.3, 0.7], [0.5, 0.5]])], "binary", False),
        ([np.array([[0.3, 0.6], [0.5, 0.5]])], "binary", True),
        ([np.array([[0.3, 0.6], [0.9, 0.9]])], "multilabel", False),
        ([np.array([[0.2, 0.3, 0.5]])], "multiclass", False),
        ([np.array([[0.2, 0.3, 0.6]])], "multiclass", True),
        ([np.log([[0.2, 0.3, 0.5]])], "multiclass", True),
    ],
)
def test_logits_by_their_range(arrays: Any, task: Task, logits: bool) -> None:
    assert is_logits(arrays, task, "auto") is logits
    assert is_logits(arrays, task, "logits") is True


def test_probabilities_that_are_none() -> None:
    assert is_logits([rows(0.1, 0.9)], "binary", "probabilities") is False
    with pytest.raises(ModelError, match=r"returned values from -2 to 0.9; say outputs='logits'"):
        is_logits([rows(0.1, 0.9), rows(-2)], "binary", "probabilities")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-700, 700), min_size=3, max_size=3), st.floats(-40, 40))
def test_scores_against_torch(row: list[float], shift: float) -> None:
    raw = np.array([row, [shift, 0.0, -shift]])
    tensor = torch.from_numpy(raw)
    assert np.allclose(to_scores(raw, "multilabel", True), tensor.sigmoid(), rtol=1e-12, atol=0)
    assert np.allclose(to_scores(raw, "multiclass", True), tensor.softmax(1), rtol=1e-12, atol=0)
    two = to_scores(raw[:, :2], "binary", True)
    assert np.allclose(two, tensor[:, :2].softmax(1)[:, 1], rtol=1e-12, atol=1e-300)
    one = to_scores(raw[:, :1], "binary", True)
    assert np.allclose(one, tensor[:, 0].sigmoid(), rtol=1e-12, atol=0)


def test_probabilities_are_taken_as_they_are_within_the_range() -> None:
    assert to_scores(rows(-1e-6, 0.25, 1 + 1e-6), "binary", False).tolist() == [0, 0.25, 1]
    assert to_scores(np.array([[0.2, 0.8]]), "binary", False).tolist() == [0.8]


@settings(max_examples=50, deadline=None)
@given(a=st.floats(-20, 20), b=st.floats(-20, 20))
def test_odds_of_a_pair_have_the_difference_of_the_logits(a: float, b: float) -> None:
    sigmoid = torch.tensor([a, b], dtype=torch.float64).sigmoid().numpy()
    odds = odds_of_pair(sigmoid[:1], sigmoid[1:])[0]
    expected = torch.tensor(a - b, dtype=torch.float64).sigmoid().item()
    assert odds == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_odds_of_a_pair_at_the_ends() -> None:
    assert odds_of_pair(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0])).tolist() == [
        0.5,
        0.5,
        1.0,
    ]


def test_contrast_takes_exactly_one_of_the_two() -> None:
    targets = torch.tensor(
        [[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, -1, 0], [NAN, 1, 0], [1, 0, NAN]]
    )
    chosen = contrast_rows(targets, ("A", "B", "C"), ("A", "B"))
    assert chosen.tolist() == [True, True, False, False, False, False, True]


def test_contrast_of_class_ids() -> None:
    for targets in (torch.tensor([0, 1, 2, -1]), torch.tensor([[0], [1], [2], [-1]])):
        chosen = contrast_rows(targets, ("A", "B", "C"), ("C", "A"))
        assert chosen.tolist() == [True, False, True, False]


def test_unknown_label_with_its_nearest_match() -> None:
    with pytest.raises(SpecError, match="unknown label 'Pneumotorax'; did you mean 'Pneumothorax'"):
        contrast_rows(torch.zeros(1, 2), ("Pneumothorax", "Edema"), ("Pneumotorax", "Edema"))
    assert column(("a", "b"), "b") == 1


def feed(collected: Classification, size: int, targets: torch.Tensor, raw: Any) -> Any:
    for start in range(0, len(targets), size):
        part = slice(start, start + size)
        ids = [f"s{i}" for i in range(len(targets))[part]]
        collected.add(ids, targets[part], {s: values[part] for s, values in raw.items()})
    return collected.finish()


def test_a_batch_of_logits_within_0_and_1_changes_nothing() -> None:
    logits = torch.tensor([0.2, 0.7, 0.4, 0.9, -3.0, 5.0])
    raw = {0: logits, 1: logits - 0.1}
    targets = torch.tensor([0, 1, 0, 1, 0, 1])
    expected = {s: values.double().sigmoid().numpy() for s, values in raw.items()}
    for size in (1, 2, 4, 6):
        scored = feed(Classification("binary", ("x",), "auto"), size, targets, raw)
        assert scored.ids == tuple(f"s{i}" for i in range(6))
        for severity, values in expected.items():
            assert np.allclose(scored.scores[severity], values, rtol=1e-12)
        assert np.allclose(scored.lost, lost_scores(scored.targets, expected, "binary"))


def test_labels_and_contrast_pick_columns() -> None:
    raw = {0: torch.randn(9, 3, generator=torch.Generator().manual_seed(1)) * 3}
    targets = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 3)
    probabilities = raw[0].double().sigmoid().numpy()
    names = ("A", "B", "C")
    scored = feed(Classification("multilabel", names, "auto", labels=("C", "A")), 4, targets, raw)
    assert scored.labels == ("C", "A")
    assert np.allclose(scored.scores[0], probabilities[:, [2, 0]])
    assert same(scored.targets, targets[:, [2, 0]])
    collected = Classification("multilabel", names, "auto", contrast=("B", "A"))
    scored = feed(collected, 4, targets, raw)
    assert (scored.task, scored.labels) == ("binary", ("B vs A",))
    assert same(scored.targets, targets[:, 1])
    assert np.allclose(scored.scores[0], odds_of_pair(probabilities[:, 1], probabilities[:, 0]))


def test_loss_counts_only_what_is_judged_and_known() -> None:
    scores = {
        0: np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]),
        1: np.array([[0.9, 0.9], [0.8, 0.1], [0.1, 0.9]]),
        2: np.array([[0.7, 0.1], [0.9, 0.1], [0.1, 0.1]]),
    }
    targets = np.array([[1, NAN], [1, 0], [0, NAN]])
    assert lost_scores(targets, scores, "multilabel") == pytest.approx([0.2, 0.1, 0.0])
    classes = np.array([0.0, NAN, 1.0])
    assert lost_scores(classes, scores, "multiclass") == pytest.approx([0.2, 0.0, 0.0])


def test_number_of_outputs_that_changes() -> None:
    collected = Classification("multilabel", ("a", "b"), "auto")
    collected.add(["x"], torch.zeros(1, 2), {0: torch.zeros(1, 2)})
    with pytest.raises(ModelError, match=r"3 outputs .*severity 0 \(sample 'y'\), but 2 before"):
        collected.add(["y"], torch.zeros(1, 2), {0: torch.zeros(1, 3)})
