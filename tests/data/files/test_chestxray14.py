from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from pytest_xraynoise import evaluate
from pytest_xraynoise.data import ChestXray14, LeftOutWarning, open_source
from pytest_xraynoise.data.files.chestxray14 import FINDINGS
from pytest_xraynoise.errors import DataError, SpecError

from . import layouts


@pytest.mark.parametrize(
    "place", ["images", "images_{}", "images_{}/images", "."], ids=["one", "parts", "deep", "flat"]
)
def test_images_are_found_wherever_the_set_is_unpacked(tmp_path: Path, place: str) -> None:
    data = ChestXray14(layouts.nih(tmp_path, place=place))
    assert len(data) == 6
    assert data.labels == FINDINGS
    assert data.ids == tuple(row[0] for row in layouts.NIH_ROWS)
    assert data.groups == ("1", "1", "2", "3", "3", "4")
    item = data[1]
    assert np.array_equal(item["image"][0], layouts.grey(1).astype(np.float32) / np.float32(255))
    named = {FINDINGS[place] for place in np.flatnonzero(item["target"])}
    assert named == {"Cardiomegaly", "Emphysema"}
    assert data[2]["target"].sum() == 0
    assert str(data.intake) == "ChestXray14: 6 of 6 samples"


@pytest.mark.parametrize("layout", ["split", "2020", "joined"])
def test_every_layout_of_the_table_gives_labels_patients_and_pitch(
    tmp_path: Path, layout: str
) -> None:
    root = layouts.nih(tmp_path)
    layouts.nih_table(root, layout=layout)
    data = ChestXray14(root)
    pitch = math.sqrt(0.143 * 2682 / 32 * 0.143 * 2749 / 32)
    assert data.pixel_pitch == pytest.approx((pitch,) * 6)
    assert data[3]["target"][FINDINGS.index("Pneumothorax")] == 1
    assert data.groups == ("1", "1", "2", "3", "3", "4")


