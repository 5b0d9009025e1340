"""The decision and its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.serialize.values import number, to_float
from pytest_xraynoise.results.verdict import Finding, LimitCheck, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


def verdict_to_dict(verdict: Verdict) -> dict[str, Any]:
    """The decision: ``verdict`` (its word), ``headline``, ``checks``, ``findings`` and how."""
    return {
        "verdict": verdict.status,
        "headline": verdict.headline,
        "checks": [check_to_dict(check) for check in verdict.checks],
        "decide": verdict.mode,
        "on_inconclusive": verdict.on_inconclusive,
        "findings": [finding_to_dict(finding) for finding in verdict.findings],
    }


def verdict_from_dict(data: Mapping[str, Any]) -> Verdict:
    """The inverse of :func:`verdict_to_dict`."""
    checks = tuple(check_from_dict(check) for check in data["checks"])
    return Verdict(
        data["verdict"],
        data["headline"],
        checks,
        mode=data.get("decide", "point"),
        on_inconclusive=data.get("on_inconclusive", "fail"),
        findings=tuple(finding_from_dict(finding) for finding in data.get("findings", ())),
    )


def finding_to_dict(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "kind": finding.kind,
        "text": finding.text,
        "severity": finding.severity,
        "label": finding.label,
    }


def finding_from_dict(data: Mapping[str, Any]) -> Finding:
    """The inverse of :func:`finding_to_dict`."""
    return Finding(data["kind"], data["text"], data["severity"], data["label"])


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
        "status": check.status,
        "p": number(check.p),
        "adjusted_p": number(check.adjusted_p),
        "needed": check.needed,
        "method": check.method,
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
        inconclusive=data.get("status") == "inconclusive",
        p=number(data.get("p")),
        adjusted_p=number(data.get("adjusted_p")),
        needed=data.get("needed"),
        method=data.get("method"),
    )
