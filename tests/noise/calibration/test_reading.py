"""Files of flat fields, and of exposure levels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pytest_xraynoise.errors import DataError
from pytest_xraynoise.noise.calibration import read_flat, read_levels

GREY = np.random.default_rng(0).integers(0, 65535, (40, 50), dtype=np.uint16)


def dicom(path: Path, **changes: Any) -> Path:
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1.1"
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.Rows, data.Columns = GREY.shape
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation, data.SamplesPerPixel = 15, 0, 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.PixelIntensityRelationship = "LIN"
    data.ImagerPixelSpacing = [0.139, 0.139]
    data.PixelData = GREY.tobytes()
    for name, value in changes.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def test_pictures_and_arrays_keep_their_values(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(GREY).save(tmp_path / "a.tif")
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "float.tif")
    np.save(tmp_path / "a.npy", GREY)
    for path in tmp_path.iterdir():
        flat = read_flat(path)
        assert np.array_equal(flat.pixels, GREY), path
        assert flat.pixel_pitch is None
    assert read_flat(GREY).pixels is GREY


def test_dicom_brings_its_pitch_and_rises_with_exposure(tmp_path: Path) -> None:
    flat = read_flat(dicom(tmp_path / "a.dcm"))
    assert np.array_equal(flat.pixels, GREY)
    assert flat.pixel_pitch == 0.139
    unnamed = dicom(tmp_path / "IM0001", PixelIntensityRelationshipSign=-1)
    assert np.array_equal(read_flat(unnamed).pixels, 65535 - GREY.astype(int))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"PixelIntensityRelationship": "LOG"}, "states PixelIntensityRelationship LOG"),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, "0.1 x 0.2 mm"),
        ({"PixelData": b"\0" * 100}, "cannot read flat field"),
    ],
)
def test_bad_dicom(tmp_path: Path, changes: dict[str, Any], match: str) -> None:
    with pytest.raises(DataError, match=match):
        read_flat(dicom(tmp_path / "a.dcm", **changes))


def test_dicom_without_pydicom_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.dcm").write_bytes(b"\0" * 128 + b"DICM")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DataError, match="pip install pydicom"):
        read_flat(tmp_path / "a.dcm")


def test_bad_files_are_one_clear_error(tmp_path: Path) -> None:
    def check(name: str, match: str) -> None:
        with pytest.raises(DataError, match=match):
            read_flat(tmp_path / name)

    check("none.png", "no such file")
    check(".", "is a directory")
    (tmp_path / "text.png").write_text("no picture")
    check("text.png", "cannot read flat field")
    Image.fromarray(GREY).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    check("cut.png", "cannot read flat field")
    Image.fromarray(GREY).save(tmp_path / "whole.tif")
    (tmp_path / "cut.tif").write_bytes((tmp_path / "whole.tif").read_bytes()[:2000])
    check("cut.tif", "cannot read flat field")
    Image.new("RGB", (40, 50)).save(tmp_path / "colour.png")
    check("colour.png", r"not grey \(mode RGB\)")
    pages = [Image.fromarray(GREY), Image.fromarray(GREY)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    check("pages.tif", "holds 2 frames")
    np.save(tmp_path / "three.npy", np.zeros((2, 3, 4)))
    check("three.npy", r"shape \(2, 3, 4\)")
    np.save(tmp_path / "complex.npy", np.zeros((3, 4), dtype=complex))
    check("complex.npy", "holds complex128")
    np.save(tmp_path / "nan.npy", np.full((3, 4), np.nan))
    check("nan.npy", "NaN or infinity")
    np.save(tmp_path / "object.npy", np.array([[{}]]), allow_pickle=True)
    check("object.npy", "allow_pickle")
    np.save(tmp_path / "empty.npy", np.zeros((0, 4)))
    check("empty.npy", r"shape \(0, 4\)")


def test_levels_pair_the_files_of_each_exposure(tmp_path: Path) -> None:
    table = tmp_path / "levels.csv"
    table.write_text("file, kerma_uGy,note\nb1,2.5,x\na1,0.5,\nb2,2.5,\na2,0.50,\n")
    levels = read_levels(table)
    assert levels.files == tuple(tmp_path / name for name in ("a1", "a2", "b1", "b2"))
    assert levels.kerma == (0.5, 2.5)
    some = read_levels(table, ["deep/b2", "deep/b1"])
    assert some.files == (Path("deep/b2"), Path("deep/b1"))
    assert some.kerma == (2.5,)


@pytest.mark.parametrize(
    ("text", "files", "match"),
    [
        ("file,kerma\na,1\n", (), "is 'kerma' meant"),
        ("", (), "has the columns none"),
        ("file,kerma_uGy\n", (), "no rows"),
        ("file,kerma_uGy\na,x\n", (), "line 2: kerma_uGy 'x'"),
        ("file,kerma_uGy\na,1\nb,-1\n", (), "line 3: kerma_uGy '-1'"),
        ("file,kerma_uGy\na,1\nb\n", (), "line 3: kerma_uGy None"),
        ("file,kerma_uGy\na,1\nb,1\nc,2\n", (), r"1 files at 2 uGy \(c\)"),
        ("file,kerma_uGy\nflat1,1\nflat2,1\n", ("x/flat1", "x/flat3"), "did you mean 'flat"),
    ],
)
def test_bad_levels(tmp_path: Path, text: str, files: tuple[str, ...], match: str) -> None:
    (tmp_path / "levels.csv").write_text(text)
    with pytest.raises(DataError, match=match):
        read_levels(tmp_path / "levels.csv", files)


def test_levels_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read levels"):
        read_levels(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot read levels"):
        read_levels(tmp_path / "bytes.csv")
