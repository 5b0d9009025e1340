"""The snippets of docs/datasets.md, run one after another on folders that are written here."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_xraynoise.data import LeftOutWarning

from .files import layouts

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"


def folders(root: Path) -> None:
    layouts.nih(root / "ChestX-ray14")
    layouts.landmark(root / "landmark")
    layouts.masks(root / "lungs")
    for number in range(3):
        layouts.picture(root / "lungs" / "hearts" / f"p{number}.png", np.ones((40, 32), np.uint8))
    files = ("test/NORMAL/a.png", "test/PNEUMONIA/b.png", "test/PNEUMONIA/c.png")
    lines = [f"{file},{file.split('/')[1]},x,test" for file in (*files, "test/NORMAL/lost.png")]
    layouts.table(root / "kermany", "\n".join(["file,label,subtype,split", *lines]), files)
    text = "picture,Mass,Nodule,who\na.png,1,0,p\nb.png,0,,q\n"
    layouts.table(root / "findings", text, ("a.png", "b.png"))


def dicom(root: Path) -> None:
    pytest.importorskip("pydicom")
    from .dicom import films

    for number in range(4):
        films.film(
            root / "dicom" / f"IM{number}",
            np.roll(films.STORED, number * 500),
            PatientID=f"P{number}",
            ImagerPixelSpacing=[0.139, 0.139],
            ExposureIndex=200,
            TargetExposureIndex=250,
            PixelIntensityRelationship="LOG",
            PixelIntensityRelationshipSign=-1,
        )
    rows = "".join(f"IM{number},{'sick' if number % 2 else 'well'}\n" for number in range(4))
    (root / "dicom" / "labels.csv").write_text(f"file,label\n{rows}")


def test_the_snippets_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders(tmp_path)
    dicom(tmp_path)
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippets) == 9
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)  # asked for, by on_missing="skip"
        for number, snippet in enumerate(snippets):
            exec(compile(snippet, f"datasets.md, snippet {number}", "exec"), names)
    said = capsys.readouterr().out
    assert "ImageTable: 3 of 4 samples" in said
    assert "{'file not found': ('test/NORMAL/lost.png',)}" in said
    assert "IM0 P0 0.139 0.8" in said
    assert names["raw"].response == "log"
