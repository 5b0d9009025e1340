"""The one sentence about a comparison with a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_xraynoise.judge.baseline import Entry
    from pytest_xraynoise.results.comparison import Comparison, Difference


def headline(comparison: Comparison, now: Entry) -> str:
    """What decided a comparison, in one line, with digits that show the crossing."""
    each = comparison.deciding
    if each is None:
        return f"nothing in common with the baseline {comparison.baseline!r}"
    where = _where(each, now)
    digits = _decimals(each)
    numbers = f"{_sentence(each)} {each.loss:.{digits}f}{_interval(each, digits)} {where}"
    if each.loss <= 0:
        gain = f" (gain {-each.loss:.{digits}f})" if each.loss < 0 else ""
        numbers = f"{_name(each)} lost nothing {where}{gain}"
    versus = f"against the baseline {comparison.baseline!r}"
    if each.rule is None:
        return f"{numbers} {versus}; nothing limits it"
    if each.rule.startswith("no loss"):
        return f"{numbers} {versus}; {each.rule}{' is broken' if each.regressed else ' holds'}"
    allowed = f"{each.allowed:.6g}" if each.allowed is not None else "nothing"
    if each.rule.endswith("%"):
        allowed = f"{allowed} of {each.baseline:.{digits}f}"
    return f"{numbers} {versus}; {each.rule} allows {allowed}"


def _name(each: Difference) -> str:
    return each.metric if each.label is None else f"{each.metric} of {each.label}"


def _sentence(each: Difference) -> str:
    return f"{_name(each)} {'lost' if each.higher_is_better else 'rose by'}"


def _where(each: Difference, now: Entry) -> str:
    rung = next(r.rung for r in now.rungs if r.severity == each.severity)
    return "on clean images" if not each.severity else f"at severity {each.severity} ({rung.label})"


def _interval(each: Difference, digits: int) -> str:
    ends = each.loss_interval
    return "" if ends is None else f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"


def _decimals(each: Difference) -> int:
    """Digits at which a loss beyond what is allowed also looks so."""
    if each.allowed is None:
        return 3
    for digits in range(3, 10):
        shown = float(f"{each.loss:.{digits}f}")
        if shown != each.allowed and (shown > each.allowed) == (each.loss > each.allowed):
            return digits
    return 3
