"""What got better or worse since a baseline, over all tests of a run, for the HTML report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.comparison_text import difference_row
from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.report.rows import Row
    from pytest_xraynoise.results import Comparison, Difference, TestRecord

_ORDER = ("regressed", "missing", "worse", "better")
_KINDS = {"regressed": "fail", "missing": "open", "worse": "error", "better": "pass"}


@dataclass(frozen=True, slots=True)
class Change:
    """One test and one number that changed; the numbers are empty for a missing test."""

    word: str
    kind: str
    slug: str
    test: str
    model: str
    noise: str
    metric: str = ""
    severity: str = ""
    baseline: str = ""
    now: str = ""
    difference: str = ""
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """A run against one baseline: counts in words, what changed, and what to do about gains."""

    baseline: str
    summary: str
    rows: tuple[Change, ...]
    advice: str


def changes(records: Sequence[TestRecord], rows: Sequence[Row]) -> tuple[Changes, ...]:
    """One part for each baseline; ``rows`` are the lines of the table for the same records."""
    pairs = list(zip(records, rows, strict=True))
    names = dict.fromkeys(r.comparison.baseline for r in records if r.comparison is not None)
    return tuple(
        _of_baseline(
            name,
            [
                (record.comparison, row)
                for record, row in pairs
                if record.comparison is not None and record.comparison.baseline == name
            ],
        )
        for name in names
    )


def _of_baseline(name: str, compared: Sequence[tuple[Comparison, Row]]) -> Changes:
    found = [change for comparison, row in compared for change in _changes(comparison, row)]
    found.sort(key=lambda change: _ORDER.index(change.word))
    changed = {change.slug for change in found}
    words = [
        (sum(1 for c in found if c.word == word), {"missing": "missing in it"}.get(word, word))
        for word in _ORDER
    ]
    same = len({row.slug for _, row in compared} - changed)
    words.append((same, "without a change beyond its interval"))
    summary = ", ".join(f"{count} {word}" for count, word in words if count)
    advice = ""
    if any(change.word == "better" for change in found):
        save = f"--xraynoise-save={one_line(name)}"
        advice = f"To hold what got better to its new level, save again with {save}."
    return Changes(one_line(name), summary, tuple(found), advice)


def _changes(comparison: Comparison, row: Row) -> list[Change]:
    """The worst regression, else the worst loss; and the best gain."""
    if comparison.status == "missing":
        return [_change("missing", row)]
    found = []
    if comparison.regressed:
        found.append(_change("regressed", row, comparison.deciding))
    elif comparison.worse:
        found.append(_change("worse", row, max(comparison.worse, key=lambda each: each.loss)))
    if comparison.better:
        found.append(_change("better", row, min(comparison.better, key=lambda each: each.loss)))
    return found


def _change(word: str, row: Row, each: Difference | None = None) -> Change:
    start = (word, _KINDS[word], row.slug, row.test, row.model, row.noise)
    return Change(*start) if each is None else Change(*start, *difference_row(each)[:6])


def baseline_curve(
    comparison: Comparison | None, metric: str, label: str | None = None
) -> dict[int, float]:
    """Severity to value, as the baseline holds a metric; empty where it was not compared."""
    return {
        each.severity: each.baseline
        for each in (comparison.differences if comparison else ())
        if (each.metric, each.label) == (metric, label)
    }
