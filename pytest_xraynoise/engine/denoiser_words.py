"""The words for denoisers that come along: ``gaussian``, ``median:5``, ``dncnn:FOLDER``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_xraynoise.errors import SpecError, unknown

BUILT_IN = ("gaussian", "median", "nlm", "dncnn")
_DEFAULTS = {"gaussian": 1.0, "median": 3.0}
_MOST = 50.0


@dataclass(frozen=True, slots=True)
class Word:
    """A word, read.

    Attributes:
        name: one of :data:`BUILT_IN`.
        number: sigma of ``gaussian`` or side of ``median``, in pixels; 0 for the others.
        path: of ``dncnn``: the folder that training wrote.
    """

    name: str
    number: float = 0.0
    path: str = ""


def is_word(text: str) -> bool:
    """Whether a text is meant as the word of a denoiser that comes along."""
    return text.partition(":")[0] in BUILT_IN


def parse_word(text: str) -> Word:
    """Read the word of a denoiser.

    Raises:
        SpecError: an unknown name, or a parameter that it does not have.
    """
    name, colon, rest = text.partition(":")
    if name not in BUILT_IN:
        raise SpecError(unknown("denoiser", text, BUILT_IN))
    if name == "dncnn":
        if not rest:
            raise SpecError(
                "denoiser 'dncnn' needs its weights: dncnn:FOLDER, as written by "
                "xraynoise train --denoiser --out FOLDER"
            )
        return Word(name, path=rest)
    if name == "nlm":
        if colon:
            raise SpecError(f"denoiser {text!r}: nlm has no parameter; it measures the noise")
        return Word(name)
    return Word(name, _number(text, rest, _DEFAULTS[name]) if colon else _DEFAULTS[name])


def _number(text: str, rest: str, default: float) -> float:
    name = text.partition(":")[0]
    try:
        value = float(rest)
    except ValueError:
        value = math.nan
    if name == "median" and not (value in range(3, int(_MOST) + 1) and value % 2 == 1):
        raise SpecError(f"denoiser {text!r}: expected an odd side in pixels from 3, median:5")
    if not 0 < value <= _MOST:
        raise SpecError(f"denoiser {text!r}: expected a sigma in pixels, {name}:{default + 0.5:g}")
    return value
