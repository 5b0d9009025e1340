"""Ladders with a denoiser, beside those without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.denoising import Denoising
from pytest_xraynoise.results.serialize.rungs import rung_from_dict, rung_to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping


def denoising_to_dict(found: Denoising | None) -> dict[str, Any] | None:
    """What was measured without the denoiser; None where there is none."""
    if found is None:
        return None
    return {
        "name": found.name,
        "without": [rung_to_dict(rung) for rung in found.without],
        "clean": rung_to_dict(found.clean),
        "confidence": found.confidence,
    }


def denoising_from_dict(data: Mapping[str, Any] | None) -> Denoising | None:
    """The inverse of :func:`denoising_to_dict`.

    Raises:
        KeyError, TypeError: if ``data`` is not what :func:`denoising_to_dict` writes.
    """
    if data is None:
        return None
    return Denoising(
        data["name"],
        tuple(rung_from_dict(rung) for rung in data["without"]),
        rung_from_dict(data["clean"]),
        float(data["confidence"]),
    )
