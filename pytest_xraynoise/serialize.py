"""Results to plain dicts and lists and back: the JSON of one test, the cache and the xdist wire.

Numbers that JSON lacks (NaN, the infinities) become null; null comes back as NaN where a number
must stand and as None where the field may be empty. Everything else comes back exactly: Python
writes a float64 with the fewest digits that read back to the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results import (
    LadderResult,
    LimitCheck,
    MetricValue,
    Rung,
    RungResult,
    Strip,
    StripFrame,
    TestRecord,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

__all__ = [
    "ladder_from_dict",
    "ladder_to_dict",
    "plain",
    "record_from_dict",
    "record_to_dict",
    "verdict_from_dict",
    "verdict_to_dict",
]


def plain(value: Any) -> Any:
    """Turn settings into what ``json.dumps`` takes: str keys, lists, finite numbers or None.

    NumPy scalars and arrays become numbers and lists; what is none of these becomes its text.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy, without importing it
        return plain(value.tolist())
    return str(value)


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
        "rungs": [_rung_to_dict(rung) for rung in result.rungs],
        "ids": list(result.ids),
        "targets": None if result._targets is None else _array_to_list(result._targets),
        "scores": _by_severity_to_dict(result._scores),
        "per_image": {name: _by_severity_to_dict(a) for name, a in result._per_image.items()},
        "strips": [_strip_to_dict(strip) for strip in result.strips],
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
        rungs=tuple(_rung_from_dict(rung) for rung in data["rungs"]),
        ids=tuple(data["ids"]),
        settings=dict(data["settings"]),
        model=data["model"],
        dataset=data["dataset"],
        excluded=dict(data["excluded"]),
        strips=tuple(_strip_from_dict(strip) for strip in data["strips"]),
        _targets=None if targets is None else _array_from_list(targets),
        _scores=_by_severity_from_dict(data["scores"]),
        _per_image={n: _by_severity_from_dict(a) for n, a in data["per_image"].items()},
    )


def verdict_to_dict(verdict: Verdict) -> dict[str, Any]:
    """The decision: ``verdict`` (its word), ``headline`` and ``checks``."""
    return {
        "verdict": verdict.status,
        "headline": verdict.headline,
        "checks": [_check_to_dict(check) for check in verdict.checks],
    }


def verdict_from_dict(data: Mapping[str, Any]) -> Verdict:
    """The inverse of :func:`verdict_to_dict`."""
    checks = tuple(_check_from_dict(check) for check in data["checks"])
    return Verdict(data["verdict"], data["headline"], checks)


def record_to_dict(record: TestRecord) -> dict[str, Any]:
    """One test as the JSON report holds it: the record, its verdict and its ladder, side by side.

    A test without a verdict has ``headline`` null, and ``verdict`` ``"error"`` if that is how it
    ended; a test without a result has ``ladder`` and ``task`` null and no rungs.
    """
    verdict: dict[str, Any] = {
        "verdict": "error" if record.outcome == "error" else None,
        "headline": None,
        "checks": [],
    }
    if record.verdict is not None:
        verdict = verdict_to_dict(record.verdict)
    return {
        "nodeid": record.nodeid,
        "outcome": record.outcome,
        **verdict,
        "limits": list(record.limits),
        "message": record.message,
        "file": record.file,
        "line": record.line,
        "duration": _number(record.duration),
        **(_NO_LADDER if record.result is None else ladder_to_dict(record.result)),
        "noise": record.noise or (record.result.noise if record.result is not None else None),
    }


def record_from_dict(data: Mapping[str, Any]) -> TestRecord:
    """The inverse of :func:`record_to_dict`.

    Raises:
        KeyError, TypeError, ValueError: if ``data`` is not what :func:`record_to_dict` writes.
    """
    return TestRecord(
        nodeid=data["nodeid"],
        outcome=data["outcome"],
        verdict=None if data["headline"] is None else verdict_from_dict(data),
        limits=tuple(data["limits"]),
        result=None if data["ladder"] is None else ladder_from_dict(data),
        message=data["message"],
        file=data["file"],
        line=data["line"],
        duration=_float(data["duration"]),
        noise="" if data["ladder"] is not None else data["noise"] or "",
    )


