"""The words of a kind of noise: own rungs, and settings such as a detector or a pixel pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError, unknown
from pytest_xraynoise.noise.kinds.clinical import PIXEL_PITCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_xraynoise.noise import NoiseKind

PITCH = PIXEL_PITCH.keyword
"""A setting of every kind: where the kind itself has no use for it, the reading has."""


def setting_words(kind: NoiseKind) -> tuple[str, ...]:
    """Words that change a kind, and are the same for all of its rungs."""
    return tuple(dict.fromkeys((*kind.options, PITCH)))


def kind_words(kind: NoiseKind) -> tuple[str, ...]:
    """Every word that a kind takes: its rungs first, then its settings."""
    return tuple(dict.fromkeys((*kind.rung_words, *setting_words(kind))))


def split_words(
    kind: NoiseKind, words: Mapping[str, Any], also: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The words that a user gave a kind, as (settings, own rungs); each checked by its name only.

    Args:
        kind: what they are for. A word may be a parameter of one kind and a setting of another.
        words: what was given.
        also: words that would have been right too, for the nearest match.

    Raises:
        SpecError: a word that the kind does not have.
    """
    for word in words:
        if word not in kind_words(kind):
            raise SpecError(unknown_word(word, (kind.name,), also))
    settings = {word: value for word, value in words.items() if word in setting_words(kind)}
    return settings, {word: value for word, value in words.items() if word not in settings}


def unknown_word(word: str, kinds: Iterable[str], also: Iterable[str] = ()) -> str:
    """Say that no kind of ``kinds`` has ``word``; name those that have it, else the nearest."""
    names = tuple(kinds)
    return foreign_word(word, names) or unknown("word", word, (*words_of(names), *also))


def words_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """Every word that some of the kinds take."""
    return tuple(dict.fromkeys(word for name in kinds for word in kind_words(noise.get(name))))


def foreign_word(word: str, kinds: Iterable[str]) -> str | None:
    """Say which other noises have ``word``; None where no noise has it."""
    owners = [name for name in noise.names() if word in kind_words(noise.get(name))]
    if not owners:
        return None
    names = tuple(kinds)
    takes = "; ".join(f"{n!r} takes {', '.join(kind_words(noise.get(n)))}" for n in names)
    return (
        f"unknown word {word!r} for noise {_listed(names)}: it belongs to {_listed(owners)}; "
        f"{takes}"
    )


def configured_kind(name: str, settings: Mapping[str, Any]) -> NoiseKind:
    """The kind with its settings, each of them checked.

    Raises:
        SpecError: a setting that the kind does not have, or a value that it does not take.
    """
    kind = noise.get(name)
    for word in settings:
        if word not in setting_words(kind):
            raise SpecError(unknown_word(word, (kind.name,)))
    own = {word: value for word, value in settings.items() if word in kind.options}
    try:
        if settings.get(PITCH) is not None:
            PIXEL_PITCH.check(settings[PITCH])
        return kind.configured(**own)
    except NoiseError as error:
        raise SpecError(f"setting of noise {kind.name!r}: {error}") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
