"""The robustness section of a model card: markdown with the metadata block that model hubs read.

The block is the ``model-index`` of Hugging Face model cards: each model with its results, each
result with ``task``, ``dataset`` and ``metrics``.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report import yaml
from pytest_xraynoise.report.breaking import breaking_line
from pytest_xraynoise.report.deciding import deciding, value_of, worst_label
from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.report.limit_status import limit_statuses, said
from pytest_xraynoise.report.markdown import escape, fitted, table
from pytest_xraynoise.report.outcome import reason
from pytest_xraynoise.report.words import (
    distinct,
    interval,
    metric_name,
    number,
    outcome_word,
    short_id,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import LadderResult, RungResult, TestRecord

_TASKS = {"segmentation": ("image-segmentation", "Image Segmentation")}
_OTHER_TASK = ("image-classification", "Image Classification")
# The hub's own names of metrics, where they are not ours.
_METRICS = {"auroc": "roc_auc", "brier": "brier_score", "iou": "mean_iou"}
_VERDICTS = {"pass": "kept", "fail": "**broken**", "inconclusive": "undecided"}
_ABOUT = (
    "Each image was evaluated as it is (severity 0) and with simulated noise of rising severity. "
    "A drop is the clean value minus the noisy one, with its paired interval; for metrics where "
    "lower is better it is the increase. Standing this noise on these images says no more than "
    "that: it is no clinical validation."
)


def write_model_card(document: Document, path: str | os.PathLike[str]) -> None:
    """Write :func:`render` to ``path``, in one step.

    Raises:
        ReportError: if nothing was measured, or the file cannot be written.
    """
    write_atomic(path, render(document))


def render(document: Document) -> str:
    """The metadata block, and below it a section with a table for each test that was measured.

    Raises:
        ReportError: if no test of ``document`` measured anything.
    """
    records = [record for record in document.tests if record.result is not None]
    if not records:
        raise ReportError(
            "no test of this report measured anything, so there is nothing for a model card; run "
            "the tests with --xraynoise-json=PATH until one of them does"
        )
    models = list(dict.fromkeys(_model(record) for record in records))
    parts = ["## Robustness to noise", _measured_with(document, records), _ABOUT]
    for model in models:
        if len(models) > 1:
            parts.append(f"### {escape(fitted(model))}")
        for record in records:
            if _model(record) == model:
                parts += _section(record, "####" if len(models) > 1 else "###")
    lacking = [record for record in document.tests if record.result is None]
    parts += [
        f"Not measured: {escape(fitted(record.nodeid))} ({escape(fitted(reason(record)))})"
        for record in lacking
    ]
    block = yaml.dumps({"model-index": model_index(document)})
    return f"---\n{block}---\n\n" + "\n\n".join(parts) + "\n"


def model_index(document: Document) -> list[dict[str, Any]]:
    """The metadata: each model once, and for each rung of its tests one result.

    A result holds the macro values of the metrics that limits are about, else of the first metric.
    ``dataset.config`` tells noises and severities apart; it is ``clean`` at severity 0.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for record in document.tests:
        if record.result is not None:
            results = found.setdefault(_model(record), {})
            for rung in record.result.rungs:
                _add(results, _entry(record, record.result, rung))
    return [{"name": name, "results": list(each.values())} for name, each in found.items()]


def _add(results: dict[str, dict[str, Any]], entry: dict[str, Any]) -> None:
    """Add a result that is not there yet; one of the same name and other numbers is counted."""
    config, count = entry["dataset"]["config"], 1
    while entry["metrics"]:
        key = f"{entry['dataset']['type']} {entry['dataset']['config']}"
        if key not in results:
            results[key] = entry
            return
        if results[key] == entry:
            return
        count += 1
        entry["dataset"]["config"] = f"{config}-{count}"