_NO_LADDER: Mapping[str, Any] = {
    "noise": None,
    "ladder": None,
    "task": None,
    "rungs": [],
    "ids": [],
    "targets": None,
    "scores": {},
}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _rung_to_dict(result: RungResult) -> dict[str, Any]:
    rung = result.rung
    return {
        "severity": rung.severity,
        "parameter": _number(rung.parameter),
        "unit": rung.unit,
        "label": rung.label,
        "reading": rung.reading,
        "parameters": {name: _number(value) for name, value in rung.parameters.items()},
        "clipped": _number(result.clipped),
        "mean_shift": _number(result.mean_shift),
        "metrics": {name: _metric_to_dict(value) for name, value in result.metrics.items()},
    }


def _rung_from_dict(data: Mapping[str, Any]) -> RungResult:
    rung = Rung(
        severity=int(data["severity"]),
        parameter=_number(data["parameter"]),
        unit=data["unit"],
        reading=data["reading"],
        parameters={name: _float(value) for name, value in data["parameters"].items()},
    )
    metrics = {name: _metric_from_dict(value) for name, value in data["metrics"].items()}
    return RungResult(rung, metrics, _float(data["clipped"]), _float(data["mean_shift"]))


def _metric_to_dict(value: MetricValue) -> dict[str, Any]:
    return {
        "value": _number(value.value),
        "drop": _number(value.drop),
        "low": _number(value.low),
        "high": _number(value.high),
        "method": value.method,
        "labels": {label: _metric_to_dict(item) for label, item in value.labels.items()},
    }


def _metric_from_dict(data: Mapping[str, Any]) -> MetricValue:
    return MetricValue(
        value=_float(data["value"]),
        drop=_float(data["drop"]),
        low=_number(data["low"]),
        high=_number(data["high"]),
        method=data["method"],
        labels={label: _metric_from_dict(item) for label, item in data["labels"].items()},
    )


def _check_to_dict(check: LimitCheck) -> dict[str, Any]:
    return {
        "limit": check.limit,
        "metric": check.metric,
        "severity": check.severity,
        "label": check.label,
        "observed": _number(check.observed),
        "threshold": _number(check.threshold),
        "broken": check.broken,
        "low": _number(check.low),
        "high": _number(check.high),
    }


def _check_from_dict(data: Mapping[str, Any]) -> LimitCheck:
    return LimitCheck(
        limit=data["limit"],
        metric=data["metric"],
        severity=data["severity"],
        label=data["label"],
        observed=_float(data["observed"]),
        threshold=_float(data["threshold"]),
        broken=bool(data["broken"]),
        low=_number(data["low"]),
        high=_number(data["high"]),
    )


def _strip_to_dict(strip: Strip) -> dict[str, Any]:
    return {
        "sample_id": strip.sample_id,
        "truth": strip.truth,
        "degradation": _number(strip.degradation),
        "truth_mask": strip.truth_mask,
        "frames": [
            {
                "severity": frame.severity,
                "image": frame.image,
                "prediction": {k: _number(v) for k, v in frame.prediction.items()},
                "mask": frame.mask,
            }
            for frame in strip.frames
        ],
    }


def _strip_from_dict(data: Mapping[str, Any]) -> Strip:
    frames = tuple(
        StripFrame(
            severity=int(frame["severity"]),
            image=frame["image"],
            prediction={name: _float(value) for name, value in frame["prediction"].items()},
            mask=frame["mask"],
        )
        for frame in data["frames"]
    )
    degradation = _float(data["degradation"])
    return Strip(data["sample_id"], data["truth"], degradation, frames, data["truth_mask"])


def _array_to_list(array: Array) -> list[Any]:
    import numpy as np

    array = np.asarray(array, dtype=np.float64)
    if np.isfinite(array).all():
        return list(array.tolist())
    empty = np.full(array.shape, None, dtype=object)
    return list(np.where(np.isfinite(array), array.astype(object), empty).tolist())


def _array_from_list(values: Sequence[Any]) -> Array:
    import numpy as np

    return np.array(values, dtype=np.float64)  # NumPy reads None as NaN


def _by_severity_to_dict(arrays: Mapping[int, Array]) -> dict[str, list[Any]]:
    return {str(severity): _array_to_list(array) for severity, array in arrays.items()}


def _by_severity_from_dict(data: Mapping[str, Any]) -> dict[int, Array]:
    return {int(severity): _array_from_list(values) for severity, values in data.items()}
