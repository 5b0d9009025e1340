"""From the words of a command line to kinds of noise with their rungs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.noise import custom_ladder, get, ladder, names
from pytest_xraynoise.noise.dose import FIELD_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_xraynoise.noise import Ladder, NoiseKind, Parameter
    from pytest_xraynoise.results import Rung

PITCH = "pixel_pitch"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for.

    Attributes:
        noises: names of kinds.
        ladder: name of a ladder, or None for each kind's own.
        severities: which rungs, or None for all.
        parameters: lists of the user's own rungs by keyword.
        settings: what ``--set`` said, by name; a word that a kind does not take is for another.
        pixel_pitch: mm at the resolution where noise is added, or None.
    """

    noises: Sequence[str]
    ladder: str | None
    severities: Sequence[int] | None
    parameters: Mapping[str, Sequence[float]]
    settings: Mapping[str, str]
    pixel_pitch: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One noise: the kind with its settings, its ladder, the rungs to show, severity 0 first."""

    kind: NoiseKind
    ladder: str
    rungs: tuple[Rung, ...]
    settings: Mapping[str, str]


def parameters_by_keyword() -> dict[str, list[tuple[str, Parameter]]]:
    """Every word that a rung can be written in, with the kinds that know it and its unit there."""
    found: dict[str, list[tuple[str, Parameter]]] = {}
    for name in names():
        for parameter in _rung_parameters(get(name)):
            found.setdefault(parameter.keyword, []).append((name, parameter))
    return found


def _rung_parameters(kind: NoiseKind) -> list[Parameter]:
    """What a rung may say; the pixel pitch is one for all rungs, and no list."""
    words = (*kind.parameters, *kind.alternatives, *kind.extras)
    return [parameter for parameter in words if parameter.keyword != PITCH]


def _rung_words(kind: NoiseKind) -> list[str]:
    return [parameter.keyword for parameter in _rung_parameters(kind)]


def planned(wish: Wish, columns: int) -> list[Plan]:
    """The plan of each noise, in the order asked for.

    Args:
        wish: what was asked for.
        columns: of the image; without a pixel pitch it counts as 35 cm wide.

    Raises:
        SpecError: an unknown noise, ladder, severity, parameter or setting; a parameter or setting
            that none of the noises takes; a ladder beside parameters.
        NoiseError: a value out of range.
    """
    kinds = [get(name) for name in dict.fromkeys(wish.noises)]
    _check_taken("parameter", wish.parameters, kinds, [_rung_words(k) for k in kinds])
    _check_taken("setting", wish.settings, kinds, [(*k.options, PITCH) for k in kinds])
    return [_plan(kind, wish, columns) for kind in kinds]


def _plan(kind: NoiseKind, wish: Wish, columns: int) -> Plan:
    told = {k: v for k, v in wish.settings.items() if k in kind.options and k != PITCH}
    kind = kind.configured(**{k: _value(kind, k, text) for k, text in told.items()})
    pitch = wish.pixel_pitch
    if PITCH in kind.options:  # such a kind knows what no pitch means, and that a kerma needs one
        kind = kind if pitch is None else kind.configured(pixel_pitch=pitch)
    elif pitch is None:
        pitch = float(f"{FIELD_WIDTH / columns:.4g}")
    own = {k: v for k, v in wish.parameters.items() if k in _rung_words(kind)}
    steps = _ladder(kind, wish.ladder, own, pitch)
    severities = wish.severities if wish.severities is not None else steps.severities
    above = [steps.rung(s) for s in dict.fromkeys(severities) if s != 0]
    return Plan(kind, steps.name, (steps.rung(0), *above), told)


def _ladder(
    kind: NoiseKind, name: str | None, own: Mapping[str, Sequence[float]], pitch: float | None
) -> Ladder:
    if not own:
        return ladder(kind, name, pixel_pitch=pitch)
    if name is not None:
        raise SpecError(
            f"noise {kind.name!r}: a ladder ({name}) and rungs of your own "
            f"({', '.join(own)}) exclude each other; give one of them"
        )
    return custom_ladder(kind, pixel_pitch=pitch, **own)


def _check_taken(
    what: str,
    given: Iterable[str],
    kinds: Sequence[NoiseKind],
    known: Sequence[Sequence[str]],
) -> None:
    every = {word for words in known for word in words}
    for word in given:
        if word in every:
            continue
        message = unknown(f"{what} of noise {', '.join(kind.name for kind in kinds)}:", word, every)
        if what == "parameter" and any(word in kind.options for kind in kinds):
            message += f". It is a setting: --set {word}=VALUE"
        raise SpecError(message)


def _value(kind: NoiseKind, name: str, text: str) -> Any:
    """A setting in the type of its default: text, yes or no, or a number."""
    default = next(f.default for f in dataclasses.fields(kind) if f.name == name)
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise SpecError(f"setting {name}={text!r} of noise {kind.name!r}: expected yes or no")
        return words[text.lower()]
    try:
        return float(text)
    except ValueError:
        raise SpecError(
            f"setting {name}={text!r} of noise {kind.name!r}: expected a number"
        ) from None
