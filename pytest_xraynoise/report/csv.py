"""The CSV report: a row for each test, severity, metric and label; for pandas and spreadsheets."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.report.outcome import reason
from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import LimitCheck, MetricValue, TestRecord

COLUMNS: Mapping[str, str] = {
    "nodeid": "pytest's name of the test",
    "file": "where the test is",
    "line": "where the marker stands, from 1",
    "model": "name of the model",
    "dataset": "name of the data",
    "task": "binary, multilabel, multiclass or segmentation",
    "noise": "kind of noise",
    "ladder": "name of its ladder",
    "severity": "rung of the ladder, 0 for the clean images",
    "parameter": "the noise's main parameter, empty at severity 0",
    "unit": "what the parameter counts",
    "metric": "name of the metric, as limits use it",
    "label": "finding or class, empty for the macro value",
    "value": "the metric",
    "value_low": "low end of the interval of the value",
    "value_high": "high end of the interval of the value",
    "drop": "loss against the clean images, positive is a loss",
    "low": "low end of the interval of the drop",
    "high": "high end of the interval of the drop",
    "method": "how the interval was made",
    "confidence": "level of the intervals",
    "limit": "limits that this very number was held to, as written",
    "status": "what became of them: pass, fail or inconclusive",
    "verdict": "of the test: pass, fail, inconclusive or error",
    "outcome": "pytest's word for how the test ended",
    "n": "samples",
    "repeats": "draws of the noise",
    "seed": "seed of the noise",
    "device": "what the model ran on",
    "started": "when the run began, ISO 8601, UTC",
    "commit": "git commit of the run",
    "headline": "one sentence: what decided the test",
}
"""The header, in order, and what each column holds."""

_INTEGERS = frozenset({"line", "severity", "n", "repeats", "seed"})
# What a spreadsheet takes for the start of a formula; the wide forms are the same to some.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_WORST_FIRST = ("fail", "inconclusive", "pass")


def write_csv(document: Document, path: str | os.PathLike[str]) -> None:
    """Write ``document`` to ``path``, in one step, as UTF-8.

    Raises:
        ReportError: if the file cannot be written.
    """
    write_atomic(path, render(document))


def render(document: Document) -> str:
    r"""The CSV text (RFC 4180, but lines end with ``\n``), a header first.

    What is not known, NaN and the infinities are empty cells. Text is one line; where it begins
    with what a spreadsheet takes for a formula, an apostrophe stands in front. A test that measured
    nothing has one row, without a severity.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in document.tests:
        for row in _rows(record, document.environment):
            writer.writerow([_cell(name, row.get(name)) for name in COLUMNS])
    return stream.getvalue()


def _rows(record: TestRecord, environment: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    verdict, result = record.verdict, record.result
    row: dict[str, Any] = {
        "nodeid": record.nodeid,
        "file": record.file,
        "line": record.line or None,
        "noise": record.noise,
        "verdict": "error" if record.outcome == "error" else verdict and verdict.status,
        "outcome": record.outcome,
        "started": environment.get("started"),
        "commit": environment.get("commit"),
        "headline": reason(record),
    }
    if result is None:
        yield row
        return
    row |= {
        "model": result.model,
        "dataset": result.dataset,
        "task": result.task,
        "noise": result.noise,
        "ladder": result.ladder,
        "n": len(result.ids),
        "repeats": result.repeats,
        **{name: result.settings.get(name) for name in ("confidence", "seed", "device")},
    }
    checks = verdict.checks if verdict is not None else ()
    for rung in result.rungs:
        at = {"severity": rung.severity, "parameter": rung.rung.parameter, "unit": rung.rung.unit}
        here = [check for check in checks if check.severity == rung.severity]
        for metric, macro in rung.metrics.items():
            for label, value in ((None, macro), *macro.labels.items()):
                held = [c for c in here if (c.metric, c.label) == (metric, label)]
                yield row | at | {"metric": metric, "label": label} | _measured(value, held)


def _measured(value: MetricValue, checks: Sequence[LimitCheck]) -> dict[str, Any]:
    states = {check.status for check in checks}
    return {
        "value": value.value,
        "value_low": value.value_low,
        "value_high": value.value_high,
        "drop": value.drop,
        "low": value.low,
        "high": value.high,
        "method": value.method,
        "limit": "; ".join(check.limit for check in checks),
        "status": next((state for state in _WORST_FIRST if state in states), None),
    }


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _INTEGERS and isinstance(value, int):
        return str(value)
    if isinstance(value, int | float):
        return repr(float(value)) if math.isfinite(value) else ""
    text = one_line(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
