"""What a baseline holds of one test, and how it is written so that people can review it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.judge.samples import (
    Fingerprint,
    Samples,
    aligned,
    digest,
    fingerprint,
    packed,
    samples_of,
    scores_digest,
)
from pytest_xraynoise.results import MetricValue, Rung, RungResult

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult, Task

BASELINE_VERSION = 1
"""Version of what a baseline holds; raised on every change after which old ones cannot be read."""

HOW = frozenset(
    {
        "batch_size",
        "cache",
        "cached",
        "channels_last",
        "compile",
        "confidence",
        "device",
        "engine",
        "groups",
        "loader_workers",
        "precision",
        "profile",
        "ray_address",
        "samples",
        "thresholds",
        "workers",
    }
)
"""Settings of a result that say how it was run or read, and do not make it another measurement."""

_DIGITS = 9  # a run on another machine differs far behind them


@dataclass(frozen=True, slots=True)
class Entry:
    """One test, as a baseline holds it or as a run has just measured it.

    Attributes:
        nodeid: of the test.
        noise, ladder, task, labels, model, dataset: as in a result.
        settings: those that make it this measurement and no other, the seed among them.
        thresholds: of the operating point, by label.
        confidence: level of the intervals.
        library: version of the package that measured it.
        noise_spec: version of the streams of noise; None where it is not known.
        data: fingerprint of the samples.
        rungs: severity 0 first; of each value its interval (``value_low``, ``value_high``).
        scores: digest of the per-sample numbers in the side file, None where there are none.
        samples: the per-sample numbers, where they are at hand.
        notes: why they are not.
    """

    nodeid: str
    noise: str
    ladder: str
    task: Task
    labels: tuple[str, ...]
    settings: Mapping[str, Any]
    data: Fingerprint
    rungs: tuple[RungResult, ...]
    model: str = ""
    dataset: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.95
    library: str = ""
    noise_spec: int | None = None
    scores: str | None = None
    samples: Samples | None = None
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(self.rungs[0].metrics)

    def replace(self, **changes: Any) -> Entry:
        """A copy with some fields changed."""
        return replace(self, **changes)


def entry_of(
    nodeid: str, result: LadderResult, *, library: str = "", noise_spec: int | None = None
) -> Entry:
    """The entry of a result, with its samples (sorted by id) where they suffice.

    Args:
        nodeid: of the test.
        result: what was measured.
        library: version of this package.
        noise_spec: version of the streams of noise.
    """
    samples = samples_of(result)
    if samples is not None:  # one order for all tests on the same data
        samples = aligned(samples, sorted(samples.ids))
    data = fingerprint(result.ids, result._targets)
    several = ("the noise was drawn several times, of which no per-sample numbers are kept",)
    return Entry(
        nodeid=nodeid,
        noise=result.noise,
        ladder=result.ladder,
        task=result.task,
        labels=result.labels,
        settings={k: v for k, v in _plain(result.settings).items() if k not in HOW},
        data=data,
        rungs=result.rungs,
        model=result.model,
        dataset=result.dataset,
        thresholds=dict(result.settings.get("thresholds") or {}),
        confidence=float(result.settings.get("confidence", 0.95)),
        library=library,
        noise_spec=noise_spec,
        scores=None if samples is None else scores_digest(packed(samples), data),
        samples=samples,
        notes=several if result._draws else (),
    )


def entry_to_dict(entry: Entry) -> dict[str, Any]:
    """An entry as plain values of few digits, sealed with its digest."""
    settings = dict(entry.settings)
    found: dict[str, Any] = {
        "noise": entry.noise,
        "ladder": entry.ladder,
        "task": entry.task,
        "labels": list(entry.labels),
        "model": entry.model,
        "dataset": entry.dataset,
        "seed": settings.pop("seed", None),
        "settings": _rounded(settings),
        "thresholds": _rounded(dict(entry.thresholds)),
        "confidence": entry.confidence,
        "library": entry.library,
        "noise_spec": entry.noise_spec,
        "data": {
            "samples": entry.data.samples,
            "ids": entry.data.ids,
            "targets": entry.data.targets,
        },
        "scores": entry.scores,
        "rungs": [_rung_to_dict(rung) for rung in entry.rungs],
    }
    return {**found, "digest": seal(found)}


def entry_from_dict(nodeid: str, data: object) -> Entry:
    """The inverse of :func:`entry_to_dict`, without samples.

    Raises:
        ReportError: for an entry that was changed after it was written, or is damaged.
    """
    try:
        if not isinstance(data, Mapping):
            raise TypeError(f"expected an object, got {type(data).__name__}")
        found = {key: value for key, value in data.items() if key != "digest"}
        said = data["digest"]
        if said != seal(found):
            raise ReportError(
                f"the entry of {nodeid} was changed after it was written (its digest is {said}, "
                f"and it should be {seal(found)})"
            )
        return _entry(nodeid, found)
    except KeyError as error:
        problem = f"field {error} is missing"
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        problem = str(error)
    raise ReportError(f"the entry of {nodeid} is damaged: {problem}")


def seal(entry: Mapping[str, Any]) -> str:
    """The digest of an entry."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return digest(text.encode())


