"""``xraynoise calibrate`` as a user sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pytest_xraynoise import noise
from pytest_xraynoise.cli import main
from tests.noise.calibration.simulated import OFFSET, Panel

QUANTA = (40.0, 200.0, 1000.0, 4000.0)
KERMA = [f"{quanta / (31077 * 0.139**2 * 0.65):.6g}" for quanta in QUANTA]
NAMES = [f"{level}{shot}.png" for level in "abcd" for shot in (1, 2)]
PITCH = ["--pixel-pitch", "0.139"]
WHOLE = ["--region", "1", "--resamples", "300"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(40)
    made = tmp_path_factory.mktemp("flats")
    for name, flat in zip(NAMES, Panel().flats(rng, QUANTA), strict=True):
        Image.fromarray(flat).save(made / name)
    for number, dark in enumerate(Panel().darks(rng, 2)):
        Image.fromarray(dark).save(made / f"dark{number}.tif")
    rows = [f"{name},{KERMA[i // 2]}" for i, name in enumerate(NAMES)]
    (made / "levels.csv").write_text("\n".join(["file,kerma_uGy", *reversed(rows)]))
    return made


@pytest.fixture
def out(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return tmp_path


def failed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["calibrate", *words]) == 2
    printed, error = capsys.readouterr()
    assert printed == ""
    assert error.startswith("xraynoise: error: ")
    assert error.count("\n") == 1
    return error


def test_flats_become_a_profile_that_noise_can_use(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, plot, everything = out / "panel.toml", out / "plot.png", out / "fit.json"
    words = [*NAMES, "--kerma", *KERMA, "--dark", "dark0.tif", "dark1.tif", *PITCH, *WHOLE]
    files = ["-o", str(profile), "--plot", str(plot), "--json", str(everything)]
    assert main(["calibrate", *words, *files]) == 0
    printed, told = capsys.readouterr()
    for part in ("gain", "readout noise", "structural noise", "efficiency", "95% interval"):
        assert part in printed
    assert "4 pairs of flat fields from 200 to" in printed
    assert "2 dark frames" in printed
    assert told.splitlines() == [f"wrote {path}" for path in (profile, everything, plot)]
    panel = noise.load_detector(profile)
    assert panel.name == "panel"
    assert panel.efficiency == pytest.approx(0.65, rel=0.08)
    assert panel.readout == pytest.approx(1500, rel=0.08)
    images = torch.full((1, 32, 32), 0.5)
    made = noise.add(images, "lowdose", dose=0.25, detector=str(profile), pixel_pitch=0.139)
    assert made.images.std() > 0
    assert json.loads(everything.read_text())["gain"]["low"] < 5 < 6
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert str(out.parent) not in profile.read_text()


def test_a_csv_of_levels_says_the_same(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--offset", str(OFFSET), *PITCH, *WHOLE]
    assert main(["calibrate", *NAMES, "--kerma", *KERMA, *common]) == 0
    listed = capsys.readouterr().out
    assert main(["calibrate", *NAMES, "--levels", "levels.csv", *common]) == 0
    assert capsys.readouterr().out == listed
    assert main(["calibrate", "--levels", "levels.csv", *common]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == listed.splitlines()[-1]


def test_without_pitch_and_kerma_it_stays_in_pixels(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", *NAMES[:4], "--offset", "100", *WHOLE]) == 0
    printed, told = capsys.readouterr()
    assert "pixel2" in printed
    assert "efficiency" not in printed
    assert told.startswith("warning: 2 exposure levels over a factor of 5")


def test_a_profile_is_not_overwritten_unless_forced(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = out / "mine.toml"
    profile.write_text("old")
    words = [*NAMES, "--kerma", *KERMA, "--offset", "100", *PITCH, *WHOLE, "-o", str(profile)]
    assert "is there already; --force overwrites it" in failed(words, capsys)
    assert profile.read_text() == "old"
    assert main(["calibrate", *words, "--force", "--name", "Room 3"]) == 0
    assert noise.load_detector(profile).name == "Room 3"
    assert list(out.iterdir()) == [profile]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "got 0 flat fields; expected pairs"),
        ([NAMES[0]], "got 1 flat field"),
        (NAMES[:3], "got 3 flat fields"),
        ([*NAMES[:4], "--kerma", "1"], "got 1 kerma for 2 pairs"),
        ([*NAMES[:4], "--kerma", "1", "2", "--quality", "RQA1"], "radiation quality 'RQA1'"),
        ([*NAMES[:4], "--kerma", "1", "2", "--levels", "levels.csv"], "not both"),
        ([*NAMES[:4], "--levels", "none.csv"], "cannot read levels"),
        (["a1.png", "none.png"], "cannot read flat field 'none.png': no such file"),
        (["a1.png", "a1.png"], "'a1.png' is named twice"),
        (["a1.png", "b1.png", "a2.png", "b2.png", *WHOLE], "taken as a pair"),
        ([*NAMES[:4], "--region", "0.5"], "holds 16 blocks"),
        ([*NAMES[:4], "--offset", "9999", *WHOLE], "after subtraction of the offset"),
        ([*NAMES[:4], "--name", "x"], "--name goes into a profile"),
        ([*NAMES[:4], "--efficiency", "0.5"], "--efficiency goes into a profile"),
        ([*NAMES[:4], "-o", "panel.json"], "ends in .toml"),
        ([*NAMES[:4], "--plot", "a1.png"], "would overwrite 'a1.png'"),
        ([*NAMES[:4], "--json", "."], "is a directory"),
        ([*NAMES[:4], *WHOLE, "-o", "p.toml"], "needs the pixel pitch in mm"),
        ([*NAMES[:4], *WHOLE, *PITCH, "-o", "p.toml"], "needs the efficiency"),
        (
            [*NAMES[:4], *WHOLE, *PITCH, "--kerma", "0.001", "0.005", "-o", "p.toml"],
            "from the kerma, pixel pitch and radiation quality",
        ),
    ],
)
def test_an_error_is_one_line_and_nothing_is_written(
    out: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    before = sorted(Path.cwd().iterdir())
    assert says in failed(words, capsys)
    assert sorted(Path.cwd().iterdir()) == before


def test_help_and_other_commands_load_nothing_heavy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--help"]) == 0
    assert "--pixel-pitch MM" in capsys.readouterr().out
    code = (
        "import sys; from pytest_xraynoise.cli import main; main(['noises']); "
        "print(sorted({'numpy', 'scipy', 'PIL', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")
