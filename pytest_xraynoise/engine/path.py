"""The line through the rungs of a ladder: noise of any strength, not only that of the rungs."""

from __future__ import annotations

import bisect
import math
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import NoiseError, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.noise import NoiseKind
    from pytest_xraynoise.results import Rung

_HALVINGS = 60  # of an interval of floats, until nothing is left to halve


class Path:
    """Every strength of a noise between its rungs and beyond them, as one rising position.

    The position is the logarithm of one parameter (the parameter itself where a rung has it at 0 or
    below), with the sign that makes more noise a higher position. The other parameters of a kind
    follow along straight lines through the rungs, on the logarithmic scale too.

    Attributes:
        kind: the noise, with its settings.
        keyword, unit: the parameter that is followed.
        falls: whether it falls as the noise rises: photons and dose do, sigma does not.
        logarithmic: whether positions are logarithms.
        span: length from the mildest rung to the most severe one.
    """

    def __init__(self, kind: NoiseKind, rungs: Sequence[Rung]) -> None:
        """Lay the line.

        Args:
            kind: the noise.
            rungs: those of its ladder; the clean one is left out.

        Raises:
            SpecError: rungs that do not say which way the noise rises, or lie on no single line.
        """
        noisy = [rung for rung in rungs if rung.severity > 0]
        if not noisy or not all(set(kind.keywords) <= set(rung.parameters) for rung in noisy):
            raise SpecError(
                f"noise {kind.name!r} needs rungs that say their {' and '.join(kind.keywords)}, to "
                "be followed between them"
            )
        values = {word: [rung.parameters[word] for rung in noisy] for word in kind.keywords}
        moving = [
            word for word in kind.keywords if len(set(values[word])) == len(set(_rows(noisy)))
        ]
        if not moving:
            raise SpecError(
                f"the rungs of noise {kind.name!r} lie on no single line: each of them needs a "
                f"{kind.keywords[0]} of its own"
            )
        self.kind = kind
        self.keyword = moving[0]
        self.unit = next(p.unit for p in kind.parameters if p.keyword == self.keyword)
        self.falls = _falls(kind, self.keyword, values[self.keyword])
        self.logarithmic = all(value > 0 for value in values[self.keyword])
        ordered = sorted({self._at(r.parameters[self.keyword]): r for r in noisy}.items())
        self._places = [place for place, _ in ordered]
        self._logs = {word: all(v > 0 for v in column) for word, column in values.items()}
        self._columns = {
            word: [_scaled(rung.parameters[word], self._logs[word]) for _, rung in ordered]
            for word in kind.keywords
        }
        self.span = self._places[-1] - self._places[0]

    def position(self, parameters: Mapping[str, float]) -> float:
        """Where a setting lies; higher is more noise."""
        return self._at(parameters[self.keyword])

    def value(self, position: float) -> float:
        """The parameter that is followed, at a position."""
        signed = -position if self.falls else position
        return math.exp(signed) if self.logarithmic else signed

    def parameters(self, position: float) -> dict[str, float]:
        """Every parameter of the kind at a position."""
        found = {word: self._along(word, position) for word in self.kind.keywords}
        found[self.keyword] = self.value(position)
        return found

    def within(self, position: float) -> float:
        """The position itself, or the last one on the way there that the kind allows."""
        if self._allowed(position):
            return position
        good = min(self._places, key=lambda place: abs(place - position))
        bad = position
        for _ in range(_HALVINGS):
            middle = (good + bad) / 2
            good, bad = (middle, bad) if self._allowed(middle) else (good, middle)
        return good

    def length(self, fraction: float) -> float:
        """How far apart two positions are whose parameters differ by ``fraction``.

        Where positions are no logarithms it is that fraction of the ladder's span.
        """
        if self.logarithmic:
            return math.log1p(fraction)
        return fraction * (self.span or abs(self._places[0]) or 1.0)

    def _at(self, value: float) -> float:
        if self.logarithmic:
            value = math.log(value) if value > 0 else -math.inf
        return -value if self.falls else value

    def _along(self, word: str, position: float) -> float:
        column = self._columns[word]
        if len(column) == 1:
            return _unscaled(column[0], self._logs[word])
        after = min(max(bisect.bisect(self._places, position), 1), len(column) - 1)
        left, right = self._places[after - 1], self._places[after]
        share = (position - left) / (right - left)
        scaled = column[after - 1] + share * (column[after] - column[after - 1])
        return _unscaled(scaled, self._logs[word])

    def _allowed(self, position: float) -> bool:
        try:
            self.kind.check(self.parameters(position))
        except (NoiseError, OverflowError):
            return False
        return True


def _rows(rungs: Sequence[Rung]) -> list[tuple[tuple[str, float], ...]]:
    return [tuple(sorted(rung.parameters.items())) for rung in rungs]


def _falls(kind: NoiseKind, word: str, values: Sequence[float]) -> bool:
    """Whether more noise is less of a parameter: as the kind's own ladder has it, else the rungs.

    Raises:
        SpecError: neither says.
    """
    known = kind.ladders.get(kind.default_ladder, {}).get(word, ())
    for column in (known, values):
        if len(column) > 1 and column[0] != column[-1]:
            return column[0] > column[-1]
    raise SpecError(
        f"one rung does not say whether more noise is more or less {word}; give noise "
        f"{kind.name!r} two rungs at least, the mild one first"
    )


def _scaled(value: float, logarithmic: bool) -> float:
    return math.log(value) if logarithmic else value


def _unscaled(value: float, logarithmic: bool) -> float:
    return math.exp(value) if logarithmic else value
