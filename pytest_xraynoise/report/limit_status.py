"""Every limit of a test with what became of it, not only the one that decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.sentence import statement
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.results.verdict import to_settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import CheckStatus, LadderResult, LimitCheck, TestRecord, Verdict

WORDS: dict[CheckStatus, str] = {"fail": "BROKEN", "inconclusive": "undecided", "pass": "ok"}


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """One limit.

    Attributes:
        limit: as written.
        status: ``fail``, ``inconclusive`` or ``pass``.
        check: the first broken one, else the one to settle, else the closest to the limit.
        broken, looks: how many of its checks are broken, of how many.
    """

    limit: str
    status: CheckStatus
    check: LimitCheck
    broken: int
    looks: int


def limit_statuses(verdict: Verdict) -> list[LimitStatus]:
    """Every limit of a verdict, in the order in which they were written."""
    by_limit: dict[str, list[LimitCheck]] = {}
    for check in verdict.checks:
        by_limit.setdefault(check.limit, []).append(check)
    return [_status(limit, checks) for limit, checks in by_limit.items()]


def limit_lines(record: TestRecord) -> list[str]:
    """The limits as lines of text, where there are several or a confident mode has p-values."""
    verdict, result = record.verdict, record.result
    if verdict is None or result is None:
        return []
    statuses = limit_statuses(verdict)
    if len(statuses) < 2 and verdict.mode == "point":
        return []
    lines = ["Limits:" if verdict.mode == "point" else f"Limits, decided by {verdict.mode}:"]
    return lines + [
        f"  {WORDS[each.status]:<9}  {one_line(each.limit)}: {said(result, each)}"
        for each in statuses
    ]


def said(result: LadderResult, each: LimitStatus) -> str:
    """What was measured, and how sure it is: ``AUROC fell by 0.083 [...] at severity 3 ...``."""
    check = each.check
    known = check.metric in result.metrics and check.severity in (None, *result.severities)
    text = statement(result, check, check.severity) if known else one_line(check.limit)
    if check.p is not None and check.adjusted_p is not None:
        text += f"; p {check.p:.2g}, {check.adjusted_p:.2g} after Holm"
    if check.inconclusive and check.needed is not None:
        text += f"; {check.needed:,} samples would settle it"
    if each.broken > 1:
        text += f" ({each.broken} of {each.looks} checks broken)"
    return text


def _status(limit: str, checks: Sequence[LimitCheck]) -> LimitStatus:
    broken = [check for check in checks if check.broken]
    open_ = [check for check in checks if check.inconclusive]
    if broken:
        return LimitStatus(limit, "fail", broken[0], len(broken), len(checks))
    if open_:
        return LimitStatus(limit, "inconclusive", to_settle(open_), 0, len(checks))
    closest = max(checks, key=lambda check: check.excess)
    return LimitStatus(limit, "pass", closest, 0, len(checks))
