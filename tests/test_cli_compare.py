"""``xraynoise compare`` on reports and baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_xraynoise.cli import main
from pytest_xraynoise.judge.baseline import entry_of
from pytest_xraynoise.report.baseline_file import write_baseline
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.json import write_json
from pytest_xraynoise.results import LadderResult, TestRecord
from tests.judge.measured import multilabel, segmentation

GOOD, WORSE = multilabel(2.0, model=1), multilabel(1.4, model=2)


def report(path: Path, spec: int = 2, **results: LadderResult | None) -> str:
    """A JSON report with these tests."""
    tests = [
        TestRecord(f"t.py::{name}", "passed" if r else "error", result=r)
        for name, r in sorted(results.items())
    ]
    write_json(Document({"noise_spec": spec, "packages": {"pytest-xraynoise": "1"}}, tests), path)
    return str(path)


def saved(path: Path, **results: LadderResult) -> str:
    """A baseline with these tests."""
    entries = {
        f"t.py::{name}": entry_of(f"t.py::{name}", r, library="1", noise_spec=2)
        for name, r in results.items()
    }
    write_baseline(path, entries)
    return str(path)


def compare(*words: str) -> int:
    return main(["compare", *words])


@pytest.mark.parametrize("kind", [report, saved])
@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([], 0),
        (["--fail", "auroc:0.01", "dice:2.5%"], 1),
        (["--fail", "auroc:0.9"], 0),
        (["--fail", "auroc:0.9", "--fail", "auroc@1:0.001"], 1),
        (["--fail", "dice:2.5%"], 2),
    ],
)
def test_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: Any, rules: list[str], code: int
) -> None:
    a, b = kind(tmp_path / "a.json", one=GOOD), report(tmp_path / "b.json", one=WORSE)
    assert compare(a, b, *rules) == code
    out = capsys.readouterr().out
    assert "baseline" in out
    assert ("REGRESSED" in out) is (code == 1)
    assert f"1 compared, {int(code == 1)} regressed" in out


def test_the_table_shows_both_numbers_and_the_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (report(tmp_path / f"{n}.json", one=r) for n, r in (("a", GOOD), ("b", WORSE)))
    assert compare(a, b, "--fail", "auroc@1:0.01") == 1
    row = next(
        line.split() for line in capsys.readouterr().out.splitlines() if "REGRESSED" in line[20:]
    )
    values = [r.metric("auroc").value(severity=1) for r in (GOOD, WORSE)]
    assert row[:5] == ["AUROC", "1", *(f"{v:.3f}" for v in values), f"{values[1] - values[0]:.3f}"]


def test_a_model_against_itself_and_lower_dice(tmp_path: Path) -> None:
    a = report(tmp_path / "a.json", one=GOOD, lungs=segmentation(0.9))
    b = report(tmp_path / "b.json", one=GOOD, lungs=segmentation(0.8))
    assert compare(a, a, "--fail", "auroc:0", "dice:0") == 0
    assert compare(a, b, "--fail", "auroc:0", "dice:2.5%") == 1


def test_what_cannot_be_compared_is_two_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = report(tmp_path / "a.json", one=GOOD, two=GOOD)
    other = multilabel(seed=1)
    b = report(tmp_path / "b.json", one=GOOD, two=other)
    assert compare(a, b, "--fail", "auroc:0.01") == 2
    out, err = capsys.readouterr()
    assert "t.py::two cannot be compared" in err
    assert "other data" in err
    assert "1 compared, 0 regressed, 1 not comparable" in out
    b = report(tmp_path / "b.json", one=WORSE, two=other)
    assert compare(a, b, "--fail", "auroc:0.01") == 1, "a regression is one"
    assert compare(a, report(tmp_path / "c.json", spec=3, one=GOOD)) == 2
    assert "version 3 of the noise" in capsys.readouterr().err


def test_tests_on_one_side_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = report(tmp_path / "a.json", one=GOOD, old=GOOD, hurt=GOOD)
    b = report(tmp_path / "b.json", one=GOOD, new=GOOD, hurt=None)
    assert compare(a, b) == 2, "a test that crashed is not compared"
    err = capsys.readouterr().err
    assert f"{a} lacks t.py::new" in err
    assert f"{b} lacks t.py::old" in err
    assert f"{b} lacks t.py::hurt (there it ended as: error)" in err
    assert compare(a, b, "--missing", "fail") == 1
    assert compare(a, b, "--missing", "skip") == 0
    gone = report(tmp_path / "gone.json", one=GOOD, hurt=GOOD)
    assert compare(a, gone) == 0
    assert compare(a, gone, "--missing", "fail") == 1
    assert compare(a, report(tmp_path / "c.json", other=GOOD)) == 2
    assert "no measured test in common" in capsys.readouterr().err


def test_a_report_without_scores_is_compared_by_its_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (report(tmp_path / f"{n}.json", one=r) for n, r in (("a", GOOD), ("b", WORSE)))
    for path in (a, b):
        data = json.loads(Path(path).read_text())
        data["tests"][0]["scores"] = {}
        Path(path).write_text(json.dumps(data))
    assert compare(a, b, "--fail", "auroc:0.01") == 1
    assert "as if the two runs were independent" in capsys.readouterr().out


def test_nan_scores_and_values_are_no_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (report(tmp_path / f"{n}.json", one=GOOD) for n in "ab")
    data = json.loads(Path(b).read_text())
    data["tests"][0]["scores"]["1"] = [[None] * 3] * 200
    data["tests"][0]["rungs"][1]["metrics"]["auroc"]["value"] = None
    Path(b).write_text(json.dumps(data))
    assert compare(a, b, "--fail", "auroc:0.01") == 2
    assert "auroc at severity 1 is not defined now" in capsys.readouterr().err


def test_the_mode_of_deciding(tmp_path: Path) -> None:
    a, b = (report(tmp_path / f"{n}.json", one=r) for n, r in (("a", GOOD), ("b", WORSE)))
    loss = GOOD.metric("auroc").value(severity=1) - WORSE.metric("auroc").value(severity=1)
    rule = f"auroc@1:{loss - 0.001:.4f}"
    assert compare(a, b, "--fail", rule) == 1
    assert compare(a, b, "--fail", rule, "--decide", "confident-fail") == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read"),
        ("{", "no valid JSON"),
        ("[]", "is neither a baseline"),
        ('{"schema_version": 99, "environment": {}, "tests": []}', "pip install --upgrade"),
        ('{"kind": "xraynoise baseline", "baseline_version": 1}', "tests are missing"),
    ],
)
def test_bad_files_are_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, says: str
) -> None:
    good, bad = report(tmp_path / "a.json", one=GOOD), tmp_path / "bad.json"
    if content is not None:
        bad.write_text(content)
    assert compare(str(bad), good) == 2
    assert says in capsys.readouterr().err


def test_a_hand_edited_baseline_is_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = saved(tmp_path / "a.json", one=GOOD), report(tmp_path / "b.json", one=WORSE)
    text = Path(a).read_text(encoding="utf-8")
    Path(a).write_text(text.replace('"seed": 0', '"seed": 1'), encoding="utf-8")
    assert compare(a, b) == 2
    assert "the entry of t.py::one was changed after it was written" in capsys.readouterr().err


def test_the_caret_stands_under_the_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = report(tmp_path / "a.json", one=GOOD)
    assert compare(a, a, "--fail", "auroc:0.01", "dyce:2%") == 2
    first, line, caret = capsys.readouterr().err.splitlines()
    assert "did you mean 'dice'?" in first
    assert line.index("dyce") == caret.index("^")
