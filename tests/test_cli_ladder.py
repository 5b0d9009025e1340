from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pytest_xraynoise import noise
from pytest_xraynoise.cli import main
from pytest_xraynoise.cli_commands.ladder_plan import Wish, planned
from pytest_xraynoise.errors import SpecError

FILM = np.linspace(0, 255, 64 * 48).round().astype(np.uint8).reshape(64, 48)
UNIT = torch.from_numpy(FILM.astype(np.float32) / np.float32(255))[None]
Run = Callable[..., tuple[str, str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Image.fromarray(FILM).save("chest.png")
    return tmp_path


@pytest.fixture
def ladder(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command on words; exit code 0, and what it printed."""

    def run(*words: str) -> tuple[str, str]:
        assert main(["ladder", *words]) == 0
        return capsys.readouterr()

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command on words that are wrong; what it said, nothing being written."""

    def run(*words: str) -> str:
        before = sorted(Path().rglob("*"))
        assert main(["ladder", *words]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert sorted(Path().rglob("*")) == before
        return err

    return run


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_picture_the_table_and_what_is_said(ladder: Run) -> None:
    out, err = ladder("chest.png")
    assert err == "xraynoise: wrote xraynoise-ladder.png\n"
    lines = out.splitlines()
    assert lines[0].startswith("poisson, ladder imagenet-c: quantum (shot) noise")
    assert [line.split()[0] for line in lines if "photons at white  " in line] == list("12345")
    assert "severity 1: at a pixel pitch of 7.292 mm about 1/70,000 of a 2.5 uGy exposure" in out
    with Image.open("xraynoise-ladder.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 6 * 48


def test_the_figures_are_those_of_add(ladder: Run) -> None:
    out, _ = ladder("chest.png", "--noise", *noise.names(), "--format", "csv", "--seed", "3")
    rows = rows_of(out)
    for name in noise.names():
        mine = [row for row in rows if row["noise"] == name]
        assert [int(row["severity"]) for row in mine] == [0, 1, 2, 3, 4, 5]
        for row in mine[1:]:
            made = noise.add(UNIT, name, severity=int(row["severity"]), seed=3)
            assert float(row["clipped"]) == float(made.clipped[0])
            assert float(row["mean_shift"]) == float(made.mean_shift[0])
            added = (made.images - UNIT)[0].double().std(correction=0)
            assert float(row["noise_sd"]) == pytest.approx(float(added), rel=1e-5)
            rung = noise.ladder(name).rung(int(row["severity"]))
            assert (float(row["parameter"]), row["unit"]) == (rung.parameter, rung.unit)


@pytest.mark.parametrize("name", noise.names())
def test_every_noise_draws(ladder: Run, name: str) -> None:
    out, _ = ladder("chest.png", "--noise", name, "--severities", "2", "-o", "one.png")
    assert name in out
    with Image.open("one.png") as picture:
        assert len(np.unique(np.asarray(picture))) > 50


def test_rungs_of_ones_own_in_the_order_given(ladder: Run) -> None:
    out, _ = ladder("chest.png", "--photons", "1000", "200", "50", "--format", "csv")
    rows = rows_of(out)
    assert [row["parameters"] for row in rows[1:]] == [
        "photons=1000.0", "photons=200.0", "photons=50.0",
    ]  # fmt: skip
    assert {row["ladder"] for row in rows} == {"custom"}
    made = noise.add(UNIT, "poisson", photons=50)
    assert float(rows[3]["mean_shift"]) == float(made.mean_shift[0])


def test_each_noise_takes_the_parameters_that_are_its_own(ladder: Run) -> None:
    words = ["--noise", "poisson", "gaussian", "speckle", "--photons", "9", "--sigma", "0.1", "0.2"]
    out, _ = ladder("chest.png", *words, "--format", "csv")
    said = [(r["noise"], r["parameter"]) for r in rows_of(out) if r["severity"] != "0"]
    assert said == [
        ("poisson", "9.0"),
        ("gaussian", "0.1"), ("gaussian", "0.2"),
        ("speckle", "0.1"), ("speckle", "0.2"),
    ]  # fmt: skip


def test_a_named_ladder_and_some_of_its_severities(ladder: Run) -> None:
    words = ["--ladder", "medmnist-c-chest", "--severities", "3", "1", "3"]
    out, _ = ladder("chest.png", *words, "--format", "csv")
    assert [(r["severity"], r["parameter"]) for r in rows_of(out)] == [
        ("0", ""), ("3", "18.0"), ("1", "60.0"),
    ]  # fmt: skip


def test_settings_and_a_pixel_pitch_reach_the_noise(ladder: Run) -> None:
    words = ["--noise", "lowdose", "poisson", "--set", "detector=csi-0.200"]
    words += ["--set", "response=linear", "--set", "correlate=no", "--set", "source_noise=none"]
    words += ["--set", "kerma=0.5", "--dose", "0.25", "--pixel-pitch", "0.2", "--format", "csv"]
    out, _ = ladder("chest.png", *words)
    lowdose, poisson = (r for r in rows_of(out) if r["severity"] == "1")
    settings: dict[str, Any] = {"detector": "csi-0.200", "response": "linear"}
    settings |= {"source_noise": "none", "kerma": 0.5, "correlate": False, "pixel_pitch": 0.2}
    made = noise.add(UNIT, "lowdose", dose=0.25, **settings)
    assert float(lowdose["clipped"]) == float(made.clipped[0])
    added = (made.images - UNIT)[0].double().std(correction=0)
    assert float(lowdose["noise_sd"]) == pytest.approx(float(added), rel=1e-5)
    assert "csi-0.200" in lowdose["reading"]
    assert "at a pixel pitch of 0.2 mm" in poisson["reading"]


def test_a_pitch_may_be_a_setting_too() -> None:
    wish = Wish(["quantum"], None, None, {}, {}, 0.3)
    assert planned(wish, 48)[0].kind == noise.get("quantum").configured(pixel_pitch=0.3)
    assert planned(Wish(["quantum"], None, None, {}, {}), 48)[0].kind == noise.get("quantum")


def test_dose_in_the_words_of_a_dose_report(ladder: Run) -> None:
    words = ["--noise", "lowdose", "--deviation-index", "-3", "-10", "--format", "csv"]
    out, _ = ladder("chest.png", *words)
    rows = rows_of(out)[1:]
    assert [(float(r["parameter"]), r["unit"]) for r in rows] == [
        (-3, "deviation index"), (-10, "deviation index"),
    ]  # fmt: skip
    assert rows[1]["parameters"] == "dose=0.1"


def test_json_holds_what_the_table_shows_and_how_it_came(ladder: Run) -> None:
    out, err = ladder(
        "chest.png", "--json", "deep/a.json", "--format", "csv", "--seed", "5", "--size", "32",
        "--noise", "quantum", "--set", "response=linear",
    )  # fmt: skip
    assert err == "xraynoise: wrote xraynoise-ladder.png and deep/a.json\n"
    document = json.loads(Path("deep/a.json").read_text("utf-8"))
    assert document["schema_version"] == 1
    assert (document["image"], document["shape"], document["seed"]) == ("chest.png", [32, 24], 5)
    assert (document["black"], document["white"], document["resized"]) == (0, 255, True)
    assert document["pixel_pitch"] is None
    for rung, row in zip(document["rungs"], rows_of(out), strict=True):
        assert rung["settings"] == {"response": "linear"}
        assert rung["noise_sd"] == float(row["noise_sd"])
        assert str(rung["severity"]) == row["severity"]
        assert rung["reading"] == row["reading"]


def test_noise_comes_after_the_resize(ladder: Run) -> None:
    small, _ = ladder("chest.png", "--size", "16", "--photons", "60", "--format", "csv")
    full, _ = ladder("chest.png", "--photons", "60", "--format", "csv")
    sd = [float(rows_of(text)[1]["noise_sd"]) for text in (small, full)]
    assert sd[0] == pytest.approx(sd[1], rel=0.25)  # averaged away, it would be a quarter


def test_a_range_makes_the_image_brighter(ladder: Run) -> None:
    dim = (FILM.astype(np.uint16)) * 16
    Image.fromarray(dim).save("dim.tif")
    _, err = ladder("dim.tif")
    assert err.startswith("xraynoise: note: the values, 0 to 4080, use 6% of the full scale")
    _, err = ladder("dim.tif", "--range", "0", "4095")
    assert "note" not in err


def test_markdown_and_narrow_terminals(ladder: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = ladder("chest.png", "--format", "markdown")
    assert "| 1 | 60 photons at white |" in out
    for columns in (40, 64, 132):
        monkeypatch.setenv("COLUMNS", str(columns))
        out, _ = ladder("chest.png", "--noise", "poisson+gaussian", "electronic")
        assert max(map(len, out.splitlines())) <= columns
        assert out.isascii()


@pytest.mark.parametrize("ending", ["pdf", "svg", "PNG"])
def test_the_ending_decides_the_format(ladder: Run, ending: str) -> None:
    ladder("chest.png", "--severities", "1", "-o", f"a.{ending}")
    start = {"pdf": b"%PDF", "svg": b"<?xml", "PNG": b"\x89PNG"}[ending]
    assert Path(f"a.{ending}").read_bytes().startswith(start)


def test_the_detail_alone_and_where_one_wants_it(ladder: Run) -> None:
    sizes = []
    for words in ([], ["--crop"], ["--crop", "--crop-size", "16", "--crop-at", "8", "8"]):
        ladder("chest.png", *words, "-o", "a.png")
        with Image.open("a.png") as picture:
            sizes.append(np.asarray(picture).tobytes())
    assert len(set(sizes)) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.png"], "cannot read the image 'none.png': No such file"),
        (["text.png"], "'text.png' is not an image that can be read"),
        (["colour.png"], "'colour.png' is a colour image"),
        (["one.png"], "an image of 1 x 1 pixels; noise needs two at least"),
        (["nan.npy"], "1 of 16 pixels of 'nan.npy' are NaN or infinite"),
        (["chest.png", "--noise", "poison"], "unknown noise 'poison'; did you mean 'poisson'?"),
        (["chest.png", "--ladder", "imagenet"], "did you mean 'imagenet-c'?"),
        (["chest.png", "--severities", "7"], "severity 7 is not on ladder 'imagenet-c'"),
        (["chest.png", "--fotons", "7"], "unknown option --fotons; did you mean --photons?"),
        (["chest.png", "--sigma", "1"], "unknown parameter of noise poisson: 'sigma'"),
        (["chest.png", "--photons", "0"], "photons=0.0: expected a finite number of at least"),
        (["chest.png", "--photons", "5", "--ladder", "imagenet-c"], "exclude each other"),
        (["chest.png", "--noise", "electronic", "--dose", "1"], "a setting: --set dose=VALUE"),
        (["chest.png", "--noise", "poisson+gaussian", "--photons", "5"], "missing: sigma"),
        (["chest.png", "--set", "detector"], "--set detector: expected NAME=VALUE"),
        (["chest.png", "--set", "a=1", "--set", "a=2"], "--set a: given twice"),
        (
            ["chest.png", "--noise", "quantum", "--set", "detektor=x"],
            "unknown setting of noise quantum: 'detektor'; did you mean 'detector'?",
        ),
        (["chest.png", "--noise", "quantum", "--set", "detector=x"], "unknown detector 'x'"),
        (["chest.png", "--noise", "quantum", "--set", "latitude=x"], "expected a number"),
        (["chest.png", "--noise", "quantum", "--set", "correlate=x"], "expected yes or no"),
        (["chest.png", "--noise", "quantum", "--set", "kerma=1"], "needs pixel_pitch="),
        (["chest.png", "--pixel-pitch", "0"], "pixel_pitch=0.0: expected a finite number"),
        (["chest.png", "--set", "pixel_pitch=x"], "pixel_pitch=x: expected a number of mm"),
        (["chest.png", "--set", "pixel_pitch=1", "--pixel-pitch", "1"], "give one of them"),
        (["chest.png", "--size", "1"], "expected 2 to 16384 pixels"),
        (["chest.png", "--seed", "-1"], "seed=-1: expected a whole number from 0"),
        (["chest.png", "--range", "9", "1"], "expected two finite numbers, LOW below HIGH"),
        (["chest.png", "--crop-at", "99", "1"], "around column 99, row 1"),
        (["chest.png", "--crop-size", "99"], "a detail of 99 pixels"),
        (["chest.png", "-o", "a.gif"], "unknown format of a picture 'gif'"),
        (["chest.png", "-o", "text.png/a.png"], "text.png' is a file, not a directory"),
        (["chest.png", "--json", "."], "is a directory"),
        (["chest.png", "-o", "./chest.png"], "would overwrite 'chest.png'"),
        (["chest.png", "-o", "a.png", "--json", "a.png"], "'a.png' would overwrite 'a.png'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    refused: Callable[..., str], words: list[str], says: str
) -> None:
    Path("text.png").write_text("hello")
    colour = np.stack([FILM, FILM[::-1], FILM], -1)
    Image.fromarray(colour).save("colour.png")
    Image.fromarray(FILM[:1, :1]).save("one.png")
    broken = np.full((4, 4), 0.5)
    broken[1, 2] = np.nan
    np.save("nan.npy", broken)
    said = refused(*words)
    assert says in " ".join(said.split())
    assert "Traceback" not in said


def test_a_picture_that_is_there_is_replaced_in_one_step(
    ladder: Run, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.png").write_bytes(b"old")
    refused("chest.png", "--severities", "9", "-o", "a.png")
    assert Path("a.png").read_bytes() == b"old"
    ladder("chest.png", "-o", "a.png")
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in Path().iterdir()) == ["a.png", "chest.png"]


def test_help_names_every_parameter_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for name in noise.names():
        for parameter in noise.get(name).parameters:
            assert f"--{parameter.keyword.replace('_', '-')} VALUE" in out
            assert parameter.unit in out


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pytest_xraynoise.cli import main; main(['ladder', '--help']); "
        "print(sorted({'torch', 'numpy', 'matplotlib', 'PIL', 'pytest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")


def test_an_unknown_noise_is_told_by_the_plan() -> None:
    with pytest.raises(SpecError, match="did you mean 'gaussian'"):
        planned(Wish(["gausian"], None, None, {}, {}), 10)
