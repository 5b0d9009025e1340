"""The ladder command on real films: DICOM of a computed radiography system, and PNG."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from pytest_xraynoise.cli import main
from pytest_xraynoise.data.radiograph import read_radiograph


@pytest.mark.parametrize(
    ("name", "bits", "shape"),
    [("RG1_J2KI", 15, (1955, 1841)), ("RG3_J2KR", 10, (1760, 1760))],
)
def test_a_dicom_film_is_shown_as_it_is_read_by_people(
    real_data: Path, name: str, bits: int, shape: tuple[int, int]
) -> None:
    pytest.importorskip("pydicom")
    film = read_radiograph(real_data / "dicom" / f"{name}.dcm")
    assert film.pixels.shape == shape
    assert (film.black, film.white) == (2**bits - 1, 0)
    assert "MONOCHROME1: inverted, so that 1 is white" in film.notes
    assert film.pixels.mean() > 0.5  # most of a film lets little through, and that is white


def test_a_lower_dose_shows_more_noise_on_a_chest(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image = sorted((real_data / "lungs" / "images").glob("*.png"))[0]
    words = ["ladder", str(image), "--noise", "lowdose", "--json", "a.json", "-o", "a.png"]
    assert main(words) == 0
    sd = [rung["noise_sd"] for rung in json.loads(Path("a.json").read_text())["rungs"]]
    assert sd == sorted(sd)
    assert sd[-1] > 5 * sd[1] > 0
    with Image.open("a.png") as picture:
        assert picture.width > 2000
