"""The one sentence that says what decided a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report import limits
from pytest_xraynoise.report.deciding import Deciding, deciding
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import decimals_that_differ, exact, interval, metric_name, number

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult, LimitCheck, TestRecord


def headline(record: TestRecord) -> str:
    """What decided ``record``, in one line.

    ``AUROC fell by 0.083 [0.051, 0.115] at severity 3 (12 photons at white); max_auroc_drop=0.05
    allows 0.05``, with as many digits as show the crossing. Where no limit is broken it is the
    verdict's own headline, and after an error the first line of the message.
    """
    if record.verdict is not None and record.verdict.status == "inconclusive":
        return one_line(record.verdict.headline)
    chosen = deciding(record)
    check = chosen.check if chosen is not None and chosen.broken else None
    if record.result is not None and chosen and check and limits.kind(check) is not None:
        return _broken(record.result, chosen, check)
    if record.verdict is not None and record.verdict.headline:
        return one_line(record.verdict.headline)
    lines = record.message.strip().splitlines()
    return one_line(lines[-1] if record.outcome == "error" and lines else "".join(lines[:1]))


def place(result: LadderResult, severity: int | None) -> str:
    """Where on the ladder: ``at severity 3 (12 photons at white)``."""
    if severity is None:
        return "on average over the ladder"
    rung = next(r.rung for r in result.rungs if r.severity == severity)
    return f"at severity {severity} ({one_line(rung.label)})"


def _broken(result: LadderResult, chosen: Deciding, check: LimitCheck) -> str:
    allowed = _phrase(result, check)[1]
    said = statement(result, check, chosen.severity)
    rest = f"; {left}" if (left := left_out(result)) else ""
    return f"{said}; {one_line(check.limit)} {allowed} {exact(check.threshold)}{rest}"


def left_out(result: LadderResult) -> str:
    """The rungs that an early end left out: ``severities 1, 2 not run (fail-fast)``; else empty."""
    left = result.settings.get("not_run") or ()
    word = "severity" if len(left) == 1 else "severities"
    return f"{word} {', '.join(map(str, left))} not run (fail-fast)" if left else ""


def statement(result: LadderResult, check: LimitCheck, severity: int | None) -> str:
    """What was measured: ``AUROC fell by 0.083 [0.051, 0.115] at severity 3 (12 photons ...)``."""
    name = metric_name(check.metric)
    if check.label is not None:
        name = f"{name} of {one_line(check.label)}"
    decimals = decimals_that_differ(check.observed, check.threshold)
    low, high = (check.low, check.high)
    observed = f"{number(check.observed, decimals)} {interval(low, high, decimals)}".strip()
    return f"{name} {_phrase(result, check)[0]} {observed} {place(result, severity)}"


def _phrase(result: LadderResult, check: LimitCheck) -> tuple[str, str]:
    kind = limits.kind(check)
    if kind == "minimum":
        return "was", "asks for at least"
    if kind == "maximum":
        return "was", "allows at most"
    verb = "rose by" if limits.lower_is_better(result, check.metric) else "fell by"
    if kind == "relative drop":
        verb = verb.replace(" by", ", relative to clean, by")
    return verb, "allows"
