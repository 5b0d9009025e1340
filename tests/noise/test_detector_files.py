"""Detector profiles in files of a user's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError

GOOD = """
["panel"]
pixel_pitch = 0.139
efficiency = 0.6
gain = 1000
readout = 2000.0
mtf = 0.2
"""


def written(folder: Path, text: str, name: str = "panel.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_path_is_as_good_as_a_name(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + 'source = "measured"\nstructural = 0.01\n[panel.fit]\nx = 1\n')
    panel = noise.load_detector(path)
    assert panel == noise.Detector(
        "panel", 0.139, 0.6, 1000, 2000.0, 0.2, source="measured", structural=0.01
    )
    assert noise.detector(path) is panel
    assert noise.detector(Path(path)) is panel
    images = torch.full((1, 32, 32), 0.5)
    by_path = noise.add(images, "lowdose", dose=0.25, detector=path, pixel_pitch=0.139)
    by_panel = noise.add(images, "lowdose", dose=0.25, detector=panel, pixel_pitch=0.139)
    assert torch.equal(by_path.images, by_panel.images)
    other = noise.add(images, "lowdose", dose=0.25, pixel_pitch=0.139)
    assert not torch.equal(by_path.images, other.images)


def test_a_built_in_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, GOOD, "csi-0.139")
    assert noise.detector("csi-0.139").readout == 1500


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert noise.load_detector(path).readout == 2000
    written(tmp_path, GOOD.replace("2000.0", "2500.0"))
    os.utime(path, ns=(1, 1))
    assert noise.load_detector(path).readout == 2500


def test_one_of_several_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + GOOD.replace("panel", "other").replace("0.6", "0.5"))
    assert noise.load_detector(path, "other").efficiency == 0.5
    with pytest.raises(SpecError, match=r"holds 2 detectors \(panel, other\)"):
        noise.detector(path)
    with pytest.raises(SpecError, match="did you mean 'panel'"):
        noise.load_detector(path, "panle")


def test_an_unknown_name_shows_the_nearest_and_the_way_to_a_file() -> None:
    with pytest.raises(SpecError, match=r"did you mean 'csi-0.139'.*or the path of a profile file"):
        noise.detector("csi-0.13")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (GOOD.replace("readout", "redout"), "unknown key 'redout'; did you mean 'readout'"),
        (GOOD.replace("readout = 2000.0", ""), "'panel' lacks readout"),
        (GOOD.replace("2000.0", '"2000"'), "readout = '2000'; expected a number"),
        (GOOD.replace("2000.0", "true"), "readout = True; expected a number"),
        (GOOD.replace("2000.0", "nan"), "readout=nan"),
        (GOOD.replace("0.6", "1.6"), "efficiency=1.6"),
        (GOOD + "quality = 9", "quality = 9; expected text in quotes"),
        (GOOD + "structural = -0.1", "structural=-0.1"),
        (GOOD.replace('["panel"]', ""), "'pixel_pitch' stands outside a table"),
        (GOOD.replace("=", ":"), "cannot read detector profile"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(NoiseError, match=match):
        noise.detector(written(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        NoiseError, match=r"cannot read detector profile 'none\.toml': No such file"
    ):
        noise.detector("none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(NoiseError, match="cannot read detector profile"):
        noise.load_detector(tmp_path / "bytes.toml")
    with pytest.raises(SpecError, match=r"holds 0 detectors \(none\)"):
        noise.load_detector(written(tmp_path, ""))
