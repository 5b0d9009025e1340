from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise import evaluate
from pytest_xraynoise.data import DicomFolder, LeftOutWarning, open_source
from pytest_xraynoise.data.dicom.library import missing_decoder
from pytest_xraynoise.data.dicom.response import FallingLinear
from pytest_xraynoise.errors import DataError, SpecError

from . import films
from .films import STORED

RAW = {
    "PixelIntensityRelationship": "LIN",
    "PixelIntensityRelationshipSign": 1,
    "PhotometricInterpretation": "MONOCHROME1",
    "ImagerPixelSpacing": [0.139, 0.139],
    "TargetExposureIndex": 250,
}
TABLE = "file,label\nIM0,sick\none/IM1.dcm,well\none/two/IM2,sick\n"


def folder(root: Path, count: int = 3, **elements: Any) -> Path:
    """Images with and without a suffix, in and below the folder; every two are of one patient."""
    for number, name in enumerate(("IM0", "one/IM1.dcm", "one/two/IM2")[:count]):
        words = {"PatientID": f"P{number // 2}", "ExposureIndex": 100 * (number + 1), **RAW}
        films.film(root / name, np.roll(STORED, number), **{**words, **elements})
    return root


def test_every_image_below_the_folder_is_found(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "README.txt").write_text("hello")
    (root / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    (root / ".hidden").write_bytes(bytes(128) + b"DICM")
    data = DicomFolder(root)
    assert data.ids == ("IM0", "one/IM1.dcm", "one/two/IM2")
    assert data.groups == ("P0", "P0", "P1")
    assert data.pixel_pitch == pytest.approx((0.139,) * 3)
    assert np.allclose(data[1]["image"][0], 1 - np.roll(STORED, 1) / 4095, atol=1e-6)
    assert "2 files that are no DICOM were passed over" in str(data.intake)
    assert "target" not in data[0]
    assert data.labels is None


def test_a_file_without_a_preamble_is_found(tmp_path: Path) -> None:
    made = films.dataset()
    del made.file_meta
    films.pydicom.dcmwrite(
        tmp_path / "OLD", made, implicit_vr=True, little_endian=True, enforce_file_format=False
    )
    assert (tmp_path / "OLD").read_bytes()[128:132] != b"DICM"
    (image,) = DicomFolder(tmp_path)
    assert np.allclose(image["image"][0], STORED / 4095, atol=1e-6)


def test_dose_and_response_are_told(tmp_path: Path) -> None:
    data = DicomFolder(folder(tmp_path))
    assert data.response == FallingLinear()
    assert data.doses == pytest.approx((0.4, 0.8, 1.2))
    assert data.kerma == pytest.approx(2.0)
    films.film(tmp_path / "last", PixelIntensityRelationship="LOG")
    mixed = DicomFolder(tmp_path)
    assert mixed.response is None
    assert mixed.kerma is None
    assert [header.dose is None for header in mixed.headers] == [False, True, False, False]
    told = str(mixed.intake)
    assert "images differ in their response to exposure: linear in exposure, white = little" in told
    assert mixed.pixel_pitch is None
    assert "no pixel pitch is declared: it is not said for 1 of 4 images, last among them" in told


@pytest.mark.parametrize(
    ("relation", "function", "full", "voi"),
    [
        ("LIN", "LINEAR", "linear", None),
        ("LOG", "LINEAR", "log", "log"),
        ("LOG", "LINEAR_EXACT", "log", "log"),
        ("LOG", "SIGMOID", None, None),
    ],
)
def test_a_window_keeps_a_logarithm_and_nothing_else(
    tmp_path: Path, relation: str, function: str, full: str | None, voi: str | None
) -> None:
    words: dict[str, Any] = {"WindowCenter": 2000, "WindowWidth": 1000, "VOILUTFunction": function}
    sign = {"LIN": 1, "LOG": -1}[relation]
    films.film(
        tmp_path / "a",
        PixelIntensityRelationship=relation,
        PixelIntensityRelationshipSign=sign,
        **words,
    )
    assert DicomFolder(tmp_path).response == voi
    assert DicomFolder(tmp_path, window="full").response == full


def test_a_table_names_images_by_path_name_or_uid(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "t.csv").write_text(TABLE)
    data = DicomFolder(root, table="t.csv", classes=("well", "sick"))
    assert data.labels == ("well", "sick")
    assert [item["target"] for item in data] == [1, 0, 1]
    (root / "t.csv").write_text(TABLE.replace("one/two/", "").replace("one/", ""))
    assert [item["target"] for item in DicomFolder(root, table="t.csv")] == [0, 1, 0]
    uids = [header.uid for header in data.headers]
    (root / "t.csv").write_text(
        "\n".join(["SOPInstanceUID,Mass,Hernia", *(f"{uid},1,0" for uid in uids)])
    )
    findings = DicomFolder(root, table="t.csv", contrast=("Mass", "Hernia"))
    assert findings.labels == ("Mass vs Hernia",)
    assert [item["target"] for item in findings] == [1, 1, 1]


def test_a_table_that_does_not_fit_is_told(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "t.csv").write_text(TABLE.replace("IM0", "IM9"))
    with pytest.raises(DataError, match=r"not named by the table: 1 \(IM0\)"):
        DicomFolder(root, table="t.csv")
    with pytest.raises(DataError, match=r"file not found: 1 \(IM9\)"):
        DicomFolder(root, table="t.csv", on_odd="skip")
    with pytest.warns(LeftOutWarning, match=r"2 of 3 samples"):
        DicomFolder(root, table="t.csv", on_odd="skip", on_missing="skip")
    (root / "t.csv").write_text(TABLE.replace("one/two/IM2", "IM0"))
    with pytest.raises(DataError, match=r"line 4 of the table names 'IM0' twice"):
        DicomFolder(root, table="t.csv")
    (root / "t.csv").write_text("what,label\nx,sick\n")
    with pytest.raises(DataError, match=r"no column of files among what, label"):
        DicomFolder(root, table="t.csv")
    with pytest.raises(SpecError, match=r"need table="):
        DicomFolder(root, label="x")


def test_names_of_a_model_leave_the_declarations_as_they_are(tmp_path: Path) -> None:
    """Data without labels take those of a model that names its outputs, and keep the rest."""
    data = DicomFolder(folder(tmp_path), resize=16)
    named = data.named(("Mass",))
    assert named.labels == ("Mass",)
    assert (named.groups, named.pixel_pitch, named.ids) == (
        data.groups,
        data.pixel_pitch,
        data.ids,
    )
    (batch,) = open_source([{**item, "target": 1} for item in named.data])
    assert batch.ids == data.ids


def test_it_runs_through_the_ladder(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "t.csv").write_text(TABLE)
    data = DicomFolder(root, table="t.csv", resize=(24, 20))
    result = evaluate(
        lambda images: images[:, 0, 3, 3],
        data,
        noise="lowdose",
        dose=[0.5],
        response=data.response,
        kerma=data.kerma,
        metrics=("accuracy",),
    )
    assert result.ids == data.ids
    assert not np.array_equal(result.scores(severity=0), result.scores(severity=1))
    again = pickle.loads(pickle.dumps(data))
    ours = [batch.unit for batch in open_source(data)]
    theirs = [batch.unit for batch in open_source(again, workers=1)]
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("elements", "says"),
    [
        ({"NumberOfFrames": 3}, "it has 3 frames; expected a single projection image"),
        ({"SamplesPerPixel": 3}, "it has 3 samples for each pixel; expected a grey image"),
        ({"Columns": 4000}, "damaged"),
        ({"Rows": 0}, "it says 0 x 40 pixels of 12 bits"),
    ],
)
def test_what_is_no_single_grey_image_is_told(
    tmp_path: Path, elements: dict[str, Any], says: str
) -> None:
    folder(tmp_path)
    films.film(tmp_path / "odd", **elements)
    with pytest.raises(DataError, match=rf"{says}: 1 \(odd\), of 4 samples .*on_odd='skip'"):
        DicomFolder(tmp_path)
    with pytest.warns(LeftOutWarning, match=says):
        assert len(DicomFolder(tmp_path, on_odd="skip")) == 3


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    root = folder(tmp_path)
    whole = (root / "IM0").read_bytes()
    (root / "IM0").write_bytes(whole[:-100])
    data = DicomFolder(root)  # the header is whole
    with pytest.raises(
        DataError, match=r"IM0' cannot be read, its pixels are damaged: .*pixel data"
    ):
        data[0]
    for size in (2000, 200, 140):
        (root / "IM0").write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"(damaged|no image): 1 \(IM0\)"):
            DicomFolder(root)
    (root / "IM0").write_bytes(bytes(128) + b"DICM" + bytes(500))
    with pytest.raises(DataError, match=r"(damaged|no image): 1 \(IM0\)"):
        DicomFolder(root)


