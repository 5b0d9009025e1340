"""``xraynoise merge``: the reports of sharded jobs as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_xraynoise.cli import main
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.json import read_json, write_json
from pytest_xraynoise.results import TestRecord
from tests.judge.measured import multilabel
from tests.report.factory import document

MEASURED = TestRecord("t.py::a", "passed", result=multilabel(n=40))
NOT_RUN = TestRecord("t.py::a", "not run", noise="poisson")
ERROR = TestRecord("t.py::a", "error", message="lost", noise="poisson")


def shard(path: Path, *tests: TestRecord, **environment: object) -> str:
    write_json(Document(environment, tests), path)
    return str(path)


def test_shards_become_one_report_that_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = document()
    parts = [shard(tmp_path / f"{i}.json", *whole.tests[i::2], **whole.environment) for i in (0, 1)]
    out = str(tmp_path / "all.json")
    assert main(["merge", out, *parts]) == 0
    assert capsys.readouterr().out == f"wrote {out} (5 tests of 2 reports)\n"
    merged = read_json(out)
    wanted = sorted(test.nodeid for test in whole.tests)
    assert [test.nodeid for test in merged.tests] == wanted
    assert merged.environment["command"] == list(whole.environment["command"])
    page = str(tmp_path / "page.html")
    assert main(["report", out, "-o", page]) == 0
    assert "2 of 5 tests failed" in Path(page).read_text("utf-8")


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (MEASURED, NOT_RUN, "passed"),
        (NOT_RUN, MEASURED, "passed"),
        (ERROR, NOT_RUN, "error"),
        (MEASURED, ERROR, "passed"),
        (MEASURED, replace(MEASURED, outcome="failed"), "failed"),
        (replace(MEASURED, outcome="failed"), MEASURED, "passed"),
    ],
)
def test_of_a_test_that_two_have_the_further_then_the_later_counts(
    tmp_path: Path, first: TestRecord, second: TestRecord, counts: str
) -> None:
    parts = [shard(tmp_path / "1.json", first), shard(tmp_path / "2.json", second)]
    assert main(["merge", str(tmp_path / "all.json"), *parts]) == 0
    (test,) = read_json(tmp_path / "all.json").tests
    assert test.outcome == counts


def test_environments_are_joined(tmp_path: Path) -> None:
    one = shard(tmp_path / "1.json", MEASURED, started="2026-01-02", device="cuda:0", noise_spec=2)
    two = shard(tmp_path / "2.json", started="2026-01-01", device="cpu", noise_spec=2)
    assert main(["merge", str(tmp_path / "all.json"), one, two]) == 0
    environment = read_json(tmp_path / "all.json").environment
    assert environment["started"] == "2026-01-01"
    assert environment["device"] == "cuda:0, cpu"
    assert environment["merged_from"] == 2


@pytest.mark.parametrize(
    ("two", "environment", "says"),
    [
        (multilabel(n=40, seed_of_run=1), {}, "other seed_of_run"),
        (multilabel(n=40, noise_at="native"), {}, "other noise_at"),
        (multilabel(n=41), {}, "other data"),
        (multilabel(n=40), {"noise_spec": 3}, "noise_spec 2 and"),
        (multilabel(n=40), {"packages": {"pytest-xraynoise": "2"}}, "has pytest-xraynoise 1"),
    ],
)
def test_what_differs_is_refused_by_name(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    two: object,
    environment: dict[str, object],
    says: str,
) -> None:
    base: dict[str, object] = {"noise_spec": 2, "packages": {"pytest-xraynoise": "1"}}
    parts = [
        shard(tmp_path / "1.json", MEASURED, **base),
        shard(tmp_path / "2.json", replace(MEASURED, result=two), **{**base, **environment}),  # type: ignore[arg-type]
    ]
    out = tmp_path / "all.json"
    assert main(["merge", str(out), *parts]) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_nothing_is_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (shard(tmp_path / f"{n}.json", replace(MEASURED, nodeid=n)) for n in "ab")
    assert main(["merge", one, two]) == 2
    assert "--force overwrites it" in capsys.readouterr().err
    assert [test.nodeid for test in read_json(one).tests] == ["a"]
    assert main(["merge", "--force", one, one, two]) == 0
    assert [test.nodeid for test in read_json(one).tests] == ["a", "b"]


def test_a_damaged_shard_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_text("{")
    assert main(["merge", str(tmp_path / "all.json"), str(tmp_path / "bad.json")]) == 2
    assert "bad.json' is not valid JSON" in capsys.readouterr().err
