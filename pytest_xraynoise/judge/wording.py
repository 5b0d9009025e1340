"""The sentence of a verdict: what decided it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.judge.counts import independent, unit
from pytest_xraynoise.stats.distribution import TIE

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult, LimitCheck


def check_sentence(result: LadderResult, check: LimitCheck, looks: int = 1) -> str:
    """One check in words, with enough digits that a value beyond its threshold also looks so."""
    whose = check.metric if check.label is None else f"{check.metric} of {check.label}"
    if check.severity is None:
        where = "on average over the rungs"
    else:
        rung = next(r.rung for r in result.rungs if r.severity == check.severity)
        where = f"at severity {check.severity} ({rung.label})"
    number = digits(check.observed, check.threshold)
    if check.inconclusive and check.low is not None and check.high is not None:
        places = len(number.partition(".")[2])
        number += f" [{check.low:.{places}f}, {check.high:.{places}f}]"
    what = f"{whose} {_verb(check)} {number} {where}; limit {check.limit}"
    if check.inconclusive:
        return f"{what} is undecided{_holm(check, looks)}: {remedy(check, result)}"
    return f"{what} is broken" if check.broken else f"{what} holds"


def remedy(check: LimitCheck, result: LadderResult) -> str:
    """How many samples, or groups of them, would settle an inconclusive check."""
    what = unit(result)
    if check.needed is None and abs(check.observed - check.threshold) > TIE:
        return f"how many {what} would settle it cannot be told"
    if check.needed is None:
        return f"no number of {what} would settle it, as the estimate is at the limit itself"
    used = independent(result)
    return f"about {check.needed:,} {what} would settle it ({used:,} were used)"


def digits(value: float, threshold: float) -> str:
    """Enough digits that a value beyond its threshold also looks so."""
    for places in range(3, 17):
        if f"{value:.{places}f}" != f"{threshold:.{places}f}" or value == threshold:
            return f"{value:.{places}f}"
    return repr(value)


def _holm(check: LimitCheck, looks: int) -> str:
    if looks < 2 or check.adjusted_p is None or check.p is None:
        return ""
    return f" (p {check.p:.2g}, {check.adjusted_p:.2g} as one of {looks} looks)"


def _verb(check: LimitCheck) -> str:
    if "relative" in check.limit:
        return "lost the fraction"
    if check.limit.split("=")[0].endswith("_drop"):
        return "dropped by"
    return "rose by" if check.limit.split("=")[0].endswith("_increase") else "is"