def test_a_report_among_images_is_passed_over(tmp_path: Path) -> None:
    root = folder(tmp_path)
    report = films.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")
    for name in ("PixelData", "Rows", "Columns", "BitsStored"):
        delattr(report, name)
    report.save_as(root / "SR", enforce_file_format=True)
    data = DicomFolder(root)
    assert len(data) == 3
    assert "SR holds no image and was passed over" in str(data.intake)


def test_the_same_image_under_two_names_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "copy").write_bytes((root / "IM0").read_bytes())
    with pytest.raises(DataError, match=r"'IM0' and 'copy' are the same image"):
        DicomFolder(root)


def test_a_folder_without_dicom_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"no DICOM file below .*, which holds 0 other files"):
        DicomFolder(tmp_path)
    folder(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(DataError, match=r"pip install pydicom"):
        DicomFolder(tmp_path)


@pytest.mark.parametrize(
    ("uid", "package"),
    [
        ("1.2.840.10008.1.2.4.90", "pylibjpeg pylibjpeg-openjpeg"),
        ("1.2.840.10008.1.2.4.70", "pylibjpeg pylibjpeg-libjpeg"),
        ("1.2.840.10008.1.2.4.80", "pyjpegls"),
    ],
)
def test_a_decoder_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: str, package: str
) -> None:
    from pydicom.pixels.decoders import base

    monkeypatch.setattr(base.Decoder, "is_available", property(lambda decoder: False))
    folder(tmp_path)
    made = films.dataset(PixelData=films.pydicom.encaps.encapsulate([b"\xff\x4f" + bytes(98)]))
    made.file_meta.TransferSyntaxUID = films.pydicom.uid.UID(uid)
    made["PixelData"].is_undefined_length = True
    made.save_as(tmp_path / "packed", enforce_file_format=True)
    says = rf"needs a decoder that is not installed: pip install {package}: 1 \(packed\)"
    with pytest.raises(DataError, match=says):
        DicomFolder(tmp_path)
    with pytest.warns(LeftOutWarning, match=package):
        assert len(DicomFolder(tmp_path, on_odd="skip")) == 3


def test_video_is_refused_by_name() -> None:
    made = films.dataset()
    made.file_meta.TransferSyntaxUID = films.pydicom.uid.MPEG2MPML
    assert "no decoder is known for its transfer syntax MPEG2 Main" in str(missing_decoder(made))


def test_plain_syntaxes_need_no_decoder() -> None:
    assert missing_decoder(films.dataset()) is None
    made = films.dataset()
    made.file_meta.TransferSyntaxUID = films.pydicom.uid.RLELossless  # pydicom's own
    assert missing_decoder(made) is None


@pytest.mark.parametrize("element", ["Rows", "BitsAllocated"])
def test_an_empty_element_is_told(tmp_path: Path, element: str) -> None:
    folder(tmp_path)
    nothing: dict[str, Any] = {element: None}
    films.film(tmp_path / "odd.dcm", **nothing)
    if element == "Rows":
        with pytest.raises(DataError, match=r"it holds no image: 1 \(odd.dcm\), of 4 samples"):
            DicomFolder(tmp_path)
    else:  # found when it is decoded
        data = DicomFolder(tmp_path)
        with pytest.raises(DataError, match=r"odd.dcm' cannot be read, its pixels are damaged"):
            data[[record.id for record in data.records].index("odd.dcm")]
