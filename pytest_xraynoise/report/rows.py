"""The table of tests of the HTML report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_xraynoise.report.curve import points, sparkline
from pytest_xraynoise.report.deciding import Deciding, deciding
from pytest_xraynoise.report.page import State, state
from pytest_xraynoise.report.readings import clinical_reading
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.slugs import slugs
from pytest_xraynoise.report.text import elide, one_line
from pytest_xraynoise.report.words import (
    decimals_that_differ,
    interval,
    metric_name,
    number,
    split_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.results import BreakingPoint, LadderResult, TestRecord

    Key = str | float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of tests.

    Attributes:
        slug: where its section is.
        state, model, noise: how it ended, of what.
        file, test: its id in two parts.
        metric, clean, worst, drop, interval, limit: the number that decided it.
        severity: the mildest severity that broke the limit, ``mean`` for a mean over rungs.
        holds: the sentence of its breaking point.
        reading: what the noise that decided it is in a clinic.
        spark: points of a polyline.
        note: what stands in place of the numbers of a test without any.
        keys: by column, what it is sorted by; None comes last.
    """

    slug: str
    state: State
    test: str
    file: str
    model: str
    noise: str
    metric: str = ""
    clean: str = ""
    worst: str = ""
    drop: str = ""
    interval: str = ""
    limit: str = ""
    severity: str = ""
    holds: str = ""
    reading: str = ""
    spark: str = ""
    note: str = ""
    keys: Mapping[str, Key] = field(default_factory=dict)


def rows(records: Sequence[TestRecord]) -> list[Row]:
    """The table of tests, in the order of ``records``."""
    names = slugs("test", [record.nodeid for record in records])
    return [_row(name, record) for name, record in zip(names, records, strict=True)]


def _row(slug: str, record: TestRecord) -> Row:
    chosen, result = deciding(record), record.result
    file, test = split_id(record.nodeid)
    noise = one_line(record.noise or (result.noise if result else ""))
    model = one_line(result.model) if result else ""
    start = (slug, state(record), test, file, model, noise)
    if chosen is None or result is None:
        note = elide(headline(record) or one_line(record.message), 160)
        return Row(*start, note=note, keys={"test": f"{test} {file}", "noise": noise or None})
    check = chosen.check
    decimals = decimals_that_differ(check.observed, check.threshold) if check else 3
    name = metric_name(chosen.metric)
    checks = record.verdict.checks if record.verdict else ()
    metric = name if chosen.label is None else f"{name}, {one_line(chosen.label)}"
    limit = one_line(check.limit) if check else ""
    reading = clinical_reading(result, chosen)
    point = result.breaking_point
    return Row(
        *start,
        metric=metric,
        clean=number(chosen.clean, decimals),
        worst=number(chosen.worst, decimals),
        drop=number(chosen.drop, decimals),
        interval=interval(chosen.low, chosen.high, decimals),
        limit=limit,
        severity=_broke_at(chosen),
        holds=one_line(point.reading) if point else "",
        reading=reading,
        spark=sparkline(points(result, chosen.metric, chosen.label, checks)),
        note=one_line(record.message) if record.outcome == "xfailed" else "",
        keys={
            "test": f"{test} {file}",
            "model": model or None,
            "noise": noise or None,
            "metric": metric,
            "clean": _finite(chosen.clean),
            "worst": _finite(chosen.worst),
            "drop": _finite(chosen.drop),
            "limit": limit or None,
            "severity": _broke_key(chosen),
            "holds": _holds_key(result, point),
            "reading": reading or None,
        },
    )


def _broke_at(chosen: Deciding) -> str:
    if not chosen.broken:
        return ""
    return "mean" if chosen.severity is None else str(chosen.severity)


def _broke_key(chosen: Deciding) -> float | None:
    if not chosen.broken:
        return None
    return 99.0 if chosen.severity is None else float(chosen.severity)


def _holds_key(result: LadderResult, point: BreakingPoint | None) -> float | None:
    """How many rungs the limits stand, with a fraction within a rung.

    Kinds of noise count in units of their own (photons, parts of full scale), so their parameters
    cannot be put in one order; the rungs between which the limits break can.
    """
    if point is None:
        return None
    rungs = [r.rung for r in result.rungs if r.rung.parameters.get(point.keyword) is not None]
    at = [float(rung.parameters[point.keyword]) for rung in rungs]
    if point.parameter is None:
        # Nothing broke where something held; else everything did.
        return float(len(result.rungs)) if point.held is not None else -1.0
    for i in range(len(at) - 1):
        low, high = sorted((at[i], at[i + 1]))
        if low <= point.parameter <= high and high > low:
            part = abs(point.parameter - at[i]) / (high - low)
            return rungs[i].severity + part
    if not at:
        return None
    milder = abs(point.parameter - at[0]) <= abs(point.parameter - at[-1])
    return 0.5 if milder else len(result.rungs) - 0.5


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
