"""A comparison with a baseline as the HTML report shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.comparison_text import (
    difference_row,
    shown_differences,
    state,
)
from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from pytest_xraynoise.results import Comparison


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One number of the table; ``state`` is a word, ``kind`` picks its colour."""

    metric: str
    severity: str
    baseline: str
    now: str
    difference: str
    interval: str
    allowed: str
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """The table of one test."""

    baseline: str
    headline: str
    rows: tuple[DifferenceRow, ...]
    notes: tuple[str, ...]
    confidence: str


def comparison_view(comparison: Comparison | None) -> ComparisonView | None:
    """What the page says about a comparison; None where there is none."""
    if comparison is None:
        return None
    return ComparisonView(
        baseline=one_line(comparison.baseline),
        headline=one_line(comparison.headline),
        rows=tuple(
            DifferenceRow(*difference_row(each), _kind(state(each)))
            for each in shown_differences(comparison)
        ),
        notes=tuple(one_line(note) for note in comparison.notes),
        confidence=f"{100 * comparison.confidence:g}%",
    )


def _kind(word: str) -> str:
    return {"REGRESSED": "fail", "worse": "fail"}.get(word, "pass" if word else "")
