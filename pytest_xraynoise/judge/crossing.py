"""Where a limit is first crossed among settings of rising noise. Plain numbers, nothing is run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.results import LimitCheck

ROUNDING = 1e-12
"""What subtracting two metrics may leave behind; a tie is no crossing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One setting that was run.

    Attributes:
        position: higher is more noise.
        checks: every limit held against it.
        severity: of a rung of the ladder; None for a setting between them.
    """

    position: float
    checks: tuple[LimitCheck, ...]
    severity: int | None = None

    @property
    def broken(self) -> bool:
        """Whether it breaks any limit."""
        return any(excess(check) > ROUNDING for check in self.checks)


@dataclass(frozen=True, slots=True)
class Bracket:
    """The mildest crossing: the last setting that holds and the first that breaks.

    ``held`` is None where the mildest setting breaks already, ``broke`` where none does.
    """

    held: Seen | None
    broke: Seen | None

    @property
    def closed(self) -> bool:
        """Whether both ends are known."""
        return self.held is not None and self.broke is not None

    @property
    def width(self) -> float:
        """Distance of its ends; infinite while one is unknown."""
        if self.held is None or self.broke is None:
            return math.inf
        return self.broke.position - self.held.position


def bracket(seen: Sequence[Seen], breaks: Callable[[Seen], bool]) -> Bracket:
    """The mildest crossing among settings in the order of rising noise."""
    for index, one in enumerate(seen):
        if breaks(one):
            return Bracket(seen[index - 1] if index else None, one)
    return Bracket(seen[-1] if seen else None, None)


def excess(check: LimitCheck) -> float:
    """How far a number is beyond its limit; positive is beyond."""
    return _beyond(check, check.observed)


def excess_at_worst(check: LimitCheck) -> float | None:
    """The same at the end of the interval that is worst for the model; None without interval."""
    end = check.low if _is_floor(check) else check.high
    return None if end is None else _beyond(check, end)


def excess_at_best(check: LimitCheck) -> float | None:
    """The same at the end of the interval that is best for the model; None without interval."""
    end = check.high if _is_floor(check) else check.low
    return None if end is None else _beyond(check, end)


def crossing(found: Bracket, how: Callable[[Seen], float]) -> float | None:
    """The position in a closed bracket at which ``how`` is 0, on a straight line through its ends.

    The middle where an end is not finite, None for an open bracket.
    """
    if found.held is None or found.broke is None:
        return None
    before, after = how(found.held), how(found.broke)
    share = 0.5
    if math.isfinite(before) and math.isfinite(after) and after > before:
        share = min(max(-before / (after - before), 0.0), 1.0)
    return found.held.position + share * found.width


def _is_floor(check: LimitCheck) -> bool:
    return check.limit.startswith("min_")


def _beyond(check: LimitCheck, number: float) -> float:
    return check.threshold - number if _is_floor(check) else number - check.threshold
