"""The one test that a reader of the HTML report should look at first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.breaking import breaking_line
from pytest_xraynoise.report.deciding import Deciding, deciding, margin, worst_label
from pytest_xraynoise.report.page import state
from pytest_xraynoise.report.readings import clinical_reading
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.text import elide, one_line
from pytest_xraynoise.report.words import decimals_that_differ, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, TestRecord

    Judged = tuple[int, TestRecord, Deciding]


@dataclass(frozen=True, slots=True)
class Hero:
    """A failure if there is one, else the closest call.

    Attributes:
        index: its place among the records.
        failed: whether it is a failure.
        who, noise: the model and the kind of noise.
        sentence: what happened.
        worst_label: the label that lost most, ``Nodule: AUROC 0.912 → 0.644 at severity 3``.
        reading: what that noise is in a clinic, where the rung says so.
        breaking: the sentence of the breaking point.
    """

    index: int
    failed: bool
    who: str
    noise: str
    sentence: str
    worst_label: str = ""
    reading: str = ""
    breaking: str = ""


def hero(records: Sequence[TestRecord]) -> Hero | None:
    """The failure furthest beyond its limit, else another failure, else the closest pass."""
    judged: list[Judged] = []
    for i, record in enumerate(records):
        chosen = deciding(record)
        if chosen is not None and chosen.check is not None and record.outcome != "xfailed":
            judged.append((i, record, chosen))
    failed = [item for item in judged if item[1].outcome == "failed" and item[2].broken]
    if failed:
        return _judged(max(failed, key=lambda item: _worst_margin(item[1])), failed=True)
    other = _failed_otherwise(records)
    if other is not None:
        return other
    if judged:
        return _judged(min(judged, key=lambda item: _margin(item[2])), failed=False)
    return None


def _judged(item: Judged, *, failed: bool) -> Hero:
    index, record, chosen = item
    result = record.result
    assert result is not None  # noqa: S101  (deciding found a number in it)
    return Hero(
        index,
        failed,
        who=one_line(result.model),
        noise=one_line(result.noise),
        sentence=headline(record) if failed else _closest(chosen),
        worst_label=_finding(result, chosen),
        reading=clinical_reading(result, chosen),
        breaking=breaking_line(result),
    )


def _failed_otherwise(records: Sequence[TestRecord]) -> Hero | None:
    """A test that kept its limits, or has none, and failed: by its baseline, or by itself."""
    failed = [(i, r) for i, r in enumerate(records) if state(r).kind == "fail"]
    if not failed:
        return None
    index, record = max(failed, key=lambda item: _lost(item[1]))
    regressed = record.comparison is not None and record.comparison.status == "fail"
    said = record.comparison.headline if record.comparison and regressed else headline(record)
    result = record.result
    who = one_line(result.model) if result else ""
    noise = one_line(result.noise if result else record.noise)
    return Hero(index, True, who, noise, elide(one_line(said), 400))


def _lost(record: TestRecord) -> float:
    """The loss beyond what the baseline's rule allows; -inf for other failures."""
    found = record.comparison
    each = None if found is None or found.status != "fail" else found.deciding
    if each is None:
        return -math.inf
    beyond = each.loss - (each.allowed or 0.0)
    return beyond if math.isfinite(beyond) else -math.inf


def _margin(chosen: Deciding) -> float:
    return margin(chosen.check) if chosen.check else math.inf


def _worst_margin(record: TestRecord) -> float:
    """How far beyond its limits a test is at its worst; -inf if that is not a number."""
    found = [margin(check) for check in record.verdict.broken] if record.verdict else []
    return max((m for m in found if math.isfinite(m)), default=-math.inf)


def _closest(chosen: Deciding) -> str:
    check = chosen.check
    assert check is not None  # noqa: S101  (only judged tests come here)
    decimals = decimals_that_differ(check.observed, check.threshold)
    where = "on average" if chosen.severity is None else f"at severity {chosen.severity}"
    return (
        f"{metric_name(check.metric)} came closest to a limit: "
        f"{number(check.observed, decimals)} {where}, held to {one_line(check.limit)}"
    )


def _finding(result: LadderResult, chosen: Deciding) -> str:
    severity = chosen.worst_severity or result.metric(chosen.metric).worst_severity
    worst = worst_label(result, chosen.metric, severity)
    if worst is None or chosen.label is not None:
        return ""
    before = result.metric(chosen.metric).rungs[result.severities[0]].labels.get(worst[0])
    start = number(before.value if before else None)
    name = metric_name(chosen.metric)
    end = f"{number(worst[1].value)} at severity {severity}"
    return f"{elide(one_line(worst[0]), 40)}: {name} {start} → {end}"
