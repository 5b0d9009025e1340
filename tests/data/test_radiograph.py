from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pytest_xraynoise.data.radiograph import read_radiograph
from pytest_xraynoise.errors import DataError, SpecError

RAMP = np.linspace(0, 255, 48 * 40).round().astype(np.uint8).reshape(48, 40)


def saved(path: Path, array: npt.NDArray[Any]) -> Path:
    Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.pgm"])
def test_eight_bits_are_divided_by_255(tmp_path: Path, name: str) -> None:
    film = read_radiograph(saved(tmp_path / name, RAMP))
    assert film.pixels.dtype == np.float32
    assert np.array_equal(film.pixels, RAMP.astype(np.float32) / np.float32(255))
    assert (film.black, film.white, film.depth, film.notes) == (0, 255, "8 bit", ())


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npy"])
def test_sixteen_bits_are_divided_by_65535(tmp_path: Path, name: str) -> None:
    wide = RAMP.astype(np.uint16) * 257
    path = tmp_path / name
    np.save(path, wide) if name.endswith("npy") else saved(path, wide)
    film = read_radiograph(path)
    assert np.allclose(film.pixels, RAMP / 255, atol=1e-6)
    assert (film.white, film.depth) == (65535, "16 bit")


def test_jpeg_is_read(tmp_path: Path) -> None:
    film = read_radiograph(saved(tmp_path / "a.jpg", RAMP))
    assert np.abs(film.pixels - RAMP / 255).max() < 0.05


@pytest.mark.parametrize("shape", [(48, 40), (1, 48, 40), (48, 40, 1)])
def test_an_array_may_carry_one_channel(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", (RAMP / 255).reshape(shape))
    assert np.allclose(read_radiograph(tmp_path / "a.npy").pixels, RAMP / 255, atol=1e-7)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA", "LA"])
def test_grey_in_another_dress_is_grey(tmp_path: Path, mode: str) -> None:
    Image.fromarray(RAMP).convert(mode).save(tmp_path / "a.png")
    film = read_radiograph(tmp_path / "a.png")
    assert np.array_equal(film.pixels, RAMP.astype(np.float32) / np.float32(255))
    assert film.notes == (("transparency is ignored",) if mode in ("RGBA", "LA") else ())


def test_a_trace_of_colour_is_told_and_a_tint_is_refused(tmp_path: Path) -> None:
    low = RAMP // 2
    trace = np.stack([low, low, low + 3], -1)
    film = read_radiograph(saved(tmp_path / "trace.png", trace))
    assert "differ by up to 1.2%; their luma is used" in film.notes[0]
    assert np.allclose(film.pixels, (low + 3 * 0.114) / 255, atol=1e-6)
    tint = np.stack([low, low, low + 60], -1)
    with pytest.raises(DataError, match=r"is a colour image: .* 24% of full scale"):
        read_radiograph(saved(tmp_path / "tint.png", tint))


def test_few_of_the_levels_are_told(tmp_path: Path) -> None:
    twelve = saved(tmp_path / "a.tif", RAMP.astype(np.uint16) * 16)
    (note,) = read_radiograph(twelve).notes
    assert note.startswith("the values, 0 to 4080, use 6% of the full scale 0 to 65535")
    film = read_radiograph(twelve, (0, 4095))
    assert film.notes == ()
    assert (film.black, film.white) == (0, 4095)
    assert film.pixels.max() == pytest.approx(4080 / 4095)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 90), st.integers(1, 60), st.integers(2, 200))
def test_resizing_sets_the_longest_side_and_keeps_the_range(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, longest: int
) -> None:
    path = tmp_path_factory.mktemp("films") / "a.npy"
    np.save(path, np.random.default_rng(height * width).random((height, width)))
    film = read_radiograph(path)
    small = film.resized(longest)
    assert max(small.pixels.shape) == longest
    assert small.pixels.min() >= film.pixels.min() - 1e-6
    assert small.pixels.max() <= film.pixels.max() + 1e-6


