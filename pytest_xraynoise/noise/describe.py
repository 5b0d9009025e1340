"""A kind's settings as plain values, for the record of what was run."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_xraynoise.noise.interface import NoiseKind

MOST_NUMBERS = 16
"""A longer list of numbers (a lookup table) is told by its length and a digest."""


def described(kind: NoiseKind) -> dict[str, Any]:
    """Every setting of a kind by its name: strings, finite numbers, booleans, lists and dicts.

    A setting is told by what it means, where the kind says so in ``settings_meant``, and left out
    where it stands at None otherwise. An object with fields (a detector, a response)
    becomes a dict of them, with its class as ``type``.
    """
    values = {name: getattr(kind, name) for name in kind.options}
    meant = {**values, **kind.settings_meant()}
    return {name: plain_value(value) for name, value in meant.items() if value is not None}


def plain_value(value: Any) -> Any:
    """A value as JSON holds it; nothing in it depends on the run, such as an address in memory."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__} | {k: plain_value(v) for k, v in named.items()}
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy and torch, without importing them
        return plain_value(value.tolist())
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return _listed(sorted(value, key=repr) if isinstance(value, set | frozenset) else value)
    return _name(value) if _ADDRESS.search(str(value)) else str(value)


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _listed(values: Sequence[Any]) -> Any:
    if len(values) > MOST_NUMBERS and all(isinstance(value, Real) for value in values):
        text = ",".join(repr(float(value)) for value in values)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"{len(values)} numbers from {values[0]:g} to {values[-1]:g}, sha256 {digest}"
    return [plain_value(value) for value in values]


def _name(value: Any) -> str:
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"
