"""Whole intervals against limits, with the chance of a wrong word kept over all looks together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.judge.counts import independent
from pytest_xraynoise.judge.needed import rounded_up, samples_needed
from pytest_xraynoise.judge.units import Floor, floor_of
from pytest_xraynoise.stats.distribution import TIE
from pytest_xraynoise.stats.step_down import divisors, holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.judge.looks import Look
    from pytest_xraynoise.results import LadderResult, LimitCheck


@dataclass(frozen=True, slots=True)
class _Upright:
    """A look turned so that more is worse: the interval's excess over the limit, and its tests.

    Attributes:
        low, high: ends of the interval of the excess, beyond the limit where positive.
        beyond: p-value against "the limit is kept"; small: it is broken.
        within: p-value against "the limit is broken"; small: it is kept.
        floor: what the p-value of its side cannot be below.
    """

    excess: float
    low: float
    high: float
    beyond: float
    within: float
    floor: Floor


def hold_with_confidence(
    result: LadderResult,
    looks: Sequence[Look],
    confidence: float,
    mode: str,
    families: int = 1,
) -> list[LimitCheck]:
    """The checks of a confident mode.

    A limit is broken where the whole interval is beyond it and Holm's adjusted p-value over all
    looks agrees; it is kept where the whole interval is within it and the adjusted p-value of that
    side agrees; else the check is inconclusive. The two sides are two families of tests, each with
    the one-sided level (1 - confidence) / 2.

    Samples that do not show an event say little about a rare one, however narrow an interval of
    theirs is. So a p-value of a share of samples (sensitivity), or of a number that no resample
    moves, is at least what so many units can know: :func:`~pytest_xraynoise.judge.units.floor_of`.

    Args:
        result: what was measured.
        looks: at least one.
        confidence: level of the two-sided intervals.
        mode: for messages.
        families: how many such calls share the level.

    Raises:
        MetricError: when a number has no interval.
    """
    turned = [_upright(result, look, mode) for look in looks]
    samples = independent(result)
    beyond, within = [each.beyond for each in turned], [each.within for each in turned]
    broken, kept = (_Family(p, confidence, families) for p in (beyond, within))
    checks = []
    for i, (look, each) in enumerate(zip(looks, turned, strict=True)):
        over = each.excess > TIE
        side = broken if over else kept
        is_broken = each.low > TIE and broken.rejects(i)
        settled = is_broken or (each.high <= TIE and kept.rejects(i))
        needed = None
        if not settled:
            half_width = each.excess - each.low if over else each.high - each.excess
            needed = samples_needed(
                samples,
                distance=each.excess,
                half_width=half_width,
                confidence=confidence,
                divisor=side.steps[i],
            )
            rare = each.floor.needed(samples, (1.0 - confidence) / 2.0 / side.steps[i])
            if rare:
                needed = max(needed or 0, rounded_up(rare))
        found = look.check(
            broken=is_broken,
            inconclusive=not settled,
            p=side.raw[i],
            adjusted_p=side.adjusted[i],
            needed=needed,
        )
        checks.append(found)
    return checks


class _Family:
    """One-sided tests in one direction, adjusted by Holm's step-down.

    Attributes:
        raw, adjusted: p-values.
        steps: by how much the level is divided for each test.
    """

    def __init__(self, p_values: Sequence[float], confidence: float, families: int) -> None:
        self.raw = tuple(p_values)
        self.adjusted = tuple(min(1.0, families * p) for p in holm(p_values))
        self.steps = {index: families * step for index, step in dict(divisors(p_values)).items()}
        self._level = (1.0 - confidence) / 2.0 + TIE

    def rejects(self, index: int) -> bool:
        """Whether the hypothesis falls at the family's level."""
        return self.adjusted[index] <= self._level


def _upright(result: LadderResult, look: Look, mode: str) -> _Upright:
    seen = look.observed
    if seen.uncertainty is None or seen.low is None or seen.high is None:
        raise MetricError(
            f"{look.limit.text} cannot be judged with decide={mode!r}: {look.called} has no "
            f"interval {look.where}; use more samples, or decide='point'"
        )
    limit = look.sign * look.threshold
    known = seen.uncertainty if look.sign > 0 else seen.uncertainty.mirrored()
    low, high = sorted((look.sign * seen.low, look.sign * seen.high))
    beyond, within = known.p_above(limit), known.p_below(limit)
    floor = floor_of(result, look)
    if look.excess > 0:
        beyond = max(beyond, floor.p)
    else:
        within = max(within, floor.p)
    return _Upright(look.excess, low - limit, high - limit, beyond, within, floor)
