"""One ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.ladder import Draw, LadderResult
from pytest_xraynoise.results.serialize.breaking import breaking_from_dict, breaking_to_dict
from pytest_xraynoise.results.serialize.denoising import denoising_from_dict, denoising_to_dict
from pytest_xraynoise.results.serialize.pictures import strip_from_dict, strip_to_dict
from pytest_xraynoise.results.serialize.rungs import rung_from_dict, rung_to_dict
from pytest_xraynoise.results.serialize.values import (
    array_from_list,
    array_to_list,
    by_severity_from_dict,
    by_severity_to_dict,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def ladder_to_dict(result: LadderResult) -> dict[str, Any]:
    """One ladder as plain dicts and lists; arrays as (nested) lists, severities as string keys."""
    return {
        "noise": result.noise,
        "ladder": result.ladder,
        "task": result.task,
        "model": result.model,
        "dataset": result.dataset,
        "labels": list(result.labels),
        "excluded": dict(result.excluded),
        "settings": plain(result.settings),
        "rungs": [rung_to_dict(rung) for rung in result.rungs],
        "ids": list(result.ids),
        "groups": None if result.groups is None else list(result.groups),
        "targets": None if result._targets is None else array_to_list(result._targets),
        "scores": by_severity_to_dict(result._scores),
        "per_image": {name: by_severity_to_dict(a) for name, a in result._per_image.items()},
        "odds": by_severity_to_dict(result._odds),
        "draws": [_draw_to_dict(draw) for draw in result._draws],
        "strips": [strip_to_dict(strip) for strip in result.strips],
        "breaking_point": breaking_to_dict(result.breaking_point),
        "denoising": denoising_to_dict(result.denoising),
    }


def ladder_from_dict(data: Mapping[str, Any]) -> LadderResult:
    """The inverse of :func:`ladder_to_dict`.

    Raises:
        KeyError, TypeError, ValueError: if ``data`` is not what :func:`ladder_to_dict` writes.
    """
    targets = data["targets"]
    return LadderResult(
        noise=data["noise"],
        ladder=data["ladder"],
        task=data["task"],
        labels=tuple(data["labels"]),
        rungs=tuple(rung_from_dict(rung) for rung in data["rungs"]),
        ids=tuple(data["ids"]),
        settings=dict(data["settings"]),
        model=data["model"],
        dataset=data["dataset"],
        excluded=dict(data["excluded"]),
        strips=tuple(strip_from_dict(strip) for strip in data["strips"]),
        groups=None if data.get("groups") is None else tuple(data["groups"]),
        breaking_point=breaking_from_dict(data.get("breaking_point")),
        denoising=denoising_from_dict(data.get("denoising")),
        _targets=None if targets is None else array_from_list(targets),
        _scores=by_severity_from_dict(data["scores"]),
        _per_image={n: by_severity_from_dict(a) for n, a in data["per_image"].items()},
        _draws=tuple(_draw_from_dict(draw) for draw in data.get("draws", ())),
        _odds=by_severity_from_dict(data.get("odds", {})),
    )


def _draw_to_dict(draw: Draw) -> dict[str, Any]:
    return {
        "scores": by_severity_to_dict(draw.scores),
        "per_image": {name: by_severity_to_dict(a) for name, a in draw.per_image.items()},
    }


def _draw_from_dict(data: Mapping[str, Any]) -> Draw:
    return Draw(
        by_severity_from_dict(data["scores"]),
        {name: by_severity_from_dict(a) for name, a in data["per_image"].items()},
    )
