"""The exceptions of pytest-xraynoise: one tree, one clear message each.

Every message says what was got, what is expected, and how to fix it. The plugin prints them without
a traceback of its own.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class XrayNoiseError(Exception):
    """Base of everything this package raises on purpose."""


class SpecError(XrayNoiseError, ValueError):
    """A request that makes no sense: unknown noise, metric or word, limit out of range."""


class NoiseError(XrayNoiseError, ValueError):
    """Noise that cannot be made: image outside [0, 1], a rate that is not positive, bad ids."""


class DataError(XrayNoiseError, ValueError):
    """A dataset or one of its items that cannot be used as it is."""


class ModelError(XrayNoiseError, RuntimeError):
    """A model that cannot be evaluated: it raised, returned NaN, or returned the wrong shape."""


class MetricError(XrayNoiseError, ValueError):
    """A metric that these targets and scores do not define, such as a label with one class."""


class ReportError(XrayNoiseError, OSError):
    """A report that cannot be written or read."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like ``word``, whatever its case; None for none."""
    plain = {one.lower(): one for one in known}
    matches = difflib.get_close_matches(word.lower(), list(plain), n=1, cutoff=0.5)
    return plain[matches[0]] if matches else None


def unknown(what: str, got: object, known: Iterable[str]) -> str:
    """Say that ``got`` is not a known ``what``, with the nearest match and the full list.

    Examples:
        >>> unknown("noise", "poison", ["gaussian", "poisson"])
        "unknown noise 'poison'; did you mean 'poisson'? Known: gaussian, poisson"
    """
    names = sorted(known)
    match = nearest(got, names) if isinstance(got, str) else None
    hint = f"; did you mean {match!r}?" if match else "."
    return f"unknown {what} {got!r}{hint} Known: {', '.join(names) or 'none'}"
