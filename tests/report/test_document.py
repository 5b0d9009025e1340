from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report import environment
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.json import dumps, read_json, schema, write_json
from pytest_xraynoise.results import SCHEMA_VERSION, TestRecord
from tests.report.factory import document

if TYPE_CHECKING:
    from pathlib import Path


def test_written_documents_obey_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "noise.json"
    write_json(document(), path)
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(path.read_text("utf-8")), schema())


def test_the_schema_refuses_what_is_wrong() -> None:
    data = document().to_dict()
    del data["tests"][0]["rungs"][1]["severity"]
    with pytest.raises(jsonschema.ValidationError, match="severity"):
        jsonschema.validate(data, schema())


def test_a_document_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "noise.json"
    write_json(document(), path)
    back = read_json(path)
    assert back.to_dict() == document().to_dict()
    assert dumps(back) == path.read_text("utf-8")


def test_severity_zero_is_the_first_rung() -> None:
    data = document().to_dict()
    assert data["schema_version"] == SCHEMA_VERSION
    assert [rung["severity"] for rung in data["tests"][1]["rungs"]] == [0, 1, 2, 3, 4, 5]
    assert data["tests"][1]["verdict"] == "fail"


def test_hostile_text_comes_back(tmp_path: Path) -> None:
    nodeid = "t::x[<script>\"'\x00\ud800🫁\u202e]" + "x" * 10_000
    write_json(Document({}, (TestRecord(nodeid, "passed"),)), tmp_path / "a.json")
    assert read_json(tmp_path / "a.json").tests[0].nodeid == nodeid


def good() -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "environment": {}, "tests": []}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "no schema_version"),
        ({}, "no schema_version"),
        ({**good(), "schema_version": SCHEMA_VERSION + 1}, "pip install --upgrade"),
        ({**good(), "schema_version": "one"}, "'one'.*write it again"),
        ({**good(), "schema_version": True}, "True"),
        ({**good(), "tests": None}, "damaged"),
        ({**good(), "tests": [3]}, r"tests\[0\]: expected an object, got int"),
        ({**good(), "tests": [{"nodeid": "a"}]}, r"tests\[0\]: field 'outcome' is missing"),
    ],
)
def test_a_damaged_or_foreign_document_says_what_to_do(data: object, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        Document.from_dict(data)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=r"broken\.json.*--xraynoise-json"):
        read_json(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"none\.json.*No such file"):
        read_json(tmp_path / "none.json")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    text = dumps(Document({"python": "3"}, document().tests[3:4]))
    path = tmp_path / "cut.json"
    for end in range(0, len(text) - 2, 7):
        path.write_text(text[:end])
        with pytest.raises(ReportError):
            read_json(path)


def test_the_environment_names_versions_commit_and_command(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
    found = environment.collect(["pytest", "-x"], device="cpu", cwd=tmp_path, started=moment)
    assert found["command"] == ["pytest", "-x"]
    assert found["started"] == "2026-03-14T09:26:00+00:00"
    assert found["device"] == "cpu"
    assert found["packages"]["pytest"] == pytest.__version__
    assert found["commit"] is None
    jsonschema.validate(Document(found, ()).to_dict(), schema())


def test_the_commit_is_that_of_the_directory(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    assert environment.git_commit(tmp_path) == (None, None)
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "one")
    git("tag", "-am", "v1", "v1")
    assert environment.git_commit(tmp_path) == (git("rev-parse", "HEAD"), False)
    (tmp_path / "a").write_text("2")
    assert environment.git_commit(tmp_path) == (git("rev-parse", "HEAD"), True)


def test_no_git_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.git_commit(tmp_path) == (None, None)
