"""The search for the mildest noise that breaks a limit: k-section of a bracket, pass by pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.judge.crossing import (
    ROUNDING,
    Bracket,
    Seen,
    bracket,
    crossing,
    excess,
    excess_at_best,
    excess_at_worst,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_xraynoise.engine.path import Path
    from pytest_xraynoise.results import LadderResult, LimitCheck

    Judge = Callable[[LadderResult], Mapping[int, tuple[LimitCheck, ...]]]
    Probe = Callable[[Sequence[Mapping[str, float]]], LadderResult]

STEP = 3.0
"""An extension goes beyond the ladder by 1 + STEP = 4 times the parameter at a time."""
ENDS = 4.0
"""The ends of the interval are looked for with this many times the tolerance."""
_MOST_PASSES = 64  # no search comes near; a guard against a curve made of rounding

Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much a search may cost, and how finely it looks.

    Attributes:
        tolerance: the bracket is closed when its ends differ by no more than this fraction.
        points: settings in one pass over the data.
        extend: passes beyond either end of the ladder, while the crossing is not on it.
    """

    tolerance: float = 0.05
    points: int = 3
    extend: int = 2


class Search:
    """Settings that were run, and which to run next.

    Three crossings are followed at once: that of the number itself, which is bracketed to the
    tolerance, and those of the two ends of its confidence interval, bracketed to four times the
    tolerance and interpolated. While they lie in the same bracket, it is cut into ``points`` + 1
    equal parts; later each gets its share of the points.
    """

    def __init__(self, path: Path, plan: Plan, judge: Judge) -> None:
        self.path = path
        self.plan = plan
        self.evaluations = 0
        self.clean: tuple[LimitCheck, ...] = ()
        self._judge = judge
        self._seen: dict[float, Seen] = {}
        self._milder = self._harsher = plan.extend

    @property
    def seen(self) -> list[Seen]:
        """Everything that was run, by rising noise."""
        return [one for _, one in sorted(self._seen.items())]

    def add(self, result: LadderResult, positions: Sequence[float] | None = None) -> None:
        """Take in what a pass measured: the ladder, or settings at ``positions``, severity 1 on."""
        checks = self._judge(result)
        self.clean = self.clean or checks.get(0, ())
        for rung in result.rungs:
            if rung.severity == 0:
                continue
            at = (
                self.path.position(rung.rung.parameters)
                if positions is None
                else positions[rung.severity - 1]
            )
            severity = rung.severity if positions is None else None
            self._seen.setdefault(at, Seen(at, checks[rung.severity], severity))
            self.evaluations += 1

    def run(self, probe: Probe, required: Sequence[float] = ()) -> None:
        """Run settings until the crossing is bracketed; those ``required`` come with the first."""
        for _ in range(_MOST_PASSES):
            new = [at for at in required if at not in self._seen]
            new += [at for at in self._wanted() if at not in (*self._seen, *new)]
            if not new:
                return
            new.sort()
            self.add(probe([self.path.parameters(at) for at in new]), new)

    def look_at(self, probe: Probe, positions: Sequence[float]) -> None:
        """Run these settings, and no others."""
        new = [at for at in positions if at not in self._seen]
        if new:
            self.add(probe([self.path.parameters(at) for at in new]), new)

    @property
    def broken_when_clean(self) -> bool:
        """Whether the clean images break a limit already."""
        return any(excess(check) > ROUNDING for check in self.clean)

    @property
    def estimate(self) -> Bracket:
        """The bracket of the mildest crossing."""
        return bracket(self.seen, lambda one: one.broken)

    def first(self) -> LimitCheck | None:
        """The check that breaks first, at the mildest setting that breaks any; None without."""
        found = self.estimate
        if found.broke is None:
            return None
        broken = [check for check in found.broke.checks if excess(check) > ROUNDING]

        def place(check: LimitCheck) -> float:
            at = self._at(found, _key(check))
            return -math.inf if at is None else at

        return min(broken, key=place)

    def ends(self) -> tuple[Bracket | None, Bracket | None]:
        """The brackets where the interval's worst and best end cross the limit that breaks first.

        None without an interval.
        """
        check = self.first()
        if check is None:
            return None, None
        found = []
        for end in (excess_at_worst, excess_at_best):
            how = _following(_key(check), end)
            if any(math.isnan(how(one)) for one in self.seen):
                return None, None
            found.append(bracket(self.seen, lambda one, how=how: how(one) > ROUNDING))  # type: ignore[misc]
        return found[0], found[1]

    def positions(self) -> tuple[float | None, float | None, float | None]:
        """Where the number crosses, and the worst and the best end of its interval."""
        check = self.first()
        if check is None:
            return None, None, None
        worst, best = self.ends()
        key = _key(check)
        return (
            self._at(self.estimate, key),
            None if worst is None else crossing(worst, _following(key, excess_at_worst)),
            None if best is None else crossing(best, _following(key, excess_at_best)),
        )

    @property
    def monotone(self) -> bool:
        """Whether nothing more severe than the first break holds again."""
        states = [one.broken for one in self.seen]
        return states == sorted(states)

    def again(self) -> Seen | None:
        """The mildest setting beyond the first break that keeps its limits again."""
        broken = False
        for one in self.seen:
            if broken and not one.broken:
                return one
            broken = broken or one.broken
        return None

    @staticmethod
    def _at(found: Bracket, key: Key) -> float | None:
        return crossing(found, _following(key, excess))

    def _wanted(self) -> list[float]:
        found = self.estimate
        if self.broken_when_clean:
            return []
        if not found.closed:
            return self._beyond(found.held is None, self.plan.points)
        fine = self.path.length(self.plan.tolerance)
        brackets = [(found, fine)]
        brackets += [(end, ENDS * fine) for end in self.ends() if end is not None]
        return [*self._inside(brackets), *self._outside([end for end, _ in brackets[1:]])]

    def _inside(self, brackets: Sequence[tuple[Bracket, float]]) -> list[float]:
        """Points that cut the brackets which are still too wide."""
        wide: dict[tuple[float, float], float] = {}
        for one, enough in brackets:
            if one.held is not None and one.broke is not None and one.width > enough * (1 + 1e-9):
                ends = (one.held.position, one.broke.position)
                wide[ends] = min(enough, wide.get(ends, math.inf))
        found = []
        left = self.plan.points
        for index, ((low, high), enough) in enumerate(wide.items()):
            if left == 0:
                break
            share = max(1, left // (len(wide) - index))
            parts = min(share, max(1, math.ceil((high - low) / enough - 1e-9) - 1)) + 1
            found += [low + (high - low) * part / parts for part in range(1, parts)]
            left = max(0, left - (parts - 1))
        return found

    def _outside(self, ends: Sequence[Bracket]) -> list[float]:
        found = []
        for milder in (True, False):
            if any((end.held if milder else end.broke) is None for end in ends):
                found += self._beyond(milder, 1)
        return found

    def _beyond(self, milder: bool, count: int) -> list[float]:
        """Points beyond an end of what was run, as long as the plan allows it."""
        left = self._milder if milder else self._harsher
        if left <= 0:
            return []
        if milder:
            self._milder -= 1
        else:
            self._harsher -= 1
        edge = self.seen[0 if milder else -1].position
        step = self.path.length(STEP) if self.path.logarithmic else self.path.length(1.0)
        sign = -1 if milder else 1
        places = [self.path.within(edge + sign * step * i) for i in range(1, count + 1)]
        return [at for at in dict.fromkeys(places) if abs(at - edge) > 1e-9 * max(1.0, abs(edge))]


def _key(check: LimitCheck) -> Key:
    return check.limit, check.label


def _following(key: Key, how: Callable[[LimitCheck], float | None]) -> Callable[[Seen], float]:
    """``how`` far one limit is crossed at a setting; NaN where it has no such number."""

    def at(one: Seen) -> float:
        check = next((check for check in one.checks if _key(check) == key), None)
        number = None if check is None else how(check)
        return math.nan if number is None else number

    return at
