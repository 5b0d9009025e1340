"""The judged metrics of one test: each with its curve and a table of its rungs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.changes import baseline_curve
from pytest_xraynoise.report.chart import degradation_chart
from pytest_xraynoise.report.deciding import Deciding, value_of
from pytest_xraynoise.report.limits import kind
from pytest_xraynoise.report.rung_words import captions
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import decimals_that_differ, interval, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import Comparison, LadderResult, LimitCheck


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
class Block:
    """One judged metric: its curve and its table."""

    title: str
    chart: str
    rows: tuple[RungRow, ...]


def judged(
    result: LadderResult, chosen: Deciding, checks: Sequence[LimitCheck]
) -> list[tuple[str, str | None]]:
    """The metrics that are shown with a curve: the deciding one, then the mean of every limit's."""
    macro = [(c.metric, None) for c in checks if c.metric in result.metrics]
    return list(dict.fromkeys([(chosen.metric, chosen.label), *macro]))


def blocks(
    index: int,
    result: LadderResult,
    chosen: Deciding,
    checks: Sequence[LimitCheck],
    comparison: Comparison | None = None,
) -> tuple[Block, ...]:
    """The blocks of a result; ``index`` numbers the test on the page.

    Where it was compared with a baseline, the curve of that is drawn beside the one of now.
    """
    found = []
    for i, (metric, label) in enumerate(judged(result, chosen, checks)):
        name = f"chart-{index + 1}-{i + 1}"
        before = baseline_curve(comparison, metric, label)
        chart = degradation_chart(
            result, metric, label=label, checks=checks, baseline=before, name=name
        )
        title = metric_name(metric)
        if label is not None:
            title = f"{title} of {one_line(label)}"
        elif len(result.labels) > 1:
            title = f"{title}, mean of {len(result.labels) - len(result.excluded)} labels"
        found.append(Block(title, chart, tuple(_rung_rows(result, metric, label, checks))))
    return tuple(found)


def _rung_rows(
    result: LadderResult, metric: str, label: str | None, checks: Sequence[LimitCheck]
) -> list[RungRow]:
    mine = [check for check in checks if (check.metric, check.label) == (metric, label)]
    decimals = max(
        (decimals_that_differ(c.observed, c.threshold) for c in mine if c.broken), default=3
    )
    names, found = captions(result), []
    for rung in result.rungs:
        at = value_of(result, metric, label, rung.severity)
        here = [check for check in mine if check.severity == rung.severity]
        noisy = rung.severity > 0
        found.append(
            RungRow(
                severity=str(rung.severity),
                noise=names[rung.severity],
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
