"""Several draws of the noise in one pass: how numbers of the same rung are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_xraynoise.results.ladder import Draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_xraynoise.engine.classification import Scored

Value = TypeVar("Value")

_SHIFT = 32

Key = int
"""A severity in a draw. In the first draw it is the severity, so that one draw needs no keys."""


def key_of(severity: int, draw: int) -> Key:
    """The key of a severity in a draw; clean (0) is the same in every draw."""
    return severity if severity == 0 else severity + (draw << _SHIFT)


def severity_of(key: Key) -> int:
    """The severity of a key."""
    return key & ((1 << _SHIFT) - 1)


def keys_at(keys: Iterable[Key], severity: int) -> list[Key]:
    """The keys of one severity, first draw first."""
    return sorted(key for key in keys if severity_of(key) == severity)


def severities_of(keys: Iterable[Key]) -> list[int]:
    """The severities, 0 first."""
    return sorted({severity_of(key) for key in keys})


def draw_of(values: Mapping[Key, Value], draw: int) -> dict[int, Value]:
    """What belongs to one draw, by severity; clean goes with the first."""
    return {severity_of(key): value for key, value in values.items() if key >> _SHIFT == draw}


def one_draw(scored: Scored, draw: int) -> Draw:
    """The per-sample numbers of one draw."""
    per_image = {name: draw_of(values, draw) for name, values in scored.per_image.items()}
    return Draw(draw_of(scored.scores, draw), per_image)
