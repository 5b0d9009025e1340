"""The part of the HTML report about one test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.blocks import Block, blocks, judged
from pytest_xraynoise.report.breaking import facts, requirement_line
from pytest_xraynoise.report.breaking_view import breaking_words
from pytest_xraynoise.report.comparison_view import ComparisonView, comparison_view
from pytest_xraynoise.report.deciding import Deciding, deciding
from pytest_xraynoise.report.heatmap import Heatmap, heatmap
from pytest_xraynoise.report.limit_status import limit_statuses, said
from pytest_xraynoise.report.page import State, anchor, state
from pytest_xraynoise.report.panel_view import (
    OperatingView,
    PanelView,
    PerImageView,
    operating_view,
    panel_view,
    per_image_view,
)
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.strips import CHOICE, StripView
from pytest_xraynoise.report.text import clean, one_line
from pytest_xraynoise.report.words import metric_name, number, seconds, split_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, LimitCheck, TestRecord


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit of a test and what became of it: ``pass``, ``fail`` or ``inconclusive``."""

    limit: str
    state: str
    text: str


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
    strip_choice: str
    segmented: bool
    operating: OperatingView | None
    per_image: PerImageView | None
    settings: tuple[tuple[str, str], ...]
    excluded: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...]
    comparison: ComparisonView | None
    panels: tuple[PanelView, ...]


def section(index: int, record: TestRecord, strips: Sequence[StripView] = ()) -> Section:
    """Gather the section of a record, with the strips that were allotted to it."""
    result, chosen = record.result, deciding(record)
    checks = record.verdict.checks if record.verdict else ()
    measured = result is not None and chosen is not None
    return Section(
        anchor=anchor(index),
        state=state(record),
        test=split_id(record.nodeid)[1],
        nodeid=record.nodeid,
        headline=headline(record),
        reading=_reading(result, chosen) if result and chosen else "",
        breaking=". ".join(filter(None, (requirement_line(record), breaking_words(result))))
        if result
        else "",
        message="" if record.outcome == "failed" and measured else clean(record.message).strip(),
        limits=_limit_rows(record),
        findings=tuple(f.text for f in record.verdict.findings) if record.verdict else (),
        blocks=blocks(index, result, chosen, checks, record.comparison)
        if result and chosen
        else (),
        heatmap=heatmap(result, chosen.metric) if result and chosen else None,
        others=_others(result, chosen, checks) if result and chosen else (),
        strips=tuple(strips),
        strips_left_out=len(result.strips) - len(strips) if result else 0,
        strip_choice=CHOICE.get(result.task, CHOICE[""]) if result else "",
        segmented=result is not None and result.task == "segmentation",
        operating=operating_view(index, result, chosen) if result else None,
        per_image=per_image_view(index, result) if result else None,
        settings=tuple(_settings(record)),
        excluded=tuple(result.excluded.items()) if result else (),
        skipped=_skipped(result) if result else (),
        comparison=comparison_view(record.comparison),
        panels=tuple(panel_view(panel) for panel in record.panels),
    )


def _reading(result: LadderResult, chosen: Deciding) -> str:
    severity = chosen.severity or result.metric(chosen.metric).worst_severity
    for rung in result.rungs:
        if rung.severity == severity > 0 and rung.rung.reading:
            return f"Severity {severity}: {one_line(rung.rung.reading)}."
    return ""


def _skipped(result: LadderResult) -> tuple[tuple[str, str], ...]:
    """Samples that could not be loaded, each with the reason."""
    found: Mapping[str, str] = result.settings.get("skipped") or {}
    return tuple((str(sample), clean(str(reason)).strip()) for sample, reason in found.items())


def _limit_rows(record: TestRecord) -> tuple[LimitRow, ...]:
    """Every limit; where a single one was held by the numbers alone the headline says it all."""
    verdict, result = record.verdict, record.result
    if verdict is None or result is None:
        return ()
    statuses = limit_statuses(verdict)
    if len(statuses) < 2 and verdict.mode == "point":
        return ()
    return tuple(LimitRow(one_line(s.limit), s.status, said(result, s)) for s in statuses)


def _others(
    result: LadderResult, chosen: Deciding, checks: Sequence[LimitCheck]
) -> tuple[tuple[str, ...], ...]:
    """A table, head first: metrics without a limit, and what clipping did."""
    shown = {metric for metric, _ in judged(result, chosen, checks)}
    rest = [metric for metric in result.metrics if metric not in shown]
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
            *(
                (name.replace("_", " "), _word(value))
                for name, value in result.settings.items()
                if name != "skipped"
            ),
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