def array(**bad: Any) -> npt.NDArray[Any]:
    values = RAMP / 255
    values[3, 4] = bad["value"]
    return values


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (array(value=np.nan), "1 of 1920 pixels of .* are NaN or infinite"),
        (array(value=np.inf), "1 of 1920 pixels of .* are NaN or infinite"),
        (array(value=4.5), "values from 0 to 4.5, outside the range 0 to 1 of float64; .*--range"),
        (RAMP.astype(np.int32), "values from 0 to 255 of int32, which has no full scale"),
        (np.zeros((1, 1)), "an image of 1 x 1 pixels; noise needs two at least"),
        (np.zeros((0, 4)), "an image of 0 x 4 pixels"),
        (np.zeros((2, 5, 5)), r"has the shape \(2, 5, 5\); expected one image"),
        (np.zeros(5), r"has the shape \(5,\)"),
        (np.array([{}]), "not a NumPy array of numbers"),
        (np.array(["x"]), "holds <U1; expected one image of real numbers"),
        (np.zeros((4, 4), complex), "holds complex128"),
    ],
)
def test_an_array_that_is_no_image_is_refused(
    tmp_path: Path, held: npt.NDArray[Any], says: str
) -> None:
    np.save(tmp_path / "a.npy", held, allow_pickle=True)
    with pytest.raises(DataError, match=says):
        read_radiograph(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"hello", "is not an image that can be read; expected PNG, JPEG"),
        ("a.png", b"", "is not an image that can be read"),
        ("a.npy", b"", "is not a NumPy array"),
        ("a.npz", b"PK\x05\x06" + bytes(18), "holds several arrays"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image"),
    ],
)
def test_a_file_that_is_no_image_is_refused(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_radiograph(tmp_path / name)


def test_a_truncated_image_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="is damaged: "):
        read_radiograph(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the image .*none.png': No such file"):
        read_radiograph(tmp_path / "none.png")
    with pytest.raises(DataError, match="Is a directory"):
        read_radiograph(tmp_path)


@pytest.mark.parametrize("value_range", [(1.0, 1.0), (2.0, 1.0), (0.0, float("nan"))])
def test_a_range_that_does_not_rise_is_refused(
    tmp_path: Path, value_range: tuple[float, float]
) -> None:
    path = saved(tmp_path / "a.png", RAMP)
    with pytest.raises(SpecError, match="expected two finite numbers, LOW below HIGH"):
        read_radiograph(path, value_range)


def test_values_outside_a_stated_range_are_never_cut(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", RAMP)
    with pytest.raises(DataError, match="values from 0 to 255, outside the range 0 to 100 given"):
        read_radiograph(path, (0, 100))


@pytest.mark.parametrize("longest", [1, 100_000])
def test_a_size_out_of_bounds_is_refused(tmp_path: Path, longest: int) -> None:
    film = read_radiograph(saved(tmp_path / "a.png", RAMP))
    with pytest.raises(SpecError, match="expected 2 to 16384 pixels"):
        film.resized(longest)


def dicom(path: Path, photometric: str = "MONOCHROME2", **extra: Any) -> Path:
    """A 12 bit projection of 48 x 40 pixels."""
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns = RAMP.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation, dataset.SamplesPerPixel = 0, 1
    dataset.PhotometricInterpretation = photometric
    for name, value in extra.items():
        setattr(dataset, name, value)
    dataset.PixelData = (RAMP.astype(np.uint16) * 16).tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_dicom_has_the_scale_of_its_stored_bits(tmp_path: Path) -> None:
    path = dicom(
        tmp_path / "film",
        ImagerPixelSpacing=["0.139", "0.139"],
        PixelSpacing=["0.1", "0.1"],
        PixelIntensityRelationship="LIN",
    )
    film = read_radiograph(path)
    assert np.allclose(film.pixels, RAMP * 16.0 / 4095, atol=1e-6)
    assert (film.black, film.white, film.depth) == (0, 4095, "12 bit DICOM")
    assert film.pixel_pitch == pytest.approx(0.139)
    assert film.linear is True
    assert film.resized(24).pixel_pitch == pytest.approx(0.278)


def test_dicom_that_shows_low_values_white_is_inverted(tmp_path: Path) -> None:
    film = read_radiograph(dicom(tmp_path / "a.dcm", "MONOCHROME1"))
    assert np.allclose(film.pixels, 1 - RAMP * 16.0 / 4095, atol=1e-6)
    assert (film.black, film.white) == (4095, 0)
    assert film.pixel_pitch is None
    assert film.linear is None
    assert film.notes == ("MONOCHROME1: inverted, so that 1 is white",)


def test_dicom_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pydicom")
    (tmp_path / "bad.dcm").write_bytes(bytes(128) + b"DICM" + b"garbage")
    with pytest.raises(DataError, match=r"the DICOM file .*bad.dcm' cannot be read: "):
        read_radiograph(tmp_path / "bad.dcm")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DataError, match="pip install pydicom"):
        read_radiograph(tmp_path / "bad.dcm")


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_tiff_that_shows_low_values_white_is_inverted(tmp_path: Path, dtype: type) -> None:
    values = np.linspace(0, 1, 12).reshape(3, 4)
    stored = (values * 65535).round().astype(np.uint16) if dtype is np.uint16 else values
    for photometric, expected in ((0, 1 - values), (1, values)):  # WhiteIsZero, BlackIsZero
        path = tmp_path / f"{photometric}.tif"
        Image.fromarray(stored.astype(dtype)).save(path, tiffinfo={262: photometric})
        film = read_radiograph(path)
        assert np.allclose(film.pixels, expected, atol=1e-5)
        note = ("WhiteIsZero: inverted, so that 1 is white",)
        assert film.notes == (() if photometric else note)
