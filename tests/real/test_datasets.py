"""The datasets on real files: a table, folders of masks, DICOM of a computed radiography system."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_xraynoise import evaluate
from pytest_xraynoise.data import DicomFolder, ImageTable, MaskFolders, open_source


def test_a_table_of_children(real_data: Path) -> None:
    data = ImageTable(real_data / "kermany", split="test")
    assert (len(data), data.labels) == (624, ("NORMAL", "PNEUMONIA"))
    targets = [record.target for record in data.records]
    assert (targets.count(0), targets.count(1)) == (234, 390)
    subtypes = ImageTable(
        real_data / "kermany", split="test", label="subtype", contrast=("bacteria", "virus")
    )
    assert len(subtypes) == 390
    assert subtypes.labels == ("bacteria vs virus",)
    bright = evaluate(
        lambda images: 1 - images.mean((1, 2, 3)), data, noise="gaussian", sigma=[0.1], samples=60
    )
    assert len(bright.ids) == 60


def test_masks_of_adults(real_data: Path) -> None:
    data = MaskFolders(real_data / "lungs", labels=("lungs",), resize=64)
    assert len(data) == 11
    for item in data:
        assert item["mask"].shape == item["image"].shape[1:]
        assert 0.1 < item["mask"].mean() < 0.5  # both lungs of a chest
    (batch,) = open_source(data, task="segmentation")
    assert tuple(batch.targets.shape) == (11, 64, 64)


def test_films_of_computed_radiography(real_data: Path) -> None:
    pytest.importorskip("pydicom")
    data = DicomFolder(real_data / "dicom", resize=64)
    assert data.ids == ("RG1_J2KI.dcm", "RG3_J2KI.dcm", "RG3_J2KR.dcm")
    assert data.groups == ("9RG1", "11RG3", "11RG3")
    assert data.pixel_pitch is None  # it is written as 0
    assert "no pixel pitch is declared" in str(data.intake)
    assert [header.bits for header in data.headers] == [15, 10, 10]
    chest, lossy, lossless = (item["image"][0] for item in data)
    assert chest.shape == (1955, 1841)
    assert chest.mean() > 0.5  # most of a film lets little through, and that is white
    assert 0 < np.abs(lossy - lossless).mean() < 0.01
    full = DicomFolder(real_data / "dicom", window="full")[1]["image"][0]
    inside = (full > 0.02) & (full < 0.98)
    # The window is 550 +- 512 of 1024 values: a straight line, and clipped at one end.
    assert np.corrcoef(full[inside], lossy[inside])[0, 1] > 0.999
