"""A comparison with a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.comparison import Comparison, Difference
from pytest_xraynoise.results.serialize.values import number, to_float

if TYPE_CHECKING:
    from collections.abc import Mapping


def comparison_to_dict(comparison: Comparison) -> dict[str, Any]:
    """One comparison; a difference also says ``difference``, which follows from its numbers."""
    return {
        "baseline": comparison.baseline,
        "status": comparison.status,
        "headline": comparison.headline,
        "confidence": comparison.confidence,
        "notes": list(comparison.notes),
        "differences": [_difference_to_dict(each) for each in comparison.differences],
    }


def comparison_from_dict(data: Mapping[str, Any]) -> Comparison:
    """The inverse of :func:`comparison_to_dict`.

    Raises:
        KeyError, TypeError, ValueError: if ``data`` is not what that writes.
    """
    return Comparison(
        baseline=data["baseline"],
        status=data["status"],
        headline=data["headline"],
        differences=tuple(_difference_from_dict(each) for each in data["differences"]),
        notes=tuple(data["notes"]),
        confidence=float(data["confidence"]),
    )


def _difference_to_dict(each: Difference) -> dict[str, Any]:
    return {
        "metric": each.metric,
        "severity": each.severity,
        "label": each.label,
        "baseline": number(each.baseline),
        "now": number(each.now),
        "difference": number(each.difference),
        "low": number(each.low),
        "high": number(each.high),
        "method": each.method,
        "higher_is_better": each.higher_is_better,
        "rule": each.rule,
        "allowed": number(each.allowed),
        "regressed": each.regressed,
    }


def _difference_from_dict(data: Mapping[str, Any]) -> Difference:
    return Difference(
        metric=data["metric"],
        severity=int(data["severity"]),
        label=data["label"],
        baseline=to_float(data["baseline"]),
        now=to_float(data["now"]),
        higher_is_better=bool(data["higher_is_better"]),
        low=number(data["low"]),
        high=number(data["high"]),
        method=data["method"],
        rule=data["rule"],
        allowed=number(data["allowed"]),
        regressed=bool(data["regressed"]),
    )