def _entry(nodeid: str, data: Mapping[str, Any]) -> Entry:
    own = data["data"]
    rungs = tuple(_rung_from_dict(rung) for rung in data["rungs"])
    if not rungs or rungs[0].severity != 0 or not rungs[0].metrics:
        raise ValueError("severity 0 (clean) or its metrics are missing")
    return Entry(
        nodeid=nodeid,
        noise=data["noise"],
        ladder=data["ladder"],
        task=data["task"],
        labels=tuple(data["labels"]),
        settings={**data["settings"], "seed": data["seed"]},
        data=Fingerprint(int(own["samples"]), own["ids"], own["targets"]),
        rungs=rungs,
        model=data["model"],
        dataset=data["dataset"],
        thresholds=dict(data["thresholds"]),
        confidence=float(data["confidence"]),
        library=data["library"],
        noise_spec=data["noise_spec"],
        scores=data["scores"],
    )


def _rung_to_dict(result: RungResult) -> dict[str, Any]:
    rung = result.rung
    return {
        "severity": rung.severity,
        "parameter": stable(rung.parameter),
        "unit": rung.unit,
        "parameters": {name: stable(value) for name, value in rung.parameters.items()},
        "metrics": {name: _metric_to_dict(value) for name, value in result.metrics.items()},
    }


def _rung_from_dict(data: Mapping[str, Any]) -> RungResult:
    rung = Rung(int(data["severity"]), data["parameter"], data["unit"], "", data["parameters"])
    return RungResult(rung, {n: _metric_from_dict(value) for n, value in data["metrics"].items()})


def _metric_to_dict(at: MetricValue) -> dict[str, Any]:
    found: dict[str, Any] = {"macro": _value_to_dict(at)}
    if at.labels:
        found["labels"] = {label: _value_to_dict(value) for label, value in at.labels.items()}
    return found


def _metric_from_dict(data: Mapping[str, Any]) -> MetricValue:
    labels = {label: _value_from_dict(value) for label, value in data.get("labels", {}).items()}
    return replace(_value_from_dict(data["macro"]), labels=labels)


def _value_to_dict(at: MetricValue) -> dict[str, Any]:
    return {
        "value": stable(at.value),
        "low": stable(at.value_low),
        "high": stable(at.value_high),
        "drop": stable(at.drop),
    }


def _value_from_dict(data: Mapping[str, Any]) -> MetricValue:
    return MetricValue(
        value=_number(data["value"]),
        drop=_number(data["drop"]),
        value_low=None if data["low"] is None else float(data["low"]),
        value_high=None if data["high"] is None else float(data["high"]),
    )


def stable(value: float | None) -> float | None:
    """A number of nine significant digits; None for NaN and the infinities."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}") + 0.0


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return stable(value)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    from pytest_xraynoise.results.serialize import plain

    found: dict[str, Any] = plain(settings)
    return found
