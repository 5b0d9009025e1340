"""Where a search looks: kinds of noise, each a box of parameters, and points drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.engine.kind_words import setting_words, words_of
from pytest_xraynoise.engine.words import requested
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.breaking_words import rounded
from pytest_xraynoise.strategies.dimensions import ELECTRONS, STEPS, Dimension, dimensions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_xraynoise.engine.request import LadderRequest

SHARES = 8
"""A parameter that does not lead is so many eighths of the distance away."""


@dataclass(frozen=True, eq=False)
class Space:
    """One kind of noise and what is varied of it.

    Attributes:
        request: what is run, at the reference.
        dimensions: what is varied.
    """

    request: LadderRequest
    dimensions: tuple[Dimension, ...]

    @property
    def steps(self) -> int:
        """Steps from the reference to the far corner."""
        return max(each.steps for each in self.dimensions)

    def asked(self, points: Sequence[Point], metrics: Sequence[str]) -> LadderRequest:
        """The request of a ladder with these points as its rungs, from severity 1.

        All of them have the settings of the last.
        """
        columns: dict[str, Any] = {
            each.keyword: tuple(each.value(point.steps[i]) for point in points)
            for i, each in enumerate(self.dimensions)
            if not each.setting
        }
        settings = {**self.request.settings, **points[-1].settings}
        return replace(
            self.request, parameters=columns, settings=settings, metrics=tuple(metrics), also=()
        )


@dataclass(frozen=True)
class Point:
    """One setting: how many steps each dimension of a space is away from its reference."""

    space: Space
    steps: tuple[int, ...]

    @property
    def furthest(self) -> int:
        """Steps of the dimension that is furthest away: the distance that is minimised."""
        return max(self.steps)

    @property
    def values(self) -> Mapping[str, float]:
        """Each parameter in its own unit."""
        return {
            e.keyword: e.value(n) for e, n in zip(self.space.dimensions, self.steps, strict=True)
        }

    @property
    def settings(self) -> Mapping[str, Any]:
        """What changes about the kind itself: the detector, with its readout noise."""
        electrons = [e.keyword for e in self.space.dimensions if e.setting]
        if not electrons:
            return {}
        kind: Any = self.space.request.kind
        panel = noise.detector(kind.detector)
        readout = self.values[ELECTRONS]
        if readout == panel.readout:
            return {}
        name = f"{panel.name} with {rounded(readout)} electrons of readout noise"
        return {"detector": replace(panel, name=name, readout=readout)}

    @property
    def text(self) -> str:
        """``lowdose with dose=0.0041 of the reference dose and electrons=3,360 electrons rms``."""
        told = [each.text(self.values[each.keyword]) for each in self.space.dimensions]
        return f"{self.space.request.noise} with {' and '.join(told)}"

    @property
    def reference(self) -> str:
        """The reference of its kind: ``dose=1, electrons=1,500``."""
        return ", ".join(f"{e.keyword}={rounded(e.mild)}" for e in self.space.dimensions)

    @property
    def repeat(self) -> str:
        """The call of ``evaluate`` that measures it again."""
        words = [f"noise={self.space.request.noise!r}"]
        words += [
            f"{e.keyword}={self.values[e.keyword]:.12g}"
            for e in self.space.dimensions
            if not e.setting
        ]
        settings = dict(self.space.request.settings)
        if self.settings:
            kind: Any = self.space.request.kind
            name = noise.detector(kind.detector).name
            words.append(
                f"detector=dataclasses.replace(noise.detector({name!r}), "
                f"readout={self.values[ELECTRONS]:.12g})"
            )
            settings.pop("detector", None)
        words += [f"{word}={value!r}" for word, value in settings.items()]
        words.append(f"seed={self.space.request.seed}")
        return f"evaluate(model, data, {', '.join(words)})"

    def milder_than(self, other: Point) -> bool:
        """Whether no dimension of it is further away than that of ``other``, of the same space."""
        if self.space is not other.space:
            return False
        return all(a <= b for a, b in zip(self.steps, other.steps, strict=True))


def open_spaces(
    kinds: Sequence[str], words: Mapping[str, Any]
) -> tuple[list[Space], dict[str, Any]]:
    """The spaces of some kinds, and the words that say how they are run.

    Args:
        kinds: names of noises.
        words: whatever ``evaluate`` takes. Two numbers for a parameter are its ends, and a setting
            goes to every kind that has it.

    Raises:
        SpecError: unknown kinds or words, or ends that make no sense.
    """
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not names:
        raise SpecError("kinds=[] searches nothing; name at least one noise")
    if len(set(names)) != len(names):
        raise SpecError(f"kinds={list(names)!r} names a noise twice")
    spaces: list[Space] = []
    how: dict[str, Any] = {}
    varied = {word for name in names for word in _varied(name)}
    of_kinds = words_of(names)
    for word in words:
        if word in ("severities", "ladder", "metrics"):
            raise SpecError(f"{word}= says which rungs to run; a search chooses its own settings")
    for name in names:
        kind = noise.get(name)
        own = {
            w: v for w, v in words.items() if w in setting_words(kind) and not _ends(w, v, varied)
        }
        ends = {w: v for w, v in words.items() if w in _varied(name)}
        rest = {w: v for w, v in words.items() if w not in {*varied, *of_kinds}}
        mine = kind.configured(**{w: v for w, v in own.items() if w in kind.options})
        found = dimensions(mine, ends, readout=True)
        mild = {each.keyword: [each.mild] for each in found if not each.setting}
        request, how = requested({"noise": name, **own, **rest, **mild})
        spaces.append(Space(request, found))
    return spaces, how


def _ends(word: str, value: object, varied: set[str]) -> bool:
    """Whether a word gives the two ends of a parameter, and is no setting of a kind."""
    return word in varied and isinstance(value, tuple | list)


def points_within(spaces: Sequence[Space], most: int) -> SearchStrategy[Point]:
    """Points at most ``most`` steps from the reference in any dimension.

    The distance is drawn first, so that Hypothesis, which prefers examples that begin with less,
    shrinks towards the nearest; then the kind, then which dimension is that far away, then how far
    the others are.
    """
    return _points(tuple(spaces), most)


@st.composite
def _points(draw: DrawFn, spaces: tuple[Space, ...], most: int) -> Point:
    distance = draw(st.integers(0, most))
    space = draw(st.sampled_from(spaces))
    count = len(space.dimensions)
    lead = draw(st.integers(0, count - 1))
    shares = [SHARES if i == lead else draw(st.integers(0, SHARES)) for i in range(count)]
    return at(space, [distance * share // SHARES for share in shares])


def at(space: Space, steps: Sequence[int]) -> Point:
    """The point so many steps away, as far as each dimension goes."""
    ends = [each.steps for each in space.dimensions]
    return Point(space, tuple(min(n, end) for n, end in zip(steps, ends, strict=True)))


def corner(space: Space, most: int) -> Point:
    """The worst point within ``most`` steps: every dimension as far away as it may be."""
    return at(space, [most] * len(space.dimensions))


def _varied(name: str) -> tuple[str, ...]:
    kind = noise.get(name)
    return (*kind.keywords, *((ELECTRONS,) if hasattr(kind, "source_noise") else ()))


__all__ = ["STEPS", "Point", "Space", "at", "corner", "open_spaces", "points_within"]
