"""A breaking point in words: the one sentence that every report shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_xraynoise.engine.path import Path
    from pytest_xraynoise.judge.crossing import Seen
    from pytest_xraynoise.judge.search import Search


def rounded(value: float, digits: int = 3) -> str:
    """A parameter to three digits, as people write it: ``0.112``, ``1,230``.

    >>> rounded(0.11249), rounded(1234.5), rounded(2.0)
    ('0.112', '1,230', '2')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    kept = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{kept:,.10g}" if abs(kept) >= 1e-4 else f"{kept:.{digits}g}"


def setting(path: Path, position: float) -> str:
    """A setting in words: ``0.112 of the reference dose``, ``sigma 0.14 of full scale``."""
    found = path.parameters(position)
    units = {parameter.keyword: parameter.unit for parameter in path.kind.parameters}
    words = [named(word, value, units[word]) for word, value in found.items()]
    return " with ".join(words)


def named(word: str, value: float, unit: str) -> str:
    """A parameter with its unit, and its name where the unit does not say it."""
    stem = word.removesuffix("s")
    return f"{rounded(value)} {unit}" if stem in unit else f"{word} {rounded(value)} {unit}"


def sentence(search: Search, *, searched: bool) -> str:
    """What a search found: down or up to which noise the limits hold."""
    if search.broken_when_clean:
        return "breaks a limit on the clean images already"
    at, worst, best = search.positions()
    found = search.estimate
    if found.broke is None:
        return f"holds everywhere, {_direction(search.path)} {_run(search, -1)}"
    if at is None:
        return f"breaks already at {_run(search, 0)}, the mildest noise that was run"
    text = f"holds {_direction(search.path)} {setting(search.path, at)}"
    if not searched:
        text += f", between {_rung(found.held)} and {_rung(found.broke)}"
    if searched and (worst is not None or best is not None):
        text += f" (interval {_interval(search.path, worst, best)})"
    again = search.again()
    if again is not None:
        text += f"; not monotone: it holds again at {setting(search.path, again.position)}"
    return text


def _direction(path: Path) -> str:
    return "down to" if path.falls else "up to"


def _run(search: Search, index: int) -> str:
    return setting(search.path, search.seen[index].position)


def _rung(one: Seen | None) -> str:
    return "clean" if one is None else f"rung {one.severity}"


def _interval(path: Path, worst: float | None, best: float | None) -> str:
    """In the order of the numbers; an end beyond everything that was run is named as such."""
    ends = [None if at is None else rounded(path.value(at)) for at in (worst, best)]
    low, high = reversed(ends) if path.falls else ends
    if low is None:
        return f"up to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"
