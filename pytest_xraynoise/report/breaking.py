"""The breaking point in reports: one line, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.limits import is_requirement, word
from pytest_xraynoise.report.text import cut, elide, one_line
from pytest_xraynoise.report.words import exact, split_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import BreakingPoint, LadderResult, TestRecord


def breaking_line(result: LadderResult) -> str:
    """``Breaking point: holds down to 0.11 of the reference dose (max_auroc_drop=0.05)``.

    Empty without a breaking point.
    """
    point = result.breaking_point
    return "" if point is None else f"Breaking point: {reading(point)}"


def requirement_line(record: TestRecord) -> str:
    """``min_severity=3 is not kept: the limits hold up to severity 2``; empty where none is set."""
    for check in record.verdict.checks if record.verdict else ():
        if is_requirement(check):
            state = {"fail": "is not kept", "pass": "is kept"}.get(check.status, "is not decided")
            if word(check) == "min_severity":
                stands = f"up to severity {check.observed:g}" if check.observed else "at no rung"
            else:
                stands = f"down to {exact(float(f'{check.observed:.3g}'))} of the reference dose"
            return f"{one_line(check.limit)} {state}: the limits hold {stands}"
    return ""


def breaking_lines(records: Sequence[TestRecord], width: int) -> list[tuple[str, str]]:
    """One line below the summary for each breaking point that was searched for: (style, line)."""
    found = []
    for record in records:
        point = None if record.result is None else record.result.breaking_point
        if point is not None and point.searched:
            test = elide(split_id(record.nodeid)[1], max(width // 3, 1))
            found.append(("plain", cut(f"  {test}: {one_line(point.reading)}", width)))
    return [("bold", cut("Breaking points", width)), *found] if found else []


def reading(point: BreakingPoint) -> str:
    """The sentence, with the limit and the label that break."""
    whose = "" if point.label is None else f" of {one_line(point.label)}"
    return f"{one_line(point.reading)} ({one_line(point.limit)}{whose})"


def facts(result: LadderResult) -> tuple[tuple[str, str], ...]:
    """How the breaking point was found, (name, value), for the settings of a test."""
    point = result.breaking_point
    if point is None:
        return ()
    found = [("breaking point", reading(point))]
    if point.parameter is not None and point.clinical:
        found.append(("breaking point reads as", one_line(point.clinical)))
    if point.searched:
        how = f"{point.evaluations} settings in {point.passes} passes over the data"
        ends = [exact(float(f"{end:.4g}")) for end in (point.held, point.broke) if end is not None]
        if len(ends) == 2:
            how += f"; {point.keyword} {ends[0]} held and {ends[1]} broke"
        found.append(("breaking point found by", how))
    return tuple(found)


def number(result: LadderResult) -> str | None:
    """The parameter with six digits, for the JUnit property; None where nothing breaks."""
    point = result.breaking_point
    return None if point is None or point.parameter is None else f"{point.parameter:.6g}"
