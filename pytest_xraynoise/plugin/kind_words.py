"""The marker's words of the noises themselves: which of them goes to which noise of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise import noise as noises
from pytest_xraynoise.engine.kind_words import foreign_word, kind_words, split_words, words_of
from pytest_xraynoise.errors import SpecError, nearest
from pytest_xraynoise.judge.limits import all_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TYPED = (
    "dose",
    "deviation_index",
    "exposure_index",
    "air_kerma",
    "detector",
    "pixel_pitch",
    "response",
    "latitude",
    "kerma",
    "source_noise",
    "correlate",
)
"""Words of the clinical noises that the typed form of the marker spells out."""


def shared(
    kinds: Sequence[str], words: Mapping[str, Any], also: Sequence[str]
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """(settings, own rungs) for each kind: a word goes to every kind of the list that has it.

    Args:
        kinds: names of the noises.
        words: what the marker says beside its own words and its limits.
        also: words that would have been right too, for the nearest match.

    Raises:
        SpecError: a word that none of the kinds has, two words for the same dose, or own rungs for
            some of the kinds and none for another, which would run its whole ladder unasked.
    """
    for word in words:
        if not any(word in kind_words(noises.get(kind)) for kind in kinds):
            raise SpecError(_unknown(word, kinds, also))
    found = {kind: _taken(kind, words) for kind in kinds}
    rungs = {word: kind for kind, (_, own) in found.items() for word in own}
    for kind, (settings, own) in found.items():
        missed = [word for word in rungs if word not in own and word not in settings]
        if missed and not own:
            raise SpecError(
                f"unknown word {missed[0]!r} for noise {kind!r}, which would run its whole ladder "
                f"beside the own rungs of {rungs[missed[0]]!r}; give {kind!r} own rungs too "
                f"({noises.get(kind).parameters[0].keyword}=[...]), or a @robust of its own"
            )
    return found


def _taken(kind: str, words: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    noise = noises.get(kind)
    mine = {word: value for word, value in words.items() if word in kind_words(noise)}
    noise.stated(mine)
    return split_words(noise, mine)


def _unknown(word: str, kinds: Sequence[str], also: Sequence[str]) -> str:
    known = sorted({*also, *words_of(kinds)})
    match = nearest(word, [*known, *all_words()])
    hint = f"; did you mean {match!r}?" if match else "."
    return foreign_word(word, kinds) or (
        f"unknown word {word!r}{hint} Known: {', '.join(known)}, and limits such as "
        "max_auroc_drop or min_dice"
    )
