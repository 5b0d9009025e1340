"""The part of the HTML report about one test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.breaking import breaking_line, facts, requirement_line
from pytest_xraynoise.report.chart import degradation_chart
from pytest_xraynoise.report.comparison_view import ComparisonView, comparison_view
from pytest_xraynoise.report.deciding import Deciding, deciding, value_of
from pytest_xraynoise.report.limit_status import limit_statuses, said
from pytest_xraynoise.report.limits import kind
from pytest_xraynoise.report.page import State, anchor, state
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.strips import StripView, strip_views
from pytest_xraynoise.report.text import clean, one_line
from pytest_xraynoise.report.words import (
    decimals_that_differ,
    interval,
    metric_name,
    number,
    seconds,
    split_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, LimitCheck, TestRecord


@dataclass(frozen=True, slots=True)
class RungRow:
    """One rung in a metric's table; ``state`` is empty where no limit holds it."""

    severity: str
    noise: str
    value: str
    drop: str
    interval: str
    limit: str
    state: str
    draws: str = ""


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit of a test and what became of it: ``pass``, ``fail`` or ``inconclusive``."""

    limit: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """One judged metric: its curve and its table."""

    title: str
    chart: str
    rows: tuple[RungRow, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the heatmap: the drop, and the strength of its colour from -1 to 1."""

    text: str
    strength: float


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Drop by label and severity, the label that lost most first."""

    metric: str
    severities: tuple[tuple[int, str], ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Everything the page says about one test."""

    anchor: str
    state: State
    test: str
    nodeid: str
    headline: str
    reading: str
    breaking: str
    message: str
    limits: tuple[LimitRow, ...]
    findings: tuple[str, ...]
    blocks: tuple[Block, ...]
    heatmap: Heatmap | None
    others: tuple[tuple[str, ...], ...]
    strips: tuple[StripView, ...]
    strips_left_out: int
    segmented: bool
    settings: tuple[tuple[str, str], ...]
    excluded: tuple[tuple[str, str], ...]
    comparison: ComparisonView | None = None


def section(index: int, record: TestRecord, strips: int) -> Section:
    """Gather the section of a record, with its first ``strips`` strips."""
    result, chosen = record.result, deciding(record)
    checks = record.verdict.checks if record.verdict else ()
    measured = result is not None and chosen is not None
    broken = {c.severity for c in checks if c.broken and c.severity is not None}
    return Section(
        anchor=anchor(index),
        state=state(record),
        test=split_id(record.nodeid)[1],
        nodeid=record.nodeid,
        headline=headline(record),
        reading=_reading(result, chosen) if result and chosen else "",
        breaking=". ".join(filter(None, (requirement_line(record), breaking_line(result))))
        if result
        else "",
        message="" if record.outcome == "failed" and measured else clean(record.message).strip(),
        limits=_limit_rows(record),
        findings=tuple(f.text for f in record.verdict.findings) if record.verdict else (),
        blocks=_blocks(index, result, chosen, checks) if result and chosen else (),
        heatmap=_heatmap(result, chosen.metric) if result and chosen else None,
        others=_others(result, chosen, checks) if result and chosen else (),
        strips=strip_views(result, strips, broken) if result else (),
        strips_left_out=len(result.strips) - strips if result else 0,
        segmented=result is not None and result.task == "segmentation",
        settings=tuple(_settings(record)),
        excluded=tuple(result.excluded.items()) if result else (),
        comparison=comparison_view(record.comparison),
    )


def _reading(result: LadderResult, chosen: Deciding) -> str:
    severity = chosen.severity or result.metric(chosen.metric).worst_severity
    for rung in result.rungs:
        if rung.severity == severity > 0 and rung.rung.reading:
            return f"Severity {severity}: {one_line(rung.rung.reading)}."
    return ""


def _judged(
    result: LadderResult, chosen: Deciding, checks: Sequence[LimitCheck]
) -> list[tuple[str, str | None]]:
    macro = [(c.metric, None) for c in checks if c.metric in result.metrics]
    return list(dict.fromkeys([(chosen.metric, chosen.label), *macro]))


def _blocks(
    index: int, result: LadderResult, chosen: Deciding, checks: Sequence[LimitCheck]
) -> tuple[Block, ...]:
    blocks = []
    for i, (metric, label) in enumerate(_judged(result, chosen, checks)):
        name = f"chart-{index + 1}-{i + 1}"
        chart = degradation_chart(result, metric, label=label, checks=checks, name=name)
        title = metric_name(metric)
        if label is not None:
            title = f"{title} of {one_line(label)}"
        elif len(result.labels) > 1:
            title = f"{title}, mean of {len(result.labels) - len(result.excluded)} labels"
        blocks.append(Block(title, chart, tuple(_rung_rows(result, metric, label, checks))))
    return tuple(blocks)


