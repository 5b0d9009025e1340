"""Workflow commands and step summaries, as GitHub's runner reads them."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.github import (
    MOST_ANNOTATIONS,
    MOST_BYTES,
    annotation_lines,
    append_summary,
    step_summary,
)
from pytest_xraynoise.results import LimitCheck, TestRecord, Verdict
from tests.report.factory import ENVIRONMENT, document

ROOT, WORKSPACE = Path("/home/runner/work/a/a/sub"), Path("/home/runner/work/a/a")
RUN = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "someone/chest",
    "GITHUB_RUN_ID": "42",
}


def parse(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner takes it apart: its name, properties and message."""
    found = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert found is not None, line
    pairs = (pair.split("=", 1) for pair in found[2].split(","))
    return found[1], {name: decode(value, more=True) for name, value in pairs}, decode(found[3])


def decode(text: str, *, more: bool = False) -> str:
    codes = [("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if more else [])]
    for code, char in [*codes, ("%25", "%")]:
        text = text.replace(code, char)
    return text


def test_failures_and_errors_stand_on_the_markers_line() -> None:
    found = [parse(line) for line in annotation_lines(document().tests, ROOT, WORKSPACE)]
    assert [name for name, _, _ in found] == ["error"] * 3
    assert [p["line"] for _, p, _ in found] == ["34", "21", "47"], "the worst first"
    assert {p["file"] for _, p, _ in found} == {"sub/tests/robustness/test_noise.py"}
    assert found[1][1]["title"] == "FAIL: test_noise.py::test_findings[poisson]"
    assert found[1][2].startswith("AUROC fell by 0.077 [0.061, 0.092] at severity 3")
    assert found[2][2].startswith("ModelError: the model returned NaN")


@pytest.mark.parametrize(
    ("workspace", "file"),
    [(WORKSPACE, "sub/t.py"), (Path("/elsewhere"), f"{ROOT}/t.py"), (None, f"{ROOT}/t.py")],
)
def test_files_are_told_from_the_workspace(workspace: Path | None, file: str) -> None:
    record = TestRecord("t.py::a", "failed", message="no", file="../sub/t.py", line=3)
    (line,) = annotation_lines([record], ROOT, workspace)
    assert parse(line)[1] == {"file": file, "line": "3", "title": "FAIL: t.py::a"}


@given(st.text(min_size=1), st.text(min_size=1))
def test_text_cannot_leave_its_place(name: str, message: str) -> None:
    record = TestRecord(f"t.py::{name}", "error", message=message, file="t,:%.py", line=1)
    (line,) = annotation_lines([record], ROOT, WORKSPACE)
    assert len(line.splitlines()) == 1
    level, properties, _ = parse(line)
    assert level == "error"
    assert list(properties) == ["file", "line", "title"]
    assert properties["file"] == "sub/t,:%.py"
    assert properties["title"].startswith("ERROR: t.py")


def undecided(outcome: str, on: str = "pass") -> TestRecord:
    check = LimitCheck(
        "max_auroc_drop=0.05", "auroc", 1, None, 0.04, 0.05, False, inconclusive=True
    )
    verdict = Verdict("inconclusive", "AUROC is undecided", (check,), "confident-fail", on)  # type: ignore[arg-type]
    return TestRecord("t.py::a", outcome, verdict, file="t.py", line=2)


def test_what_stays_inconclusive_is_a_warning_unless_it_fails() -> None:
    records = [undecided("passed"), undecided("skipped", "skip"), undecided("failed", "fail")]
    found = [parse(line) for line in annotation_lines(records, ROOT, WORKSPACE)]
    assert [name for name, _, _ in found] == ["error", "warning", "warning"]
    assert {text for _, _, text in found} == {"AUROC is undecided"}
    assert annotation_lines([document().tests[0], document().tests[4]], ROOT, None) == []


def test_of_many_the_first_ten_and_a_count() -> None:
    bad, open_ = document().tests[3], undecided("passed")
    lines = annotation_lines([bad] * 14 + [open_] * 12, ROOT, WORKSPACE)
    names = [re.match(r"::(\w+)", line)[1] for line in lines]  # type: ignore[index]
    assert names == ["error"] * MOST_ANNOTATIONS + ["warning"] * MOST_ANNOTATIONS + ["notice"]
    assert lines[-1].endswith("::6 more tests are in the step summary and the reports")


def test_the_summary_names_the_artifact() -> None:
    text = step_summary(document(), RUN, [Path("/x/noise.html"), Path("/x/a_b.json")], MOST_BYTES)
    assert "**Worst failure:** tests/robustness/test\\_noise.py::test\\_lungs" in text
    assert (
        "Reports: [noise.html, a\\_b.json, in the artifacts of this run]"
        "(<https://github.com/someone/chest/actions/runs/42#artifacts>)"
    ) in text
    assert "Reports: noise.html\n" in step_summary(document(), {}, [Path("noise.html")], MOST_BYTES)
    assert "Reports" not in step_summary(document(), RUN, [], MOST_BYTES)


def many(count: int) -> Document:
    record = document().tests[3]
    return Document(
        ENVIRONMENT,
        [dataclasses.replace(record, nodeid=f"t.py::{'é' * 400}{i}") for i in range(count)],
    )


def test_the_summary_stays_within_its_room() -> None:
    whole = step_summary(many(3000), RUN, [], MOST_BYTES)
    assert whole.count("\n| ERROR ") == 50
    assert "and 2950 more tests" in whole
    for room in (len(whole.encode()), 20_000, 10_000, 5_000, 2_000, 1_000, 10, 0, -5):
        text = step_summary(many(3000), RUN, [], room)
        assert len(text.encode()) <= max(room, 0)
        assert not text or text.startswith("## X-ray noise robustness: ")
    assert step_summary(many(3000), RUN, [], 2_000)


def test_the_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# Before\n\n")
    append_summary(path, document(), RUN, [])
    text = path.read_text("utf-8")
    assert text.startswith("# Before\n\n## X-ray noise robustness: 2 of 5")
    path.write_bytes(b"x" * (MOST_BYTES - 30))
    append_summary(path, document(), RUN, [])
    assert path.read_bytes() == b"x" * (MOST_BYTES - 30), "a larger one is shown by nobody"


def test_a_summary_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# Before\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match=r"step summary.*No space left"):
        append_summary(path, document(), RUN, [])
    assert path.read_text() == "# Before\n"
    with pytest.raises(ReportError, match="step summary"):
        append_summary(tmp_path / "none" / "summary.md", document(), RUN, [])
