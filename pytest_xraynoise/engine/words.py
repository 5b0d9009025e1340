"""The words of :func:`evaluate`, for functions that take them all and pass them on."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import noise
from pytest_xraynoise.engine.request import LadderRequest, listed, own_rungs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOW = (
    "preprocess",
    "output",
    "device",
    "batch_size",
    "precision",
    "channels_last",
    "compile",
    "loader_workers",
    "strips",
    "progress",
    "workers",
    "measurer",
    "engine",
    "ray_address",
    "ray_actors",
)
"""Words that say how a request is run; the others say what is run."""
_LISTS = ("severities", "metrics", "labels", "contrast")
_FIELDS = tuple(
    field.name
    for field in fields(LadderRequest)
    if field.name not in ("parameters", "settings", "also")
)


def requested(
    words: Mapping[str, Any], metrics: Sequence[str] = ()
) -> tuple[LadderRequest, dict[str, Any]]:
    """What is to be measured, and the words that say how.

    Args:
        words: whatever :func:`evaluate` takes beside the model and the data; None is not said.
        metrics: what to compute where ``words`` do not say it.

    Raises:
        SpecError: for a request that makes no sense.
    """
    said = {word: value for word, value in words.items() if value is not None}
    how = {word: said.pop(word) for word in HOW if word in said}
    known = {word: said.pop(word) for word in _FIELDS if word in said}
    known = {
        word: listed(word, value) if word in _LISTS else value for word, value in known.items()
    }
    settings, own = LadderRequest.split(noise.get(known["noise"]), said)
    if metrics:
        known.setdefault("metrics", tuple(metrics))
    return LadderRequest(**known, settings=settings, parameters=own_rungs(own)), how
