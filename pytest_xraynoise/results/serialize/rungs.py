"""Rungs and their metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.rungs import MetricValue, Rung, RungResult
from pytest_xraynoise.results.serialize.values import number, to_float

if TYPE_CHECKING:
    from collections.abc import Mapping


def rung_to_dict(result: RungResult) -> dict[str, Any]:
    """A rung, side by side with what was measured there."""
    rung = result.rung
    return {
        "severity": rung.severity,
        "parameter": number(rung.parameter),
        "unit": rung.unit,
        "label": rung.label,
        "reading": rung.reading,
        "parameters": {name: number(value) for name, value in rung.parameters.items()},
        "clipped": number(result.clipped),
        "mean_shift": number(result.mean_shift),
        "metrics": {name: _metric_to_dict(value) for name, value in result.metrics.items()},
    }


def rung_from_dict(data: Mapping[str, Any]) -> RungResult:
    """The inverse of :func:`rung_to_dict`."""
    rung = Rung(
        severity=int(data["severity"]),
        parameter=number(data["parameter"]),
        unit=data["unit"],
        reading=data["reading"],
        parameters={name: to_float(value) for name, value in data["parameters"].items()},
    )
    metrics = {name: _metric_from_dict(value) for name, value in data["metrics"].items()}
    return RungResult(rung, metrics, to_float(data["clipped"]), to_float(data["mean_shift"]))


def _metric_to_dict(value: MetricValue) -> dict[str, Any]:
    return {
        "value": number(value.value),
        "drop": number(value.drop),
        "low": number(value.low),
        "high": number(value.high),
        "method": value.method,
        "value_low": number(value.value_low),
        "value_high": number(value.value_high),
        "draw_sd": number(value.draw_sd),
        "labels": {label: _metric_to_dict(item) for label, item in value.labels.items()},
    }


def _metric_from_dict(data: Mapping[str, Any]) -> MetricValue:
    return MetricValue(
        value=to_float(data["value"]),
        drop=to_float(data["drop"]),
        low=number(data["low"]),
        high=number(data["high"]),
        method=data["method"],
        labels={label: _metric_from_dict(item) for label, item in data["labels"].items()},
        value_low=number(data.get("value_low")),
        value_high=number(data.get("value_high")),
        draw_sd=number(data.get("draw_sd")),
    )
