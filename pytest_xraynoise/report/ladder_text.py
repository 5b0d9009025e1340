"""A ladder as an aligned text table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.deciding import value_of
from pytest_xraynoise.report.limits import kind
from pytest_xraynoise.report.tables import GAP, align
from pytest_xraynoise.report.text import cells, one_line
from pytest_xraynoise.report.words import decimals_that_differ, interval, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, LimitCheck

_MOST_WIDTH = 80 - len("severity")
_LEAST_WIDTH = len("0.000")


def ladder_lines(
    result: LadderResult,
    metric: str,
    checks: Sequence[LimitCheck] = (),
    label: str | None = None,
) -> list[str]:
    """One metric (of one label) along the ladder, with the limits that each rung was held to.

    The numbers have the decimals that show which side of a limit each of them is on.
    """
    mine = [check for check in checks if check.metric == metric and check.label == label]
    decimals = max(
        (decimals_that_differ(c.observed, c.threshold) for c in mine if c.broken), default=3
    )
    name = metric_name(metric) if label is None else f"{metric_name(metric)} {one_line(label)}"
    rows = [["severity", f"noise: {one_line(result.noise)}", name, "drop", "interval", "limit", ""]]
    for rung in result.rungs:
        at = value_of(result, metric, label, rung.severity)
        here = [check for check in mine if check.severity == rung.severity]
        noisy = rung.severity > 0
        rows.append(
            [
                str(rung.severity),
                one_line(rung.rung.label),
                number(at.value, decimals),
                number(at.drop, decimals) if noisy else "",
                interval(at.low, at.high, decimals) if noisy else "",
                _limits(here),
                _state(here),
            ]
        )
    rows += [_mean_row(check, decimals) for check in mine if check.severity is None]
    lines = align(rows, (True, False, True, True, False, False, False))
    return [*lines, *_between_draws(result, metric, label, decimals)]


def _between_draws(
    result: LadderResult, metric: str, label: str | None, decimals: int
) -> list[str]:
    at = {s: value_of(result, metric, label, s).draw_sd for s in result.severities}
    known = [f"{number(sd, decimals)} at severity {s}" for s, sd in at.items() if sd is not None]
    if not known:
        return []
    return [f"Standard deviation between draws of the noise: {', '.join(known)}"]


def value_lines(result: LadderResult, metrics: Sequence[str]) -> list[str]:
    """The values of the metrics that no limit holds, a line a severity.

    As many metrics side by side as fit in a terminal of 80 columns, the others below.
    """
    lines = ["Also measured, without a limit:"]
    for some in _side_by_side(metrics):
        rows = [["severity", *(metric_name(metric) for metric in some)]]
        for rung in result.rungs:
            values = [number(rung.metrics[metric].value) for metric in some]
            rows.append([str(rung.severity), *values])
        lines += align(rows, [True] * len(rows[0]))
    return lines


def _side_by_side(metrics: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    used = 0
    for metric in metrics:
        width = max(cells(metric_name(metric)), _LEAST_WIDTH) + len(GAP)
        if parts[-1] and used + width > _MOST_WIDTH:
            parts.append([])
            used = 0
        parts[-1].append(metric)
        used += width
    return parts


def _mean_row(check: LimitCheck, decimals: int) -> list[str]:
    observed = number(check.observed, decimals)
    is_value = kind(check) in ("minimum", "maximum")
    value, drop = (observed, "") if is_value else ("", observed)
    span = interval(check.low, check.high, decimals)
    return ["mean", "over the ladder", value, drop, span, one_line(check.limit), _state([check])]


def _limits(checks: Sequence[LimitCheck]) -> str:
    """The limits in words; only the broken ones where some are kept."""
    broken = [check for check in checks if check.broken]
    undecided = [check for check in checks if check.inconclusive]
    return ", ".join(one_line(check.limit) for check in broken or undecided or checks)


def _state(checks: Sequence[LimitCheck]) -> str:
    if not checks:
        return ""
    if any(check.broken for check in checks):
        return "BROKEN"
    return "undecided" if any(check.inconclusive for check in checks) else "ok"
