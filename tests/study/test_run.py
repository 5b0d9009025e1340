"""A small study from beginning to end, stopped in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_xraynoise import study
from pytest_xraynoise.cli import main
from pytest_xraynoise.report.json import read_json
from pytest_xraynoise.training import words

PLAN = study.Plan(
    models=("resnet",),
    noises=("poisson",),
    denoisers=("median",),
    searched_noises=(),
    image_size=32,
    epochs=1,
    train_samples=16,
    samples=24,
)


class StoppedError(Exception):
    """What somebody does to a study."""


@pytest.fixture(scope="module", autouse=True)
def _few_held_out() -> Iterator[None]:
    """Few phantoms are drawn, as what is tested here is not how good a model gets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "HELD_OUT", {"classification": 32, "segmentation": 32})
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was stopped after its first ladder, and went on."""
    out = tmp_path_factory.mktemp("study") / "out"
    told: list[str] = []

    def stop(line: str) -> None:
        told.append(line)
        if line.startswith("[1/3]"):
            raise StoppedError

    with pytest.raises(StoppedError):
        study.run(PLAN, out, device="cpu", tell=stop)
    assert not (out / "results.json").exists()
    first = next((out / "ladders").iterdir())
    before = first.stat().st_mtime_ns
    lines: list[str] = []
    assert study.run(PLAN, out, device="cpu", tell=lines.append) == out
    assert first.stat().st_mtime_ns == before
    assert [line[:5] for line in lines if line.startswith("[")] == ["[2/3]", "[3/3]"]
    return out


def test_everything_is_there(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "plan.json",
        "models",
        "ladders",
        "results.json",
        "results.csv",
        "index.html",
        "tables.md",
        "tables.tex",
        "figures",
        "test_study.py",
    }
    tests = read_json(folder / "results.json").tests
    assert [test.nodeid for test in tests] == [
        "study/classification.py::resnet[clean, poisson, median in front]",
        "study/classification.py::resnet[clean, poisson]",
        "study/classification.py::resnet[robust, poisson]",
    ]
    text = (folder / "tables.md").read_text()
    assert "## Noise-robust training" in text
    assert "## Denoisers in front of the model" in text
    point = tests[1].result.breaking_point if tests[1].result else None
    assert point is not None  # told by the rungs alone
    assert not point.searched


def test_a_finished_study_only_writes_its_results_again(folder: Path) -> None:
    lines: list[str] = []
    before = (folder / "tables.md").read_bytes()
    study.run(PLAN, folder, device="cpu", tell=lines.append)
    assert lines == [f"results in {folder}"]
    assert (folder / "tables.md").read_bytes() == before


def test_a_damaged_ladder_is_measured_again(folder: Path) -> None:
    path = folder / "ladders" / "resnet-clean--poisson.json"
    before = json.loads(path.read_text())["tests"][0]["rungs"]
    path.write_text(path.read_text()[:100])
    study.run(PLAN, folder, device="cpu")
    after = json.loads(path.read_text())["tests"][0]["rungs"]
    assert after == before


def test_another_plan_needs_another_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "--out", str(folder), "--seed", "1"]) == 2
    assert "holds another study" in capsys.readouterr().err


def test_the_command_takes_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "--out", str(tmp_path / "s"), "--models", "resnett"]) == 2
    assert "did you mean 'resnet'" in capsys.readouterr().err
