"""Breaking points."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.breaking import BreakingPoint
from pytest_xraynoise.results.serialize.values import number

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS = ("parameter", "low", "high", "held", "broke", "tolerance", "confidence")


def breaking_to_dict(point: BreakingPoint | None) -> dict[str, Any] | None:
    """A breaking point; None where there is none."""
    if point is None:
        return None
    found = {each.name: getattr(point, each.name) for each in fields(point)}
    found |= {name: number(found[name]) for name in _NUMBERS}
    found["parameters"] = {name: number(value) for name, value in point.parameters.items()}
    return found


def breaking_from_dict(data: Mapping[str, Any] | None) -> BreakingPoint | None:
    """The inverse of :func:`breaking_to_dict`; fields of a later release are left out.

    Raises:
        KeyError, TypeError: if ``data`` is not what :func:`breaking_to_dict` writes.
    """
    if data is None:
        return None
    known = {each.name for each in fields(BreakingPoint)}
    return BreakingPoint(**{name: value for name, value in data.items() if name in known})
