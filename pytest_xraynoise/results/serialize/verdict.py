"""The decision and its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.serialize.values import number, to_float
from pytest_xraynoise.results.verdict import LimitCheck, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


def verdict_to_dict(verdict: Verdict) -> dict[str, Any]:
    """The decision: ``verdict`` (its word), ``headline`` and ``checks``."""
    return {
        "verdict": verdict.status,
        "headline": verdict.headline,
        "checks": [check_to_dict(check) for check in verdict.checks],
    }


def verdict_from_dict(data: Mapping[str, Any]) -> Verdict:
    """The inverse of :func:`verdict_to_dict`."""
    checks = tuple(check_from_dict(check) for check in data["checks"])
    return Verdict(data["verdict"], data["headline"], checks)


def check_to_dict(check: LimitCheck) -> dict[str, Any]:
    """One limit and the number it was held against."""
    return {
        "limit": check.limit,
        "metric": check.metric,
        "severity": check.severity,
        "label": check.label,
        "observed": number(check.observed),
        "threshold": number(check.threshold),
        "broken": check.broken,
        "low": number(check.low),
        "high": number(check.high),
    }


def check_from_dict(data: Mapping[str, Any]) -> LimitCheck:
    """The inverse of :func:`check_to_dict`."""
    return LimitCheck(
        limit=data["limit"],
        metric=data["metric"],
        severity=data["severity"],
        label=data["label"],
        observed=to_float(data["observed"]),
        threshold=to_float(data["threshold"]),
        broken=bool(data["broken"]),
        low=number(data["low"]),
        high=number(data["high"]),
    )
