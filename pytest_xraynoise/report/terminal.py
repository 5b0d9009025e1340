"""Plain lines for a terminal: the one summary table, and the text of a failure.

No colours here: each line comes with the name of its style, and the caller has the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_xraynoise.report.breaking import breaking_line, breaking_lines, requirement_line
from pytest_xraynoise.report.comparison_text import comparison_lines, held_to
from pytest_xraynoise.report.curve import blocks, points
from pytest_xraynoise.report.deciding import Deciding, deciding, worst_label
from pytest_xraynoise.report.denoising import denoising_line, denoising_lines
from pytest_xraynoise.report.ladder_text import ladder_lines, value_lines
from pytest_xraynoise.report.limit_status import WORDS as LIMIT_WORDS
from pytest_xraynoise.report.limit_status import limit_lines
from pytest_xraynoise.report.outcome import reason, tally, worst_failure
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.tables import GAP, align, drop_empty, widths
from pytest_xraynoise.report.text import cells, clean, cut, elide, one_line
from pytest_xraynoise.report.words import (
    decimals_that_differ,
    interval,
    is_inconclusive,
    metric_name,
    number,
    outcome_word,
    short_id,
    split_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, TestRecord

Style = Literal["pass", "fail", "error", "warn", "plain", "bold"]

_HEAD = (
    "verdict", "test", "curve", "noise", "metric", "clean", "worst", "drop", "interval", "severity",
    "limit",
)  # fmt: skip
_NUMERIC = (False, False, False, False, False, True, True, True, False, True, False)
_TEST, _CURVE = 1, 2
# What is left out first where the terminal is narrow: interval, noise, clean, worst, metric, limit,
# and the curve last.
_LEAST_NEEDED = (8, 3, 5, 6, 4, 10, _CURVE)
_TEST_WIDTH = 20
_STYLES: dict[str, Style] = {
    "passed": "pass",
    "failed": "fail",
    "error": "error",
    "xpassed": "warn",
    "xfailed": "warn",
    "skipped": "warn",
    "interrupted": "warn",
}
_SIGN = {(True, False): ">", (False, True): "?", (False, False): ""}
_MOST_LABELS = 8


def summary(
    records: Sequence[TestRecord], width: int = 80, *, curves: bool = True
) -> list[tuple[str, str]]:
    """The summary table at the end of a run: (style, line), at most ``width`` columns wide.

    ``curve`` is the metric from the clean images to the most severe rung; without ``curves`` it is
    left out, for a terminal that lacks the characters. ``severity`` is where the limit broke, with
    the sign ``>``, where it is undecided, with ``?``, or the rung that came closest to it. Findings
    stand below the table.
    Test ids are elided in the middle; on a narrow terminal the columns that matter least go.
    Tests that were not run are counted in a line below. Nothing at all when there are no records.
    """
    ran = [record for record in records if record.outcome != "not run"]
    left = len(records) - len(ran)
    last = [("warn", cut(f"{left} not run", width))] if left else []
    return [
        *_table(ran, width, curves=curves),
        *breaking_lines(ran, width),
        *denoising_lines([(record, deciding(record)) for record in ran], width),
        *_found(ran, width),
        *last,
    ]


def one_line_summary(records: Sequence[TestRecord], width: int = 80) -> list[tuple[str, str]]:
    """The run in one line, for ``-q``: how it ended, and the worst failure; (style, line)."""
    if not records:
        return []
    worst = worst_failure(records)
    text = f"xraynoise: {tally(records)}"
    if worst is None:
        return [("plain", cut(text, width))]
    return [("fail", cut(f"{text}; worst {split_id(worst.nodeid)[1]}: {reason(worst)}", width))]


def rungs(records: Sequence[TestRecord], width: int = 80) -> list[tuple[str, str]]:
    """Every rung of every test, for ``-v``: the metric that decided it, and its limits.

    (style, line), at most ``width`` columns wide; a test without a result has nothing to list.
    """
    lines: list[tuple[str, str]] = []
    for record in records:
        chosen, result = deciding(record), record.result
        if chosen is not None and result is not None:
            checks = record.verdict.checks if record.verdict else ()
            table = ladder_lines(result, chosen.metric, checks, chosen.label)
            lines.append((_style(record), elide(one_line(record.nodeid), width)))
            lines += [("plain", _cut_before_state(f"  {line}", width)) for line in table]
            lines.append(("plain", ""))
    return lines


def _cut_before_state(line: str, width: int) -> str:
    """Fit a line of a ladder; what became of the limit, at its end, is what a reader looks for."""
    head, _, state = line.rpartition(GAP)
    if cells(line) <= width or state not in LIMIT_WORDS.values():
        return cut(line, width)
    return cut(f"{cut(head, max(width - len(GAP) - len(state), 1))}{GAP}{state}", width)


def _table(records: Sequence[TestRecord], width: int, *, curves: bool) -> list[tuple[str, str]]:
    if not records:
        return []
    rows = [list(_HEAD), *(_row(record, curves=curves) for record in records)]
    keep = _fit(rows, width)
    rows = drop_empty(rows, keep)
    others = sum(size + len(GAP) for i, size in enumerate(widths(rows)) if i != _TEST)
    for row in rows:
        row[_TEST] = _fit_id(row[_TEST], max(width - others, 1))
    lines = align(rows, [n for n, kept in zip(_NUMERIC, keep, strict=True) if kept])
    lines = [lines[0], *map(_with_reason, records, lines[1:])]
    styles: list[Style] = ["bold", *map(_style, records)]
    return [(style, cut(line, width)) for style, line in zip(styles, lines, strict=True)]


def _found(records: Sequence[TestRecord], width: int) -> list[tuple[str, str]]:
    """Findings below the table: the first of each test, and how many more it has."""
    lines = []
    for record in records:
        found = record.verdict.findings if record.verdict else ()
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            text = f"{short_id(record.nodeid)}: {one_line(found[0].text)}"
            lines.append(("warn", f"{cut(text, max(width - cells(more), 1))}{more}"))
    return lines


def _style(record: TestRecord) -> Style:
    if is_inconclusive(record):
        return "fail" if record.outcome == "failed" else "warn"
    return _STYLES.get(record.outcome, "plain")


def failure_text(record: TestRecord) -> str:
    """What a failure says: the sentence, the ladder as a table, the worst label, the reading.

    Plain text, several lines. For a test without a result it is the cleaned message.
    """
    result, chosen = record.result, deciding(record)
    found = record.verdict.findings if record.verdict else ()
    if result is None or chosen is None:
        return clean(record.message) or headline(record)
    parts = [[headline(record)], limit_lines(record), *_ladders(record, result, chosen)]
    if record.comparison is not None:
        parts.insert(1, comparison_lines(record.comparison, below=headline(record)))
    parts.append([*_labels(record, result, chosen), *_reading(result, chosen)])
    below = (denoising_line(result, chosen), requirement_line(record), breaking_line(result))
    parts.append([line for line in below if line])
    parts.append([f"Finding: {one_line(f.text)}" for f in found])
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _row(record: TestRecord, *, curves: bool) -> list[str]:
    chosen = deciding(record)
    noise = record.noise or (record.result.noise if record.result else "")
    start = [outcome_word(record), short_id(record.nodeid)]
    if chosen is None or record.result is None:
        return [*start, "", one_line(noise), *[""] * 7]
    curve = blocks(points(record.result, chosen.metric, chosen.label)) if curves else ""
    start += [curve, one_line(noise)]
    check = chosen.check
    decimals = 3
    if check is not None:
        decimals = max(3, min(6, decimals_that_differ(check.observed, check.threshold)))
    severity = "mean" if chosen.severity is None else str(chosen.severity)
    name = metric_name(chosen.metric)
    return [
        *start,
        name if chosen.label is None else f"{name} {elide(one_line(chosen.label), 16)}",
        number(chosen.clean, decimals),
        number(chosen.worst, decimals),
        number(chosen.drop, decimals),
        interval(chosen.low, chosen.high, decimals),
        _SIGN[chosen.broken, chosen.inconclusive] + severity,
        held_to(record, one_line(check.limit) if check else ""),
    ]


def _fit_id(test: str, width: int) -> str:
    # The file is what a reader misses least: it goes before the middle of the name does.
    return elide(test if cells(test) <= width else test.partition("::")[2] or test, width)


def _with_reason(record: TestRecord, line: str) -> str:
    # Where there are no numbers there is room to say why; it is elided with its line.
    return line if record.result is not None else f"{line}{GAP}{headline(record)}".rstrip()


def _fit(rows: Sequence[Sequence[str]], width: int) -> list[bool]:
    keep = [any(row[i] for row in rows[1:]) or i == _TEST for i in range(len(_HEAD))]
    sizes = widths(rows)
    for column in (None, *_LEAST_NEEDED):
        if column is not None:
            keep[column] = False
        needed = sum(s + len(GAP) for i, s in enumerate(sizes) if keep[i] and i != _TEST)
        if needed + min(_TEST_WIDTH, sizes[_TEST]) <= width:
            break
    return keep


def _ladders(record: TestRecord, result: LadderResult, chosen: Deciding) -> list[list[str]]:
    checks = record.verdict.checks if record.verdict else ()
    first = [(chosen.metric, chosen.label)]
    macro = [(c.metric, None) for c in checks if c.metric in result.metrics]
    judged = list(dict.fromkeys([*first, *macro]))  # with the limit per label: its worst one too
    blocks = [ladder_lines(result, metric, checks, label) for metric, label in judged]
    rest = [metric for metric in result.metrics if metric not in {name for name, _ in judged}]
    return [*blocks, value_lines(result, rest)] if rest else blocks


def _labels(record: TestRecord, result: LadderResult, chosen: Deciding) -> list[str]:
    lines = []
    broken = [c for c in (record.verdict.broken if record.verdict else ()) if c.label is not None]
    names = list(dict.fromkeys(one_line(c.label or "") for c in broken))
    if len(names) > 1:
        more = f" and {len(names) - _MOST_LABELS} more" if len(names) > _MOST_LABELS else ""
        lines.append(f"Labels beyond a limit: {', '.join(names[:_MOST_LABELS])}{more}")
    severity = chosen.worst_severity or result.metric(chosen.metric).worst_severity
    worst = worst_label(result, chosen.metric, severity)
    if worst is not None:
        name, value = worst
        before = result.metric(chosen.metric).rungs[result.severities[0]].labels.get(name)
        span = interval(value.low, value.high)
        lines.append(
            f"Worst label: {one_line(name)}, {metric_name(chosen.metric)} "
            f"{number(before.value if before else None)} -> {number(value.value)} "
            f"(drop {number(value.drop)}{' ' if span else ''}{span}) at severity {severity}"
        )
    lines += [f"Left out: {one_line(k)} ({one_line(v)})" for k, v in result.excluded.items()]
    skipped = result.settings.get("skipped", {})
    lines += [f"Sample left out: {one_line(k)} ({one_line(v)})" for k, v in skipped.items()]
    return lines


def _reading(result: LadderResult, chosen: Deciding) -> list[str]:
    lines = [
        f"Severity {rung.severity} reads as: {one_line(rung.rung.reading)}"
        for rung in result.rungs
        if rung.severity == chosen.severity and rung.severity and rung.rung.reading
    ]
    if result.settings.get("resize"):
        lines.append(f"Noise was added {one_line(str(result.settings['noise_applied']))}")
    return lines
