"""A run as markdown, for step summaries and merge requests; and how text is escaped there."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from pytest_xraynoise.report.deciding import deciding
from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.report.outcome import beyond, reason, tally, worst_failure
from pytest_xraynoise.report.text import cut, elide, one_line
from pytest_xraynoise.report.words import (
    decimals_that_differ,
    distinct,
    interval,
    metric_name,
    number,
    outcome_word,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import TestRecord

# What means something within a line; no text of others stands at the start of one.
_PUNCTUATION = re.compile(r"[\\`*_\[\]|~$]")
_HEAD = ("verdict", "test", "noise", "metric", "clean", "worst", "drop", "severity", "limit")
_SHOWN_FIRST = ("failed", "error", "interrupted")
_MOST_WIDTH, _MOST_REASON = 160, 500


def write_markdown(document: Document, path: str | os.PathLike[str]) -> None:
    """Write :func:`render` to ``path``, in one step.

    Raises:
        ReportError: if the file cannot be written.
    """
    write_atomic(path, render(document))


def render(document: Document, *, most: int | None = None, more: Sequence[str] = ()) -> str:
    """The run: how it ended, the worst failure, a table of tests (failures first), how to repeat.

    Args:
        document: the run.
        most: rows of the table at most; the others are counted below it.
        more: paragraphs of markdown of the caller's own, after the table.
    """
    records = sorted(document.tests, key=_order)
    parts = [f"## X-ray noise robustness: {escape(tally(records))}"]
    worst = worst_failure(records)
    if worst is not None:
        why = escape(cut(reason(worst), _MOST_REASON))
        parts.append(f"**Worst failure:** {escape(fitted(worst.nodeid))}: {why}")
    shown = records[:most]
    if shown:
        parts.append(table(_HEAD, [_row(record) for record in shown]))
    if len(shown) < len(records):
        parts.append(f"and {len(records) - len(shown)} more tests")
    parts += [*more, *_facts(document)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    r"""Text of any kind as markdown that shows it and nothing else, on one line.

    >>> escape("a*b* | <b>")
    'a\\*b\\* \\| &lt;b&gt;'
    """
    return html.escape(_PUNCTUATION.sub(r"\\\g<0>", one_line(text)), quote=False)


def fitted(text: str) -> str:
    """Text cut in its middle, where it is longer than a table takes."""
    return elide(one_line(text), _MOST_WIDTH)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are text, not markdown."""
    lines = [[escape(cell) for cell in head], ["---"] * len(head)]
    lines += [[escape(fitted(cell)) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _order(record: TestRecord) -> tuple[int, float]:
    if record.outcome in _SHOWN_FIRST:
        return _SHOWN_FIRST.index(record.outcome), -beyond(record)
    return len(_SHOWN_FIRST) + (record.outcome == "passed"), 0.0


def _row(record: TestRecord) -> list[str]:
    chosen = deciding(record)
    noise = record.noise or (record.result.noise if record.result else "")
    start = [outcome_word(record), record.nodeid, noise]
    if chosen is None:
        return [*start, reason(record), *[""] * 5]
    check = chosen.check
    decimals = decimals_that_differ(check.observed, check.threshold) if check else 3
    name = metric_name(chosen.metric)
    drop = f"{number(chosen.drop, decimals)} {interval(chosen.low, chosen.high, decimals)}"
    return [
        *start,
        name if chosen.label is None else f"{name}, {chosen.label}",
        number(chosen.clean, decimals),
        number(chosen.worst, decimals),
        drop.strip(),
        "mean" if chosen.severity is None else str(chosen.severity),
        check.limit if check else "",
    ]


def _facts(document: Document) -> list[str]:
    """What a reader needs to repeat the run."""
    environment = document.environment
    results = [record.result for record in document.tests if record.result is not None]
    commit = environment.get("commit")
    if commit and environment.get("dirty"):
        commit = f"{commit} with uncommitted changes"
    found = (
        ("model", distinct(result.model for result in results)),
        ("data", distinct(result.dataset for result in results)),
        ("device", environment.get("device")),
        ("seed", distinct(result.settings.get("seed") for result in results)),
        ("pytest-xraynoise", (environment.get("packages") or {}).get("pytest-xraynoise")),
        ("commit", commit),
    )
    told = [f"{name} {fitted(str(value))}" for name, value in found if value]
    return [escape("; ".join(told))] if told else []
