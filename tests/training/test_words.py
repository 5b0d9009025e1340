"""Data by their words, and splits that keep patients together."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from pytest_xraynoise import XrayDataset, training
from pytest_xraynoise.data.files.chestxray14 import FINDINGS
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.training.words import split_by_group
from tests.data.files import layouts

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


def _rows(*patients: int) -> tuple[tuple[str, str, str], ...]:
    found = ("Pneumothorax", "Atelectasis", "No Finding", "Effusion|Mass")
    return tuple(
        (f"{patient:08d}_{n:03d}.png", found[(patient + n) % 4], str(patient))
        for patient in patients
        for n in range(2)
    )


def test_chestxray14_goes_by_its_official_lists(tmp_path: Path) -> None:
    rows = _rows(1, 2, 3, 4)
    root = layouts.nih(tmp_path, rows, place="images_{}/images")
    (root / "train_val_list.txt").write_text("\n".join(row[0] for row in rows[:4]))
    (root / "test_list.txt").write_text("\n".join(row[0] for row in rows[4:]))
    inside, outside = training.open_data(f"chestxray14:{root}", image_size=40)
    assert inside.ids == tuple(row[0] for row in rows[:4])
    assert outside.ids == tuple(row[0] for row in rows[4:])
    made = training.train("resnet", inside, steps=1, batch_size=4)
    assert made.card["labels"] == list(FINDINGS)
    assert made.card["task"] == "multilabel"
    few, _ = training.open_data(f"chestxray14:{root}", image_size=40, samples=2)
    assert few.ids == inside.ids[:2]
    (root / "test_list.txt").write_text("\n".join(row[0] for row in rows[3:]))
    with pytest.raises(DataError, match=r"1 patient\(s\) of ChestXray14 are in both .*'2'"):
        training.open_data(f"chestxray14:{root}", image_size=40)
    (root / "test_list.txt").unlink()
    inside, outside = training.open_data(f"chestxray14:{root}", image_size=40)
    assert set(inside.groups) | set(outside.groups) == {"1", "2"}
    assert not set(inside.groups) & set(outside.groups)


def test_landmarks_are_split_by_patients_and_trained_on(tmp_path: Path) -> None:
    root = layouts.landmark(tmp_path)
    word = f"landmark:{root}"
    inside, outside = training.open_data(word, task="segmentation", image_size=32)
    assert len(inside.ids) + len(outside.ids) == len(layouts.LANDMARK_IMAGES)
    assert not set(inside.groups) & set(outside.groups)
    made = training.train("unet", inside, outside, steps=1, batch_size=2)
    assert made.card["task"] == "segmentation"
    assert made.card["labels"] == list(inside.labels)


def test_a_folder_of_images_and_masks_is_split_and_trained_on(tmp_path: Path) -> None:
    word = f"folder:{layouts.masks(tmp_path, count=6)}"
    inside, outside = training.open_data(word, task="segmentation", image_size=32)
    assert (len(inside.ids), len(outside.ids)) == (5, 1)
    assert not set(inside.groups) & set(outside.groups)
    made = training.train("unet", inside, outside, steps=1, batch_size=2)
    assert made.card["task"] == "segmentation"
    assert made.card["validation"]["metric"] == "dice"


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
