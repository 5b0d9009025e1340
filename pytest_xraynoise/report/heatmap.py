"""Drop by label and severity as a table that is coloured like a heatmap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.rung_words import captions
from pytest_xraynoise.report.words import metric_name, number

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the heatmap: the drop, and the strength of its colour from -1 to 1."""

    text: str
    strength: float


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Drop by label and severity, the label that lost most first."""

    metric: str
    severities: tuple[tuple[int, str], ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def heatmap(result: LadderResult, metric: str) -> Heatmap | None:
    """The drops of ``metric``; None with fewer than two labels, or without a noisy rung."""
    curves = result.metric(metric).by_label
    severities = [s for s in result.severities if s > 0]
    if len(curves) < 2 or not severities:
        return None
    drops = {
        label: [curve.rungs[s].drop if s in curve.rungs else math.nan for s in severities]
        for label, curve in curves.items()
    }
    finite = [abs(d) for row in drops.values() for d in row if math.isfinite(d)]
    scale = max([0.05, *finite])  # below that, noise of the estimate would look like a finding

    def cell(drop: float) -> Cell:
        return Cell(number(drop), drop / scale if math.isfinite(drop) else 0.0)

    def lost(item: tuple[str, list[float]]) -> float:
        return max((d for d in item[1] if math.isfinite(d)), default=-math.inf)

    ordered = sorted(drops.items(), key=lost, reverse=True)
    names = captions(result)
    return Heatmap(
        metric=metric_name(metric),
        severities=tuple((s, names[s]) for s in severities),
        rows=tuple((label, tuple(cell(d) for d in row)) for label, row in ordered),
    )