def test_the_revised_table_is_read_where_both_lie_there(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    revised = tuple((image, "Hernia", patient) for image, _, patient in layouts.NIH_ROWS)
    layouts.nih_table(root, revised, layout="2020", name="Data_Entry_2017_v2020.csv")
    assert ChestXray14(root)[0]["target"][FINDINGS.index("Hernia")] == 1


def test_a_table_without_spacing_declares_no_pitch_and_says_so(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    lines = [f"{image},{found},{patient}" for image, found, patient in layouts.NIH_ROWS]
    head = "Image Index,Finding Labels,Patient ID"
    (root / "Data_Entry_2017.csv").write_text("\n".join([head, *lines]))
    data = ChestXray14(root)
    assert data.pixel_pitch is None
    assert "no pixel pitch is declared: it is not said for 6 of 6 images" in str(data.intake)


def test_the_official_lists_are_the_splits(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    assert len(ChestXray14(root, split="train_val")) == 4
    assert ChestXray14(root, split="test").ids == ("00000003_001.png", "00000004_000.png")
    with pytest.raises(SpecError, match=r"unknown split 'tests'; did you mean 'test'"):
        ChestXray14(root, split="tests")
    (root / "test_list.txt").unlink()
    with pytest.raises(DataError, match=r"official list .*test_list.txt', which is not there"):
        ChestXray14(root, split="test")


def test_a_list_that_names_what_the_table_does_not_is_told(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    (root / "test_list.txt").write_text("00000003_001.png\n00000009_000.png\n")
    with pytest.raises(DataError, match=r"by test_list.txt but not by the table: 1 \(00000009_000"):
        ChestXray14(root, split="test")
    with pytest.warns(LeftOutWarning, match=r"00000009_000"):
        assert len(ChestXray14(root, split="test", on_odd="skip")) == 1


def test_labels_are_picked_and_no_finding_is_one_of_them(tmp_path: Path) -> None:
    data = ChestXray14(layouts.nih(tmp_path), labels=["no finding", "Pleural Thickening"])
    assert data.labels == ("No Finding", "Pleural_Thickening")
    assert [tuple(data[place]["target"]) for place in (0, 2, 5)] == [(0, 0), (1, 0), (0, 1)]
    with pytest.raises(SpecError, match=r"unknown label 'Pneumonai'; did you mean 'Pneumonia'"):
        ChestXray14(tmp_path, labels=["Pneumonai"])


def test_a_pair_has_the_samples_with_exactly_one_of_the_two(tmp_path: Path) -> None:
    data = ChestXray14(layouts.nih(tmp_path), contrast=("Pneumothorax", "Atelectasis"))
    assert data.ids == ("00000003_000.png", "00000004_000.png")
    assert [item["target"] for item in data] == [1, 0]
    assert data.labels == ("Pneumothorax vs Atelectasis",)
    for wrong in (("Mass", "Mass"), ("Mass",), "Mass"):
        with pytest.raises(SpecError, match=r"expected two different labels"):
            ChestXray14(tmp_path, contrast=wrong)
    with pytest.raises(SpecError, match=r"did you mean 'Mass'"):
        ChestXray14(tmp_path, contrast=("Masss", "Hernia"))
    with pytest.raises(SpecError, match=r"leave labels= out"):
        ChestXray14(tmp_path, contrast=("Mass", "Hernia"), labels=["Mass"])


def test_the_pair_of_the_data_is_the_pair_of_the_marker(tmp_path: Path) -> None:
    """A pair that the data make has the samples, targets and name that ``contrast=`` makes."""
    findings = ("Pneumothorax", "Atelectasis", "Pneumothorax|Atelectasis", "No Finding", "Mass")
    rows = tuple((f"{n:08d}_000.png", findings[n % 5], str(n)) for n in range(30))
    root = layouts.nih(tmp_path, rows)
    pair = ("Pneumothorax", "Atelectasis")

    def every(images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3))[:, None] * torch.linspace(-9, 9, 14)

    def one(images: torch.Tensor) -> torch.Tensor:
        scores = every(images)
        return scores[:, FINDINGS.index(pair[0])] - scores[:, FINDINGS.index(pair[1])]

    marker = evaluate(every, ChestXray14(root), noise="gaussian", severities=(1,), contrast=pair)
    data = evaluate(one, ChestXray14(root, contrast=pair), noise="gaussian", severities=(1,))
    assert marker.ids == data.ids
    assert np.array_equal(marker.targets, data.targets)
    assert marker.clean["auroc"] == pytest.approx(data.clean["auroc"])
    assert list(marker.metric("auroc").by_label) == list(data.metric("auroc").by_label)


def test_patients_and_pitch_reach_the_engine(tmp_path: Path) -> None:
    source = open_source(ChestXray14(layouts.nih(tmp_path), resize=16))
    (batch,) = source
    assert source.groups(batch.ids) == ("1", "1", "2", "3", "3", "4")
    assert batch.pixel_pitch[0] == pytest.approx(0.143 * math.sqrt(2682 * 2749) / 32)
    assert source.size == (16, 16)
    assert source.labels == FINDINGS


def test_workers_load_what_this_process_loads(tmp_path: Path) -> None:
    data = ChestXray14(layouts.nih(tmp_path))
    there = pickle.loads(pickle.dumps(data))
    assert there.ids == data.ids
    assert np.array_equal(there[4]["image"], data[4]["image"])
    ours = torch.cat([batch.unit for batch in open_source(data)])
    theirs = torch.cat([batch.unit for batch in open_source(data, workers=2, batch_size=3)])
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "LA", "P"])
def test_channels_of_a_grey_picture_are_one(tmp_path: Path, mode: str) -> None:
    root = layouts.nih(tmp_path)
    layouts.picture(root / "images" / "00000002_000.png", layouts.grey(2), mode)
    image = ChestXray14(root)[2]["image"]
    assert image.shape == (1, 32, 32)
    assert np.array_equal(image[0], layouts.grey(2).astype(np.float32) / np.float32(255))


def test_rows_without_an_image_are_counted_and_listed(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    for row in layouts.NIH_ROWS[1:3]:
        (root / "images" / row[0]).unlink()
    with pytest.raises(
        DataError, match=r"file not found: 2 \(00000001_001.png, 00000002_000.png\)"
    ):
        ChestXray14(root)
    with pytest.warns(LeftOutWarning, match=r"4 of 6 samples; left out, file not found: 2"):
        data = ChestXray14(root, on_missing="skip")
    assert len(data) == 4
    assert data.intake.left_out == {"file not found": ("00000001_001.png", "00000002_000.png")}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "no label"),
        ("|", "no label"),
        ("Pneumotorax", r"unknown label 'Pneumotorax' \(did you mean 'Pneumothorax'\?\)"),
        ("Mass|No Finding", "'No Finding' beside a finding"),
    ],
)
def test_odd_rows_are_told_and_left_out_when_asked(tmp_path: Path, cell: str, says: str) -> None:
    rows = (("00000007_000.png", cell, "7"), *layouts.NIH_ROWS)
    root = layouts.nih(tmp_path, rows)
    with pytest.raises(DataError, match=rf"{says}: 1 \(00000007_000.png\), of 7 .*on_odd='skip'"):
        ChestXray14(root)
    with pytest.warns(LeftOutWarning, match=says):
        assert len(ChestXray14(root, on_odd="skip")) == 6


def test_a_row_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    layouts.nih_table(root, (*layouts.NIH_ROWS, layouts.NIH_ROWS[0]))
    with pytest.raises(DataError, match=r"'00000001_000.png' twice, in lines 2 and 8"):
        ChestXray14(root, on_odd="skip")


def test_an_image_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    layouts.picture(root / "images_002" / "00000001_000.png", layouts.grey(0))
    with pytest.raises(DataError, match=r"'00000001_000.png' is there twice: .*leave one"):
        ChestXray14(root)


def test_a_folder_without_its_table_or_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected the folder of the dataset at .*there is none"):
        ChestXray14(tmp_path / "none")
    with pytest.raises(DataError, match=r"expected Data_Entry_2017\*.csv in .*holds no csv file"):
        ChestXray14(tmp_path)
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"which holds labels.csv"):
        ChestXray14(tmp_path)
    (tmp_path / "Data_Entry_2017.csv").write_text("Image_Index,Finding Labels,Patient ID\na,b,c\n")
    with pytest.raises(DataError, match=r"unknown image column 'Image Index'; did you mean 'Im"):
        ChestXray14(tmp_path)
    layouts.nih(tmp_path)
    with pytest.raises(SpecError, match=r"unknown policy on_missing 'skipp'; did you mean 'skip'"):
        ChestXray14(tmp_path, on_missing="skipp")
    for row in layouts.NIH_ROWS:
        (tmp_path / "images" / row[0]).unlink()
    with pytest.raises(DataError, match=r"no sample is left; ChestXray14: 0 of 6 samples"):
        ChestXray14(tmp_path, on_missing="skip")


def test_a_truncated_image_names_its_file(tmp_path: Path) -> None:
    root = layouts.nih(tmp_path)
    path = root / "images" / "00000002_000.png"
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match=r"sample 2 .*00000002_000.png' is damaged"):
        list(open_source(ChestXray14(root)))