def _rung_rows(
    result: LadderResult, metric: str, label: str | None, checks: Sequence[LimitCheck]
) -> list[RungRow]:
    mine = [check for check in checks if (check.metric, check.label) == (metric, label)]
    decimals = max(
        (decimals_that_differ(c.observed, c.threshold) for c in mine if c.broken), default=3
    )
    found = []
    for rung in result.rungs:
        at = value_of(result, metric, label, rung.severity)
        here = [check for check in mine if check.severity == rung.severity]
        noisy = rung.severity > 0
        found.append(
            RungRow(
                severity=str(rung.severity),
                noise=rung.rung.label,
                value=number(at.value, decimals),
                drop=number(at.drop, decimals) if noisy else "",
                interval=interval(at.low, at.high, decimals) if noisy else "",
                limit=", ".join(c.limit for c in [b for b in here if b.broken] or here),
                state=_state(here),
                draws="" if at.draw_sd is None else number(at.draw_sd, decimals),
            )
        )
    return found + [_mean_row(check, decimals) for check in mine if check.severity is None]


def _mean_row(check: LimitCheck, decimals: int) -> RungRow:
    observed = number(check.observed, decimals)
    is_value = kind(check) in ("minimum", "maximum")
    value, drop = (observed, "") if is_value else ("", observed)
    span = interval(check.low, check.high, decimals)
    return RungRow("mean", "over the ladder", value, drop, span, check.limit, _state([check]))


def _state(checks: Sequence[LimitCheck]) -> str:
    """``fail`` before ``inconclusive`` before ``pass``; empty without a limit."""
    found = {check.status for check in checks}
    return next((word for word in ("fail", "inconclusive", "pass") if word in found), "")


def _limit_rows(record: TestRecord) -> tuple[LimitRow, ...]:
    """Every limit; where a single one was held by the numbers alone the headline says it all."""
    verdict, result = record.verdict, record.result
    if verdict is None or result is None:
        return ()
    statuses = limit_statuses(verdict)
    if len(statuses) < 2 and verdict.mode == "point":
        return ()
    return tuple(LimitRow(one_line(s.limit), s.status, said(result, s)) for s in statuses)


def _heatmap(result: LadderResult, metric: str) -> Heatmap | None:
    curves = result.metric(metric).by_label
    severities = [s for s in result.severities if s > 0]
    if len(curves) < 2 or not severities:
        return None
    drops = {
        label: [curve.rungs[s].drop if s in curve.rungs else math.nan for s in severities]
        for label, curve in curves.items()
    }
    finite = [abs(d) for row in drops.values() for d in row if math.isfinite(d)]
    scale = max([0.05, *finite])  # below that, noise of the estimate would look like a finding

    def cell(drop: float) -> Cell:
        return Cell(number(drop), drop / scale if math.isfinite(drop) else 0.0)

    def lost(item: tuple[str, list[float]]) -> float:
        return max((d for d in item[1] if math.isfinite(d)), default=-math.inf)

    ordered = sorted(drops.items(), key=lost, reverse=True)
    names = {r.severity: r.rung.label for r in result.rungs}
    return Heatmap(
        metric=metric_name(metric),
        severities=tuple((s, names[s]) for s in severities),
        rows=tuple((label, tuple(cell(d) for d in row)) for label, row in ordered),
    )


def _others(
    result: LadderResult, chosen: Deciding, checks: Sequence[LimitCheck]
) -> tuple[tuple[str, ...], ...]:
    """A table, head first: metrics without a limit, and what clipping did."""
    judged = {metric for metric, _ in _judged(result, chosen, checks)}
    rest = [metric for metric in result.metrics if metric not in judged]
    head = ("severity", *(metric_name(m) for m in rest), "clipped pixels", "shift of the mean")
    rows = [
        (
            str(rung.severity),
            *(number(rung.metrics[m].value) for m in rest),
            f"{number(100 * rung.clipped, 2)} %",
            number(rung.mean_shift, 4),
        )
        for rung in result.rungs
    ]
    return (head, *rows)


def _settings(record: TestRecord) -> list[tuple[str, str]]:
    result = record.result
    found = [("limits", ", ".join(record.limits))]
    if result is not None:
        found += [
            ("model", result.model),
            ("data", result.dataset),
            ("task", result.task),
            ("noise", result.noise),
            ("ladder", result.ladder),
            *facts(result),
            *((name.replace("_", " "), _word(value)) for name, value in result.settings.items()),
        ]
    where = f"{record.file}:{record.line}" if record.line else record.file
    found += [("marker", where), ("duration", seconds(record.duration))]
    return [(name, value) for name, value in found if value]


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_word(item) for item in value)
    if isinstance(value, Mapping):  # thresholds by label
        return ", ".join(f"{one_line(str(name))} {_word(item)}" for name, item in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
