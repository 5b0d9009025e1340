"""Text from anywhere (test ids, labels, exceptions) made fit to show, and fitted to a width."""

from __future__ import annotations

import re
import unicodedata

# Controls but tab and newline, lone surrogates, and the two code points that XML and HTML forbid.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Escape sequences that colour a terminal; they would leave "[31m" behind.
_ANSI = re.compile("\x1b\\[[0-9;?]*[ -/]*[@-~]")
# Overrides of the writing direction; isolates and marks are left, letters order themselves.
_OVERRIDES = re.compile("[\u202a-\u202e]")

REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    r"""Drop colour codes and replace what no report can hold; letters of any script stay.

    >>> clean("a\x00b\x1b[31mred")
    'a�bred'
    """
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    return _UNFIT.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """:func:`clean` on a single line, without overrides of the writing direction."""
    return " ".join(_OVERRIDES.sub("", clean(text)).split())


def cells(text: str) -> int:
    """Columns that ``text`` takes on a terminal: two for wide characters, none for marks."""
    return sum(_cells_of(char) for char in text)


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Me", "Mn"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def elide(text: str, width: int) -> str:
    """Fit ``text`` into ``width`` columns by leaving out its middle.

    >>> elide("tests/test_model.py::test_quantum_noise", 21)
    'tests/test…ntum_noise'
    """
    if cells(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head, tail = width // 2, (width - 1) // 2
    return f"{_take(text, head)}…{_take(text[::-1], tail)[::-1]}"


def cut(text: str, width: int) -> str:
    """Fit a sentence into ``width`` columns by leaving out its end."""
    return text if cells(text) <= width else f"{_take(text, max(width - 1, 0))}…"[:width]


def _take(text: str, width: int) -> str:
    used, kept = 0, []
    for char in text:
        used += _cells_of(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill ``text`` up to ``width`` columns, on the left if it is to stand ``right``."""
    space = " " * max(0, width - cells(text))
    return space + text if right else text + space
