"""Which task targets and outputs make up, and the collector that belongs to it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pytest_xraynoise.engine.classification import Classification
from pytest_xraynoise.engine.collectors import open_collector
from pytest_xraynoise.engine.request import LadderRequest
from pytest_xraynoise.engine.segmentation import Segmentation
from pytest_xraynoise.engine.tasks import infer_task, label_names
from pytest_xraynoise.errors import DataError, ModelError, SpecError

Shape = tuple[int, ...]

FITS: list[tuple[Shape, Shape, str]] = [
    ((4,), (4,), "binary"),
    ((4,), (4, 1), "binary"),
    ((4,), (4, 2), "binary"),
    ((4, 1), (4,), "binary"),
    ((4, 1), (4, 1), "binary"),
    ((4, 1), (4, 2), "binary"),
    ((4,), (4, 3), "multiclass"),
    ((4, 1), (4, 3), "multiclass"),
    ((4, 2), (4, 2), "multilabel"),
    ((4, 14), (4, 14), "multilabel"),
    ((4, 8, 8), (4, 8, 8), "segmentation"),
    ((4, 8, 8), (4, 1, 8, 8), "segmentation"),
    ((4, 8, 8), (4, 3, 8, 8), "segmentation"),
    ((4, 1, 8, 8), (4, 8, 8), "segmentation"),
    ((4, 1, 8, 8), (4, 3, 8, 8), "segmentation"),
    ((4, 3, 8, 8), (4, 3, 8, 8), "segmentation"),
]
MISFITS: list[tuple[Shape, Shape]] = [
    ((4, 14), (4, 13)),
    ((4, 14), (4,)),
    ((4, 3), (4, 1)),
    ((4,), (4, 3, 8, 8)),
    ((4, 8, 8), (4, 3)),
    ((4, 8, 8), (4, 3, 4, 4)),
    ((4, 2, 8, 8), (4, 3, 8, 8)),
    ((4, 2, 8, 8), (4, 8, 8)),
    ((4, 1, 1, 8, 8), (4, 1, 8, 8)),
]


@pytest.mark.parametrize(("targets", "outputs", "task"), FITS)
def test_inferred(targets: Shape, outputs: Shape, task: Any) -> None:
    assert infer_task(torch.zeros(targets), torch.zeros(outputs), None) == task
    assert infer_task(torch.zeros(targets), torch.zeros(outputs), task) == task


@pytest.mark.parametrize(("targets", "outputs"), MISFITS)
def test_misfits_name_both_shapes(targets: Shape, outputs: Shape) -> None:
    with pytest.raises(ModelError) as error:
        infer_task(torch.zeros(targets), torch.zeros(outputs), None)
    assert f"targets of shape {targets} and outputs of shape {outputs}" in str(error.value)
    assert "multilabel: targets (N, K) with outputs (N, K)" in str(error.value)


@pytest.mark.parametrize(
    ("targets", "outputs"), [((4,), (4, 2)), ((4, 1), (4, 2)), ((4, 3), (4, 3)), ((4, 2), (4, 2))]
)
def test_multiclass_may_be_said(targets: Shape, outputs: Shape) -> None:
    assert infer_task(torch.zeros(targets), torch.zeros(outputs), "multiclass") == "multiclass"


@pytest.mark.parametrize(
    ("targets", "outputs", "asked", "found"),
    [
        ((4,), (4, 3), "binary", "multiclass"),
        ((4,), (4, 3), "multilabel", "multiclass"),
        ((4,), (4,), "multilabel", "binary"),
        ((4,), (4, 1), "multiclass", "binary"),
        ((4, 14), (4, 14), "segmentation", "multilabel"),
        ((4, 8, 8), (4, 3, 8, 8), "multiclass", "segmentation"),
    ],
)
def test_task_said_wrongly(targets: Shape, outputs: Shape, asked: Any, found: str) -> None:
    with pytest.raises(ModelError, match=rf"task='{asked}' was asked for, but .* are {found}\."):
        infer_task(torch.zeros(targets), torch.zeros(outputs), asked)


def test_label_names() -> None:
    assert label_names(None, 2) == ("label 0", "label 1")
    assert label_names(("a", "b"), 2) == ("a", "b")
    with pytest.raises(DataError, match=r"names 3 labels \(a, b, c\), but the model has 2 output"):
        label_names(("a", "b", "c"), 2)


def collector(
    targets: Shape, outputs: Shape, declared: tuple[str, ...] | None = None, **words: Any
) -> Classification | Segmentation:
    request = LadderRequest("poisson", **words)
    return open_collector(request, declared, torch.zeros(targets), torch.zeros(outputs))


@pytest.mark.parametrize(
    ("targets", "outputs", "declared", "names"),
    [
        ((4,), (4,), None, ("positive",)),
        ((4,), (4,), ("Pneumonia",), ("Pneumonia",)),
        ((4,), (4, 1), ("Normal", "Pneumonia"), ("Pneumonia",)),
        ((4,), (4, 2), ("Normal", "Pneumonia"), ("Pneumonia",)),
        ((4,), (4, 3), None, ("class 0", "class 1", "class 2")),
        ((4, 2), (4, 2), None, ("label 0", "label 1")),
        ((4, 2), (4, 2), ("a", "b"), ("a", "b")),
        ((4, 8, 8), (4, 8, 8), None, ("class 0",)),
        ((4, 8, 8), (4, 1, 8, 8), ("lung",), ("lung",)),
        ((4, 8, 8), (4, 3, 8, 8), None, ("class 1", "class 2")),
        ((4, 8, 8), (4, 3, 8, 8), ("lung", "heart"), ("lung", "heart")),
        ((4, 1, 8, 8), (4, 3, 8, 8), ("background", "lung", "heart"), ("lung", "heart")),
        ((4, 3, 8, 8), (4, 3, 8, 8), ("left", "right", "heart"), ("left", "right", "heart")),
    ],
)
def test_names_of_labels(
    targets: Shape, outputs: Shape, declared: tuple[str, ...] | None, names: tuple[str, ...]
) -> None:
    assert collector(targets, outputs, declared).names == names


@pytest.mark.parametrize(
    ("targets", "outputs"),
    [
        ((4,), (4,)),
        ((4,), (4, 2)),
        ((4,), (4, 3)),
        ((4, 2), (4, 2)),
        ((4, 8, 8), (4, 3, 8, 8)),
        ((4, 8, 8), (4, 8, 8)),
    ],
)
def test_wrong_number_of_names(targets: Shape, outputs: Shape) -> None:
    with pytest.raises(DataError, match="names 5 labels"):
        collector(targets, outputs, tuple("abcde"))


@pytest.mark.parametrize(
    ("targets", "outputs", "words", "says"),
    [
        ((4,), (4,), {"metrics": ("dice",)}, "unknown metric for binary 'dice'"),
        ((4,), (4, 3), {"also": ("iou",)}, "unknown metric for multiclass 'iou'"),
        ((4, 8, 8), (4, 8, 8), {"metrics": ("auroc",)}, "unknown metric for segmentation 'auroc'"),
        ((4, 8, 8), (4, 8, 8), {"contrast": ("a", "b")}, "this is a segmentation"),
        ((4,), (4,), {"contrast": ("a", "b")}, "the model has one output"),
        ((4, 2), (4, 2), {"labels": ("label 7",)}, "unknown label 'label 7'; did you mean"),
        ((4, 2), (4, 2), {"contrast": ("label 0", "labell 1")}, "did you mean 'label 1'"),
        ((4,), (4, 3), {"labels": ("class 1",)}, "this task is multiclass"),
        ((4,), (4,), {"labels": ("Pneumonia",)}, "this task is binary"),
        ((4, 8, 8), (4, 3, 8, 8), {"labels": ("clas 1",)}, "did you mean 'class 1'"),
    ],
)
def test_refused_at_the_first_batch(
    targets: Shape, outputs: Shape, words: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        collector(targets, outputs, **words)


def test_all_labels_of_any_task_may_be_said() -> None:
    assert collector((4,), (4,), ("Pneumonia",), labels=("Pneumonia",)).names == ("Pneumonia",)


def test_contrast_of_two_classes_keeps_both_columns() -> None:
    made = collector((4,), (4, 2), ("A", "B"), contrast=("A", "B"))
    assert isinstance(made, Classification)
    assert made.task == "multiclass"
