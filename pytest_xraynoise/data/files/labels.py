"""Label words into targets: one class, several findings, or one finding against another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import SpecError, nearest, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Vector = npt.NDArray[np.float32]

NONE = "No Finding"
"""The word for an image without any finding."""


def same_word(word: str) -> str:
    """A word as it is compared: capitals, blanks and underscores do not count."""
    return word.strip().lower().replace("_", " ")


def spelled(words: Iterable[str], known: Sequence[str], what: str = "label") -> tuple[str, ...]:
    """Words that a user gave, as the dataset spells them.

    Raises:
        SpecError: for a word that is not known (with the nearest), a word given twice, or none.
    """
    words = [words] if isinstance(words, str) else list(words)
    by_word = {same_word(name): name for name in known}
    found = []
    for word in words:
        if same_word(str(word)) not in by_word:
            raise SpecError(unknown(what, word, known))
        found.append(by_word[same_word(str(word))])
    if not found or len(set(found)) != len(found):
        raise SpecError(f"{what}s {words!r}: expected one or more different ones")
    return tuple(found)


def pair(contrast: Sequence[str] | None, known: Sequence[str]) -> tuple[str, str] | None:
    """The two labels of a contrast.

    Raises:
        SpecError: not two different labels that are known.
    """
    if contrast is None:
        return None
    if isinstance(contrast, str) or len(contrast) != 2 or contrast[0] == contrast[1]:
        raise SpecError(f"contrast={contrast!r}: expected two different labels, (A, B)")
    a, b = spelled(contrast, known)
    return a, b


def pair_target(words: Iterable[str], contrast: tuple[str, str]) -> int | None:
    """1 for the first label alone, 0 for the second alone, None for both or neither."""
    first, second = (label in words for label in contrast)
    return None if first == second else int(first)


def pair_name(contrast: tuple[str, str]) -> str:
    """What reports call the pair; the name that ``contrast=`` of the marker gives it too."""
    return f"{contrast[0]} vs {contrast[1]}"


def many_hot(words: Iterable[str], labels: Sequence[str]) -> Vector:
    """(K,) float32 of 0 and 1."""
    present = set(words)
    return np.array([label in present for label in labels], dtype=np.float32)


def strange_word(word: str, known: Sequence[str]) -> str:
    """A word of a table that is no label, with the nearest label."""
    close = nearest(word, {same_word(name): name for name in known})
    hint = next((name for name in known if same_word(name) == close), None)
    return f"unknown label {word!r}" + (f" (did you mean {hint!r}?)" if hint else "")
