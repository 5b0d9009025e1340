"""A comparison with a baseline as text: the table of one test, and the lines about a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_xraynoise.report.tables import align
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import decimals_that_differ, interval, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import Comparison, Difference, TestRecord

HEAD = ("metric", "severity", "baseline", "now", "difference", "interval", "allowed", "")
_NUMERIC = (False, True, True, True, True, False, True, False)
Row = tuple[str, str, str, str, str, str, str, str]
_MOST_ROWS = 24
_MOST_NAMES = 5


def comparison_lines(comparison: Comparison, below: str = "") -> list[str]:
    """The table of one test: baseline, now, difference (now - baseline) and its interval.

    ``below`` is the sentence that it stands below, which it does not repeat.
    """
    title = f"Against the baseline {comparison.baseline!r}, difference is now - baseline:"
    if comparison.status == "missing":
        return [] if below.startswith(comparison.headline) else [one_line(comparison.headline)]
    if one_line(comparison.headline) != one_line(below):
        title = one_line(comparison.headline)
    shown = shown_differences(comparison)
    rows = [HEAD, *map(difference_row, shown[:_MOST_ROWS])]
    lines = [title, *(align(rows, _NUMERIC) if shown else [])]
    if len(shown) > _MOST_ROWS:
        lines.append(f"and {len(shown) - _MOST_ROWS} more numbers")
    return [*lines, *(f"Note: {one_line(note)}" for note in comparison.notes)]


def shown_differences(comparison: Comparison) -> tuple[Difference, ...]:
    """What a reader needs of a comparison.

    Every rung of the metrics that a rule is about, labels that regressed, and of the other metrics
    what changed by more than its interval; every macro value where that leaves nothing.
    """
    ruled = {each.metric for each in comparison.differences if each.rule is not None}
    macro = [each for each in comparison.differences if each.label is None]
    found = [
        each
        for each in comparison.differences
        if each.regressed
        or (each.label is None and (each.metric in ruled or each.better or each.worse))
    ]
    return tuple(found or macro)


def difference_row(each: Difference) -> Row:
    """The cells of one number, as :data:`HEAD` names them."""
    decimals = _decimals(each)
    name = metric_name(each.metric)
    ends = "" if each.low is None else interval(each.low, each.high, decimals)
    allowed = "" if each.allowed is None else f"{each.allowed:.6g}"
    return (
        name if each.label is None else f"{name} of {one_line(each.label)}",
        str(each.severity),
        number(each.baseline, decimals),
        number(each.now, decimals),
        signed(each.difference, decimals),
        ends,
        allowed,
        state(each),
    )


def state(each: Difference) -> str:
    """One word: capitals where somebody has to act."""
    if each.regressed:
        return "REGRESSED"
    if each.rule is not None and not each.better:
        return "ok"
    return "better" if each.better else "worse" if each.worse else ""


def signed(value: float, decimals: int = 3) -> str:
    """A difference with its sign: ``+0.012``, ``-0.034``, ``0.000``."""
    text = number(value, decimals)
    return f"+{text}" if math.isfinite(value) and float(text) > 0 else text


def summary_lines(
    records: Sequence[TestRecord], rules: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """What a run's comparisons came to, as (style, line): how many, and which to look at."""
    compared = [(r, r.comparison) for r in records if r.comparison is not None]
    if not compared:
        return []
    lines: list[tuple[str, str]] = []
    for name in dict.fromkeys(found.baseline for _, found in compared):
        lines += _of_baseline(name, [(r, c) for r, c in compared if c.baseline == name])
    used = {each.rule for _, found in compared for each in found.differences}
    lines += [
        ("warn", f"xraynoise: the rule {rule} was about no test of this run")
        for rule in rules
        if rule not in used and any(found.status != "missing" for _, found in compared)
    ]
    return lines


def _of_baseline(
    name: str, compared: Sequence[tuple[TestRecord, Comparison]]
) -> list[tuple[str, str]]:
    states = [found.status for _, found in compared]
    counts = [
        (len(compared) - states.count("missing"), "compared"),
        (states.count("fail"), "regressed"),
        (states.count("missing"), "missing in it"),
    ]
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    bad = "fail" in states or "missing" in states
    lines = [("warn" if bad else "plain", f"xraynoise: baseline {name!r}: {words}")]
    for word, style, advice in (
        ("worse", "warn", ""),
        ("better", "plain", f"; to hold them to it, save again with --xraynoise-save={name}"),
    ):
        tests = [r for r, found in compared if getattr(found, word)]
        if tests:
            names = ", ".join(one_line(r.nodeid) for r in tests[:_MOST_NAMES])
            more = f" and {len(tests) - _MOST_NAMES} more" if len(tests) > _MOST_NAMES else ""
            lines.append(
                (
                    style,
                    f"xraynoise: {word} than {name!r} by more than the interval: {names}{more}"
                    f"{advice}",
                )
            )
    return lines


def _decimals(each: Difference) -> int:
    if each.allowed is None or not each.regressed:
        return 3
    return decimals_that_differ(each.loss, each.allowed)


def held_to(record: TestRecord, limit: str) -> str:
    """The limit that decided a test, or the rule of its baseline where that did."""
    found = record.comparison
    each = None if found is None or found.status != "fail" else found.deciding
    if each is None or (record.verdict is not None and record.verdict.broken):
        return limit
    rung = f" at {each.severity}" if each.severity else " on clean"
    return one_line(f"baseline {each.rule}{rung}")


def properties(comparison: Comparison | None) -> list[tuple[str, str | None]]:
    """Name and value of what JUnit says: the baseline, and the difference that decided."""
    if comparison is None:
        return []
    found: list[tuple[str, str | None]] = [
        ("baseline", comparison.baseline),
        ("compared", comparison.status),
    ]
    if (each := comparison.deciding) is not None:
        where = each.metric if each.label is None else f"{each.metric} of {each.label}"
        found += [
            ("difference", f"{each.difference:.6g}" if math.isfinite(each.difference) else None),
            ("difference_of", f"{where} at severity {each.severity}"),
            ("difference_low", None if each.low is None else f"{each.low:.6g}"),
            ("difference_high", None if each.high is None else f"{each.high:.6g}"),
            ("rule", each.rule),
        ]
    return found
