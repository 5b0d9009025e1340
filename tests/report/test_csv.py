"""The CSV report, read back by pandas and by the standard library."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pytest_xraynoise.report.csv import COLUMNS, render, write_csv
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.results import TestRecord
from tests.report.factory import ENVIRONMENT, classifier, document, judged

INTEGERS = ("line", "severity", "n", "repeats", "seed")
NUMBERS = (
    "parameter", "value", "value_low", "value_high", "drop", "low", "high", "confidence",
)  # fmt: skip


def rows(document: Document) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(document), newline="")))


def test_a_row_for_each_test_severity_metric_and_label() -> None:
    found = [(r["nodeid"], r["severity"], r["metric"], r["label"]) for r in rows(document())]
    wanted = []
    for record in document().tests:
        if record.result is None:
            wanted.append((record.nodeid, "", "", ""))
            continue
        for rung in record.result.rungs:
            for metric, value in rung.metrics.items():
                where = (record.nodeid, str(rung.severity), metric)
                wanted += [(*where, label) for label in ("", *value.labels)]
    assert found == wanted
    assert len(set(found)) == len(found)


def test_numbers_come_back_exactly() -> None:
    record = document().tests[1]
    assert record.result is not None
    for row in rows(Document(ENVIRONMENT, (record,))):
        value = record.result.metric(row["metric"]).rungs[int(row["severity"])]
        value = value.labels[row["label"]] if row["label"] else value
        assert float(row["value"]) == value.value
        assert float(row["drop"]) == value.drop
        assert row["low"] == ("" if value.low is None else repr(value.low))


def test_pandas_reads_it_with_the_right_types(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "noise.csv"
    write_csv(document(), path)
    frame = pd.read_csv(path)
    assert list(frame.columns) == list(COLUMNS)
    assert all(pd.api.types.is_numeric_dtype(frame[name]) for name in (*INTEGERS, *NUMBERS))
    frame = frame.convert_dtypes()
    assert {name: str(frame[name].dtype) for name in INTEGERS} == dict.fromkeys(INTEGERS, "Int64")
    text = [name for name in COLUMNS if name not in (*INTEGERS, *NUMBERS)]
    assert all(pd.api.types.is_string_dtype(frame[name]) for name in text)
    measured = frame[frame.severity.notna() & frame.label.isna() & (frame.metric == "auroc")]
    table = measured.pivot_table(index="nodeid", columns="severity", values="drop")
    assert table.shape == (3, 6)
    assert (table[0] == 0).all()


def test_without_errors_severities_are_whole_numbers_at_once() -> None:
    frame = pd.read_csv(io.StringIO(render(Document(ENVIRONMENT, document().tests[:3]))))
    assert frame.severity.dtype == np.int64
    assert frame.n.dtype == np.int64


def test_limits_stand_where_they_hold() -> None:
    held = [row for row in rows(document()) if "test_findings[" in row["nodeid"]]
    judged_rows = [row for row in held if row["limit"]]
    assert {(r["metric"], r["label"]) for r in judged_rows} == {("auroc", "")}
    assert [(r["severity"], r["status"]) for r in judged_rows] == [
        ("1", "pass"), ("2", "pass"), ("3", "fail"), ("4", "fail"), ("5", "fail"),
    ]  # fmt: skip
    assert {row["verdict"] for row in held} == {"fail"}
    assert "at severity 3 (12 photons at white)" in held[0]["headline"]


def test_an_error_keeps_its_row() -> None:
    (row,) = [row for row in rows(document()) if row["outcome"] == "error"]
    assert row["verdict"] == "error"
    assert row["headline"].startswith("ModelError: the model returned NaN")
    assert row["n"] == row["value"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t=", "\r=", " -"])
def test_text_is_never_a_formula(start: str) -> None:
    label = f'{start}HYPERLINK("x","y")'
    result = classifier(labels=(label, "Effusion"), samples=80, strips=0)
    record = judged(result, "max_auroc_drop=0.05", nodeid=f"{start}1+1")
    found = rows(Document({"commit": "@SUM(1)"}, (record,)))
    for row in found:
        for name, cell in row.items():
            if cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r", " ")):
                assert name in NUMBERS
                float(cell)
    assert {row["commit"] for row in found} == {"'@SUM(1)"}


def test_a_negative_number_is_no_formula() -> None:
    result = classifier(samples=80, strips=0)
    value = dataclasses.replace(result.rungs[1].metrics["ece"], drop=-0.01)
    rungs = (dataclasses.replace(result.rungs[1], metrics={"ece": value}),)
    (row,) = rows(Document({}, (TestRecord("t", "passed", result=result.replace(rungs=rungs)),)))
    assert row["drop"] == "-0.01"


def test_nan_and_infinity_are_empty() -> None:
    result = classifier(samples=80, strips=0)
    value = dataclasses.replace(
        result.rungs[0].metrics["auroc"], value=float("nan"), drop=float("inf"), labels={}
    )
    rungs = (dataclasses.replace(result.rungs[0], metrics={"auroc": value}),)
    (row,) = rows(Document({}, (TestRecord("t", "passed", result=result.replace(rungs=rungs)),)))
    assert row["value"] == row["drop"] == ""


def test_an_empty_run_has_a_header() -> None:
    assert render(Document({}, ())) == ",".join(COLUMNS) + "\n"
