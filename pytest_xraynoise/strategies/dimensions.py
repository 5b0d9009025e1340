"""How far a setting of a noise is from the clean end, in doublings of the noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError
from pytest_xraynoise.judge.breaking_words import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.noise import NoiseKind, Parameter

STEPS = 8
"""Steps in one doubling of the noise: each is 9% more noise."""
GREY_LEVELS = 255.0
"""The reference of the stress kinds is noise of one grey level of an 8-bit image."""
ELECTRONS = "electrons"
READOUT = noise.Parameter(ELECTRONS, "electrons rms per detector pixel", high=1e9)
MOST_READOUT = 16.0
MOST_BUILT_IN = 255
"""Stream numbers up to here are those of the built-in kinds."""

_POWERS = {"photons": -0.5, "dose": -0.5, "amount": 0.5, "fraction": 0.5}
_REFERENCES = {
    "photons": GREY_LEVELS**2,
    "sigma": 1 / GREY_LEVELS,
    "amount": GREY_LEVELS**-2,
    "fraction": GREY_LEVELS**-2,
    "dose": 1.0,
}


@dataclass(frozen=True, slots=True)
class Dimension:
    """One parameter of a noise, from its reference to the worst that is looked at.

    Attributes:
        keyword, unit: which parameter.
        mild: the reference, at distance 0.
        worst: the other end.
        power: the standard deviation of the noise goes with the parameter to this power: -1/2 for
            photons and dose, 1 for a sigma, 1/2 for a share of the pixels.
        setting: whether it is a setting of the kind and not a parameter of its rungs.
    """

    keyword: str
    unit: str
    mild: float
    worst: float
    power: float
    setting: bool = False

    @property
    def steps(self) -> int:
        """Steps from ``mild`` to ``worst``, at least 1."""
        return max(1, math.ceil(self.distance(self.worst) * STEPS - 1e-9))

    def distance(self, value: float) -> float:
        """Doublings of the noise's standard deviation from ``mild`` to ``value``."""
        return max(0.0, self.power * math.log2(value / self.mild))

    def value(self, steps: float) -> float:
        """The parameter ``steps`` steps from ``mild``, to three digits, ``worst`` at the most."""
        if steps == 0:
            return self.mild
        found = float(f"{self.mild * 2 ** (steps / STEPS / self.power):.3g}")
        low, high = sorted((self.mild, self.worst))
        return min(max(found, low), high)

    def within(self, ends: object) -> Dimension:
        """The same parameter between two other ends, (mild, worst).

        Raises:
            SpecError: not two positive numbers, or the worse one first.
        """
        pair = tuple(ends) if isinstance(ends, tuple | list) else ()
        numbers = [float(end) for end in pair if isinstance(end, int | float)]
        if len(pair) != 2 or len(numbers) != 2 or not all(0 < n < math.inf for n in numbers):
            raise SpecError(
                f"{self.keyword}={ends!r}: expected two positive numbers, (mild, worst), such as "
                f"{self.keyword}=({self.mild:.3g}, {self.worst:.3g})"
            )
        mild, worst = numbers
        if self.power * math.log(worst / mild) <= 0:
            than = "less" if self.power < 0 else "more"
            raise SpecError(
                f"{self.keyword}={ends!r}: the first is the mild end, so the second has to be "
                f"{than}; write {self.keyword}=({worst:g}, {mild:g})"
            )
        return Dimension(self.keyword, self.unit, mild, worst, self.power, self.setting)

    def text(self, value: float) -> str:
        """``dose=0.0041 of the reference dose``."""
        return f"{self.keyword}={rounded(value)} {self.unit}"


def dimensions(
    kind: NoiseKind, ends: Mapping[str, object] | None = None, *, readout: bool = False
) -> tuple[Dimension, ...]:
    """Every parameter of a kind, from its reference to the worst rung of its own ladder.

    Args:
        kind: the noise.
        ends: other ends by keyword, (mild, worst).
        readout: with the readout noise of the detector, where that is a setting of the kind.

    Raises:
        SpecError: ends that make no sense, or a kind without a ladder that would say what is mild
            and what is severe, and no ends for it.
    """
    ends = ends or {}
    found = [_dimension(kind, each, ends.get(each.keyword)) for each in kind.parameters]
    if readout and ELECTRONS not in kind.keywords and hasattr(kind, "source_noise"):
        mild = noise.detector(kind.detector).readout or 1.0  # type: ignore[attr-defined]
        own = Dimension(ELECTRONS, READOUT.unit, mild, mild * MOST_READOUT, 1.0, setting=True)
        found.append(own.within(ends[ELECTRONS]) if ELECTRONS in ends else own)
    check_allowed(kind, found)
    return tuple(found)


def _dimension(kind: NoiseKind, parameter: Parameter, ends: object) -> Dimension:
    word = parameter.keyword
    rungs = kind.ladders.get(kind.default_ladder, {}).get(word, ())
    if len(rungs) < 2 or min(rungs) <= 0 or rungs[0] == rungs[-1]:
        if isinstance(ends, tuple | list) and len(ends) == 2:
            return Dimension(word, parameter.unit, 1.0, 2.0, _sign(ends)).within(ends)
        raise SpecError(
            f"noise {kind.name!r} has no ladder that says which {word} is mild and which is "
            f"severe; say it: {word}=(mild, worst)"
        )
    builtin = kind.stream_number is not None and kind.stream_number <= MOST_BUILT_IN
    power = _POWERS.get(word, 1.0) if builtin else _sign(rungs)
    mild = _REFERENCES.get(word, rungs[0]) if builtin else rungs[0]
    found = Dimension(word, parameter.unit, mild, rungs[-1], power)
    return found if ends is None else found.within(ends)


def _sign(ends: Sequence[float]) -> float:
    """1 where more noise is more of a parameter, -1 where it is less."""
    return 1.0 if ends[-1] > ends[0] else -1.0


def check_allowed(kind: NoiseKind, found: Sequence[Dimension]) -> None:
    """Refuse ends that the kind does not take.

    Raises:
        SpecError: with the range that it takes.
    """
    for at in ("mild", "worst"):
        values = {each.keyword: getattr(each, at) for each in found if not each.setting}
        try:
            kind.check(values)
            for each in found:
                if each.setting:
                    READOUT.check(getattr(each, at))
        except NoiseError as error:
            raise SpecError(f"noise {kind.name!r}: {error}") from None
