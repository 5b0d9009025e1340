"""A study on the layouts of the two public datasets, in small folders that are written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_xraynoise import study
from pytest_xraynoise.data.files.chestxray14 import FINDINGS
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.report.json import read_json
from tests.data.files import layouts


def _small(word: str, model: str, folder: Path) -> study.Plan:
    return study.Plan(
        data=f"{word}:{folder}",
        models=(model,),
        noises=("gaussian",),
        trainings=("clean",),
        denoisers=(),
        searched_noises=(),
        image_size=32,
        epochs=1,
    )


def test_chestxray14(tmp_path: Path) -> None:
    """Every finding is there with and without, in train_val and in test; enough for intervals."""
    rows = tuple(
        (f"{patient:08d}_000.png", found, str(patient))
        for patient, found in enumerate([*FINDINGS, "No Finding"] * 6)
    )
    root = layouts.nih(tmp_path / "nih", rows)
    half = len(rows) // 2
    (root / "train_val_list.txt").write_text("\n".join(row[0] for row in rows[:half]))
    (root / "test_list.txt").write_text("\n".join(row[0] for row in rows[half:]))
    out = study.run(_small("chestxray14", "resnet", root), tmp_path / "out", device="cpu")
    (test,) = read_json(out / "results.json").tests
    assert test.nodeid == "study/classification.py::resnet[clean, gaussian]"
    assert test.result is not None
    assert test.result.labels == FINDINGS
    assert test.result.ids == tuple(row[0] for row in rows[half:])
    assert test.result.dataset == "ChestXray14"


def test_landmark(tmp_path: Path) -> None:
    root = layouts.landmark(tmp_path / "landmark", more=20)
    out = study.run(_small("landmark", "unet", root), tmp_path / "out", device="cpu")
    (test,) = read_json(out / "results.json").tests
    assert test.nodeid == "study/segmentation.py::unet[clean, gaussian]"
    assert test.result is not None
    assert test.result.task == "segmentation"
    assert 1 < len(test.result.ids) < 10  # one patient in five is held out


def test_a_dataset_has_models_of_its_task_only(tmp_path: Path) -> None:
    plan = _small("landmark", "resnet", layouts.landmark(tmp_path / "landmark"))
    with pytest.raises(SpecError, match="'landmark' is for segmentation, not for classification"):
        study.run(plan, tmp_path / "out", device="cpu")
