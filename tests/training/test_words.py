"""Data by their words, and splits that keep patients together."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from pytest_xraynoise import XrayDataset, training
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.training.words import split_by_group

if TYPE_CHECKING:
    from pathlib import Path


def _folder(root: Path, split: bool, first_held_out: int = 8) -> Path:
    rng = np.random.default_rng(0)
    with (root / "labels.csv").open("w", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(["file", "label", "patient", *(["split"] if split else [])])
        for n in range(12):
            Image.fromarray(rng.integers(0, 255, (48, 40), dtype=np.uint8)).save(root / f"{n}.png")
            side = [["train", "val"][n >= first_held_out]] if split else []
            lines.writerow([f"{n}.png", ["a", "b"][n % 2], f"p{n // 2}", *side])
    return root


@pytest.mark.parametrize("split", [True, False])
def test_a_folder_is_split_by_its_table_or_by_patients(tmp_path: Path, split: bool) -> None:
    word = f"folder:{_folder(tmp_path, split)}"
    inside, outside = training.open_data(word, image_size=40)
    if split:
        assert (len(inside.ids), len(outside.ids)) == (8, 4)
    assert not set(inside.groups) & set(outside.groups)
    assert sorted([*inside.ids, *outside.ids]) == sorted(f"{n}.png" for n in range(12))
    made = training.train("resnet", inside, outside, steps=1, batch_size=4)
    assert made.card["labels"] == ["a", "b"]
    assert made.card["task"] == "multiclass"


def test_a_table_that_splits_a_patient_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 patient\(s\) of .* are in both splits \('p3'"):
        training.open_data(f"folder:{_folder(tmp_path, True, first_held_out=7)}", image_size=40)


def test_phantoms_of_training_and_validation_share_no_patient() -> None:
    inside, outside = training.open_data("phantom", task="segmentation", image_size=40, samples=3)
    assert len(inside) == 3
    assert not {inside[n]["id"] for n in range(3)} & {outside[n]["id"] for n in range(len(outside))}


def test_groups_go_whole_to_either_side() -> None:
    groups = tuple(f"p{n // 3}" for n in range(30))
    items = [(np.zeros((1, 32, 32), np.float32), n % 2) for n in range(30)]
    data = XrayDataset(items, groups=groups, ids=tuple(range(30)))
    inside, outside = split_by_group(data, seed=0)
    assert len(outside.ids) == 6
    assert not set(inside.groups) & set(outside.groups)
    assert split_by_group(data, seed=0)[1].ids == outside.ids
    assert any(split_by_group(data, seed=n)[1].ids != outside.ids for n in range(1, 5))
    with pytest.raises(DataError, match="at least two are needed"):
        split_by_group(XrayDataset(items[:3], groups=("p", "p", "p")), seed=0)


@pytest.mark.parametrize(
    ("word", "more", "message"),
    [
        ("fantom", {}, "unknown data 'fantom'; did you mean 'phantom'"),
        ("phantom:x", {}, "a phantom has no folder"),
        ("folder", {}, "expected the folder too, folder:PATH"),
        ("landmark:x", {}, "'landmark' is for segmentation"),
        ("phantom", {"task": "segment"}, "did you mean 'segmentation'"),
    ],
)
def test_words_that_make_no_sense(word: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        training.open_data(word, **more)


def test_a_model_of_the_other_task() -> None:
    with pytest.raises(SpecError, match=r"'unet' is for segmentation.*resnet"):
        training.task_of("unet", "classification")
