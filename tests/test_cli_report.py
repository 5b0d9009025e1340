"""``xraynoise report``: every format from the JSON alone."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml

from pytest_xraynoise.cli import main
from pytest_xraynoise.report import formats
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.json import schema, write_json
from tests.report.factory import ENVIRONMENT, classifier, judged, segmenter
from tests.report.factory import document as full_document


@cache
def document() -> Document:
    """Smaller than the factory's: three measured tests are as good as fifty for the formats."""
    return Document(
        ENVIRONMENT,
        (
            judged(classifier(samples=60, strips=1), "max_auroc_drop=0.05", nodeid="a.py::test_a"),
            full_document().tests[3],
            judged(segmenter(samples=2, strips=1), "max_dice_drop=0.1", nodeid="a.py::test_b"),
        ),
    )


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    write_json(document(), "results.json")
    return "results.json"


@pytest.mark.parametrize("name", formats.FORMATS)
def test_a_format_has_its_file(results: str, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = Path(formats.FORMATS[name].path)
    assert main(["report", results, f"--format={name}"]) == 0
    assert capsys.readouterr().out == f"wrote {path} (3 tests)\n"
    assert path.read_text("utf-8") == formats.render(name, document())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("deep/a.html", "html"), ("a.csv", "csv"), ("a.JSON", "json"), ("a.md", "markdown"),
        ("a.htm", "html"), ("a", "html"),
    ],
)  # fmt: skip
def test_the_suffix_tells_the_format(results: str, path: str, name: str) -> None:
    assert main(["report", results, "-o", path]) == 0
    assert Path(path).read_text("utf-8") == formats.render(name, document())


def test_the_word_outranks_the_suffix(results: str) -> None:
    assert main(["report", results, "-o", "card.html", "--format", "model-card"]) == 0
    assert Path("card.html").read_text("utf-8").startswith("---\nmodel-index:")


def test_standard_output_is_the_report_and_nothing_else(
    results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    words = [sys.executable, "-m", "pytest_xraynoise.cli", "report", results, "-o", "-"]
    done = subprocess.run([*words, "--format=csv"], check=True, capture_output=True)
    assert done.stdout.decode("utf-8") == formats.render("csv", document())
    assert done.stderr == b""
    assert "5 µGy" in formats.render("model-card", document())
    done = subprocess.run([*words, "--format=model-card"], check=True, capture_output=True)
    assert done.stdout.decode("utf-8") == formats.render("model-card", document())


def test_what_is_drawn_can_be_read(results: str) -> None:
    for name in ("csv", "json", "model-card"):
        assert main(["report", results, f"--format={name}"]) == 0
    assert len(pd.read_csv("xraynoise-report.csv")) == 6 * (7 + 1) + 1 + 6 * 3
    jsonschema.validate(json.loads(Path("xraynoise-report.json").read_text()), schema())
    block = Path("xraynoise-model-card.md").read_text("utf-8").split("---\n")[1]
    assert len(yaml.safe_load(block)["model-index"]) == 2


def test_a_bad_format_is_named(results: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", results, "--format=pdf"]) == 2
    err = capsys.readouterr().err
    assert "'pdf'" in err
    assert "model-card" in err


def test_a_card_of_nothing_is_an_error(results: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(Document({}, ()), "empty.json")
    assert main(["report", "empty.json", "--format=model-card"]) == 2
    assert "nothing for a model card" in capsys.readouterr().err
    assert not Path("xraynoise-model-card.md").exists()


def test_the_results_are_not_overwritten_by_a_damaged_one(
    results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.json").write_text("{")
    Path("report.csv").write_text("old")
    assert main(["report", "bad.json", "-o", "report.csv"]) == 2
    assert "bad.json' is not valid JSON" in capsys.readouterr().err
    assert Path("report.csv").read_text() == "old"