def _entry(record: TestRecord, result: LadderResult, rung: RungResult) -> dict[str, Any]:
    kind, name = _TASKS.get(result.task, _OTHER_TASK)
    severity = rung.severity
    where = f"{result.noise} noise, {rung.rung.label}" if severity else "clean"
    values = {metric: rung.metrics[metric].value for metric in _judged(record, result)}
    args = {
        "noise": result.noise,
        "ladder": result.ladder,
        "severity": severity,
        **{k: v for k, v in rung.rung.parameters.items() if math.isfinite(v)},
    }
    return {
        "task": {"type": kind, "name": name},
        "dataset": {
            "type": _slug(result.dataset) or "chest-x-ray",
            "name": f"{result.dataset or 'chest X-rays'} ({where})",
            "config": f"{_slug(result.noise)}-severity-{severity}" if severity else "clean",
            "args": {**(args if severity else {}), "samples": len(result.ids)},
        },
        "metrics": [
            {
                "type": _METRICS.get(metric, _slug(metric).replace("-", "_")),
                "value": round(value, 6),
                "name": metric_name(metric),
            }
            for metric, value in values.items()
            if math.isfinite(value)
        ],
    }


def _judged(record: TestRecord, result: LadderResult) -> list[str]:
    checks = record.verdict.checks if record.verdict else ()
    held = [check.metric for check in checks if check.metric in result.metrics]
    return list(dict.fromkeys(held)) or list(result.metrics[:1])


def _model(record: TestRecord) -> str:
    return (record.result.model if record.result else "") or "model"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:96]


def _measured_with(document: Document, records: Sequence[TestRecord]) -> str:
    environment: Mapping[str, Any] = document.environment
    results = [record.result for record in records if record.result is not None]
    version = (environment.get("packages") or {}).get("pytest-xraynoise", "")
    sizes = distinct(f"{len(result.ids)} images" for result in results)
    facts = (
        ("seed", distinct(result.settings.get("seed") for result in results)),
        ("commit", environment.get("commit")),
        ("on", str(environment.get("started") or "")[:10]),
    )
    told = "".join(f", {name} {value}" for name, value in facts if value)
    data = distinct(result.dataset for result in results)
    tool = f"pytest-xraynoise {version}".strip()
    return escape(f"Measured with {tool} on {fitted(data)} ({fitted(sizes)}){told}.")


def _section(record: TestRecord, mark: str) -> list[str]:
    result, chosen = record.result, deciding(record)
    if result is None or chosen is None:
        return []
    parts = [f"{mark} {escape(fitted(f'{result.noise}: {short_id(record.nodeid)}'))}"]
    parts.append(f"{outcome_word(record)}: {escape(reason(record))}")
    parts += [_table(result, metric) for metric in _judged(record, result)]
    statuses = limit_statuses(record.verdict) if record.verdict else []
    if statuses:
        parts.append(
            "\n".join(
                f"- {escape(each.limit)} is {_VERDICTS[each.status]}: {escape(said(result, each))}"
                for each in statuses
            )
        )
    severity = chosen.worst_severity or result.metric(chosen.metric).worst_severity
    worst = worst_label(result, chosen.metric, severity)
    if worst is not None:
        label, value = worst
        parts.append(
            f"Worst label at severity {severity}: {escape(fitted(label))}, "
            f"{metric_name(chosen.metric)} {number(value.value)} (drop {number(value.drop)})."
        )
    if line := breaking_line(result):
        parts.append(f"{escape(line)}.")
    return parts


def _table(result: LadderResult, metric: str) -> str:
    rows = []
    for rung in result.rungs:
        at = value_of(result, metric, None, rung.severity)
        noisy = rung.severity > 0
        rows.append(
            [
                str(rung.severity),
                rung.rung.label,
                rung.rung.reading,
                number(at.value),
                number(at.drop) if noisy else "",
                interval(at.low, at.high) if noisy else "",
            ]
        )
    level = f"{100 * float(result.settings.get('confidence', 0.95)):g}% interval"
    return table(("severity", "noise", "reads as", metric_name(metric), "drop", level), rows)
