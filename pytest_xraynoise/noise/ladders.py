"""Ladders: the rungs of a kind of noise, from mild to severe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import NoiseError, SpecError, unknown
from pytest_xraynoise.noise.registry import get
from pytest_xraynoise.results import Rung

if TYPE_CHECKING:
    from pytest_xraynoise.noise.interface import NoiseKind

CUSTOM = "custom"
"""Name of a ladder whose rungs the user wrote."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of one kind.

    Attributes:
        kind: name of the kind.
        name: name of the ladder, ``imagenet-c`` or ``custom``.
        rungs: severities 1 to n.
    """

    kind: str
    name: str
    rungs: tuple[Rung, ...]

    @property
    def severities(self) -> tuple[int, ...]:
        """The severities of the rungs, 1 to n."""
        return tuple(rung.severity for rung in self.rungs)

    def rung(self, severity: int) -> Rung:
        """The rung at ``severity``; 0 is the clean image.

        Raises:
            SpecError: the ladder has no such severity.
        """
        if isinstance(severity, int) and not isinstance(severity, bool):
            if severity == 0:
                unit = self.rungs[0].unit if self.rungs else get(self.kind).parameters[0].unit
                return _clean(unit)
            for rung in self.rungs:
                if rung.severity == severity:
                    return rung
        have = ", ".join(str(s) for s in (0, *self.severities))
        raise SpecError(
            f"severity {severity!r} is not on ladder {self.name!r} of noise {self.kind!r}; "
            f"it has severities {have} (0 is the clean image)"
        )


def clean_rung(kind: str | NoiseKind) -> Rung:
    """Severity 0 of any ladder of ``kind``: the input itself."""
    return _clean(get(kind).parameters[0].unit)


def ladder(
    kind: str | NoiseKind, name: str | None = None, *, pixel_pitch: float | None = None
) -> Ladder:
    """A named ladder of a kind.

    Args:
        kind: name of the kind.
        name: name of the ladder; None for the kind's own default (stress kinds: ``imagenet-c``).
        pixel_pitch: mm at the resolution where noise is added, for the clinical reading; without
            it the reading takes the image as 224 pixels over 35 cm.

    Raises:
        SpecError: unknown kind or ladder, or a pitch that is not positive.
    """
    noise = get(kind)
    chosen = noise.default_ladder if name is None else name
    if chosen not in noise.ladders:
        raise SpecError(unknown(f"ladder of noise {noise.name!r}", chosen, noise.ladders))
    return _built(noise, chosen, noise.ladders[chosen], pixel_pitch)


def custom_ladder(
    kind: str | NoiseKind, *, pixel_pitch: float | None = None, **parameters: Sequence[float]
) -> Ladder:
    """A ladder with the user's own rungs, severities 1 to n in the order given.

    Args:
        kind: name of the kind, or a kind with settings of its own.
        pixel_pitch: as in :func:`ladder`.
        parameters: a list for each parameter; the dose of ``quantum`` and ``lowdose`` in one of
            its units: ``dose`` (fraction of the reference), ``deviation_index``,
            ``exposure_index`` or ``air_kerma`` (uGy at the detector).

    Examples:
        >>> [rung.label for rung in custom_ladder("poisson", photons=[1000, 200]).rungs]
        ['1000 photons at white', '200 photons at white']
        >>> [rung.label for rung in custom_ladder("lowdose", deviation_index=[0, -3]).rungs]
        ['0 deviation index', '-3 deviation index']

    Raises:
        SpecError: unknown kind or parameter, a parameter missing or out of range, no rung, or
            lists of different lengths.
    """
    noise = get(kind)
    columns = {keyword: _column(keyword, values) for keyword, values in parameters.items()}
    lengths = {keyword: len(values) for keyword, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{keyword} has {n}" for keyword, n in lengths.items())
        raise SpecError(f"each severity needs one value of each parameter, but {told}")
    return _built(noise, CUSTOM, columns, pixel_pitch)


def make_rung(
    kind: str | NoiseKind,
    severity: int,
    parameters: Mapping[str, float],
    *,
    pixel_pitch: float | None = None,
) -> Rung:
    """One rung from parameters in their own units.

    Its ``parameter`` and ``unit`` are in the word that was used, its ``parameters`` in the kind's
    first words: ``deviation_index=-10`` gives -10 and ``{"dose": 0.1}``.

    Raises:
        SpecError: a parameter unknown or missing, or two words for the same.
        NoiseError: a parameter out of range.
    """
    noise = get(kind)
    takes_pitch = any(extra.keyword == "pixel_pitch" for extra in noise.extras)
    if pixel_pitch is not None and takes_pitch:
        parameters = {**parameters, "pixel_pitch": pixel_pitch}
    checked = noise.check(parameters)
    stated = noise.stated(parameters)
    value = stated.check(parameters[stated.keyword])
    return Rung(severity, value, stated.unit, noise.reading(checked, pixel_pitch), checked)


def _clean(unit: str) -> Rung:
    return Rung(0, None, unit, "the image as it is")


def _column(keyword: str, values: Any) -> Sequence[float]:
    listed = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(listed, str) or not isinstance(listed, Sequence) or not len(listed):
        raise SpecError(
            f"{keyword}={values!r}: expected a list with one number for each severity, "
            f"such as {keyword}=[...]"
        )
    return listed


def _built(
    noise: NoiseKind,
    name: str,
    columns: Mapping[str, Sequence[float]],
    pixel_pitch: float | None,
) -> Ladder:
    if not columns:
        noise.check({})
    count = len(next(iter(columns.values())))
    try:
        rungs = tuple(
            make_rung(
                noise,
                index + 1,
                {keyword: values[index] for keyword, values in columns.items()},
                pixel_pitch=pixel_pitch,
            )
            for index in range(count)
        )
    except NoiseError as error:
        raise SpecError(f"ladder {name!r} of noise {noise.name!r}: {error}") from error
    return Ladder(noise.name, name, rungs)
