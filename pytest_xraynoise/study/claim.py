"""A claim, and what the claims have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.study.means import drop_of, mean_of
from pytest_xraynoise.study.plan import METRIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult
    from pytest_xraynoise.study.means import Mean
    from pytest_xraynoise.study.plan import Cell

    Ladders = Sequence[tuple[Cell, LadderResult]]

LEVEL = 0.025
"""Of a one-sided test, after Holm."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim and what became of it.

    Attributes:
        name: in a word or two.
        claim: the sentence that was tested.
        source: who says so.
        verdict: ``found``; ``not found`` where the opposite is, or a search came back empty; or
            ``cannot be told`` where the intervals leave both open.
        evidence: the numbers.
    """

    name: str
    claim: str
    source: str
    verdict: str
    evidence: str


def told(gap: Mean) -> str:
    """Whether a difference is above 0, below it, or neither for sure."""
    low, high = gap.interval()
    return "found" if low > 0 else "not found" if high < 0 else "cannot be told"


def of(
    plain: Ladders, task: str, noise: str, models: Sequence[str] = ()
) -> list[tuple[Cell, LadderResult]]:
    """Ladders of models trained on clean images."""
    return [
        (cell, result)
        for cell, result in plain
        if (cell.task, cell.noise, cell.training) == (task, noise, "clean")
        and (not models or cell.model in models)
    ]


def drop_at(ladders: Ladders, severity: int) -> Mean | None:
    """The mean drop of several ladders at a rung, of the metric of their task; None without one."""
    drops = [drop_of(result, METRIC[cell.task], severity) for cell, result in ladders]
    return mean_of([drop for drop in drops if drop is not None])


def at_least(hits: int, tries: int, chance: float) -> float:
    """The probability of so many hits or more: the upper tail of the binomial distribution.

    >>> round(at_least(2, 3, 0.5), 3)
    0.5
    """
    return math.fsum(
        math.comb(tries, k) * chance**k * (1 - chance) ** (tries - k)
        for k in range(hits, tries + 1)
    )
