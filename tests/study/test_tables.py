"""Tables, figures and the pytest file that follow from the ladders."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pytest_xraynoise.study.figures import write_figures
from pytest_xraynoise.study.limits_file import limit_of, limits_file
from pytest_xraynoise.study.plan import Cell
from pytest_xraynoise.study.tables import Table, latex, tables
from tests.study.ladders import measured

LADDERS = [
    measured(Cell("classification", "resnet", "clean", "gaussian"), [0.01, 0.123]),
    measured(Cell("classification", "resnet", "robust", "gaussian"), [0.0, 0.02], clean=0.88),
    measured(Cell("segmentation", "unet", "clean", "gaussian"), [0.2, 0.8], clean=0.95),
]


def _table(title: str) -> Table:
    return next(table for table in tables(LADDERS) if table.title == title)


def test_every_model_has_its_row() -> None:
    rows = _table("All models, trained on clean images").rows
    assert rows == (
        ("resnet", "classification", "AUROC", "0.900", "0.123 [0.103, 0.143]"),
        ("unet", "segmentation", "Dice", "0.950", "0.800 [0.780, 0.820]"),
    )


def test_robust_training_stands_beside_clean_training() -> None:
    (row,) = _table("Noise-robust training").rows
    assert row[:5] == ("resnet", "gaussian", "AUROC", "0.900", "0.880")
    assert row[5:7] == ("0.123 [0.103, 0.143]", "0.020 [0.000, 0.040]")


def test_rungs() -> None:
    rows = _table("Rung by rung").rows
    assert rows[1] == ("unet", "gaussian", "Dice", "0.950", "0.750", "0.150")


def test_what_is_special_to_latex_and_markdown_is_escaped() -> None:
    table = Table("50 % & more", "", ("a|b", "c_d"), (("x~y", r"\input{x}"),))
    text = table.to_latex()
    assert r"\caption{50 \% \& more}" in text
    assert r"x\textasciitilde{}y & \textbackslash{}input\{x\} \\" in text
    assert text.count("&") == text.count(r"\&") + 2
    assert r"| a\|b | c\_d |" in table.to_markdown()
    assert latex("a {b} ^ # $") == r"a \{b\} \textasciicircum{} \# \$"


def test_figures_are_pictures(tmp_path: Path) -> None:
    (path,) = write_figures(LADDERS, tmp_path / "figures")
    assert path.name == "curves-gaussian.png"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_pytest_file_takes_its_limits_from_the_best_model() -> None:
    source = limits_file(LADDERS)
    ast.parse(source)
    assert "@robust(noise='gaussian', max_auroc_drop={1: 0.02, 2: 0.04})" in source
    assert "@robust(noise='gaussian', max_dice_drop={1: 0.22, 2: 0.82})" in source
    assert "resnet, trained on robust images" in source


def test_the_pytest_file_is_collected(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_study=limits_file(LADDERS))
    pytester.makeconftest(
        "import pytest\n"
        "@pytest.fixture\ndef xray_model(): return None\n"
        "@pytest.fixture\ndef xray_dataset(): return None\n"
    )
    found = pytester.runpytest("--collect-only", "-q")
    found.stdout.fnmatch_lines(["*test_classification_gaussian*", "*test_segmentation_gaussian*"])


@pytest.mark.parametrize(("drop", "limit"), [(0.101, 0.13), (0.12, 0.14), (-0.5, 0.01)])
def test_limits_are_rounded_up(drop: float, limit: float) -> None:
    cell = Cell("classification", "resnet", "clean", "gaussian")
    result = measured(cell, [drop])[1].result
    assert result is not None
    assert limit_of(result, "auroc", 1) == pytest.approx(limit)


def test_limits_do_not_come_from_a_model_that_knows_nothing() -> None:
    good = measured(Cell("classification", "resnet", "clean", "gaussian"), [0.05, 0.2], clean=0.95)
    coin = measured(Cell("classification", "vit", "clean", "gaussian"), [0.0, 0.0], clean=0.51)
    assert "resnet, trained on clean images" in limits_file([coin, good])


def test_a_limit_is_one_at_most() -> None:
    result = measured(Cell("segmentation", "unet", "clean", "gaussian"), [0.99], clean=0.99)[1]
    assert result.result is not None
    assert limit_of(result.result, "dice", 1) == 1.0


def test_evidence_is_told_in_full() -> None:
    text = "n" * 400
    assert text in Table("Claims", "", ("evidence",), ((text,),)).to_markdown()


def test_a_weak_model_sets_no_limits() -> None:
    cell = Cell("classification", "vit", "clean", "gaussian")
    assert "vit" not in limits_file([*LADDERS, measured(cell, [0.0, 0.0], clean=0.69)])
