"""A claim, and what the claims have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.study.means import drop_of, mean_of
from pytest_xraynoise.study.plan import METRIC, STRESS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def told(mean: Mean, above: float = 0.0) -> str:
    """Whether a mean is above a number, below it, or neither for sure."""
    low, high = mean.interval()
    return "found" if low > above else "not found" if high < above else "cannot be told"


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


def severe(
    plain: Ladders, *groups: tuple[str, Sequence[str]]
) -> Iterator[tuple[str, int, tuple[Mean, ...]]]:
    """Mean drops of groups of models at the last rung that all have, for each stress noise.

    Args:
        plain: the ladders.
        groups: a task each, and names of models, all where there are none.

    Yields:
        The noise, the severity, and a mean for each group; nothing where a group was not measured.
    """
    for noise in STRESS:
        ladders = [of(plain, task, noise, models) for task, models in groups]
        if not all(ladders):
            continue
        top = min(max(result.severities) for group in ladders for _, result in group)
        drops = [[drop_of(r, METRIC[c.task], top) for c, r in group] for group in ladders]
        means = [mean_of([one for one in group if one is not None]) for group in drops]
        known = tuple(mean for mean in means if mean is not None)
        if len(known) == len(groups):
            yield noise, top, known


def at_least(hits: int, tries: int, chance: float) -> float:
    """The probability of so many hits or more: the upper tail of the binomial distribution.

    >>> round(at_least(2, 3, 0.5), 3)
    0.5
    """
    return math.fsum(
        math.comb(tries, k) * chance**k * (1 - chance) ** (tries - k)
        for k in range(hits, tries + 1)
    )
