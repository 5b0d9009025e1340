"""Which number of a test is shown first; terminal, HTML and JUnit all ask here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.limits import is_requirement, lower_is_better

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult, LimitCheck, MetricValue, TestRecord


@dataclass(frozen=True, slots=True)
class Deciding:
    """The number that decided a test, or that came closest to its limit.

    Attributes:
        metric, label: what was measured (``label`` None for the macro value).
        severity: the mildest rung that breaks the limit, or the one closest to it; None for a mean
            over rungs.
        worst_severity: the rung furthest beyond the limit, or closest to it.
        clean, worst: the metric on the clean images and at the worst rung.
        drop, low, high: the drop at the worst rung, and its interval where there is one.
        check: the limit it was held against, None in a test without limits.
    """

    metric: str
    label: str | None
    severity: int | None
    worst_severity: int | None
    clean: float
    worst: float
    drop: float
    low: float | None = None
    high: float | None = None
    check: LimitCheck | None = None

    @property
    def broken(self) -> bool:
        """Whether the limit is broken."""
        return self.check is not None and self.check.broken

    @property
    def inconclusive(self) -> bool:
        """Whether the limit can be said to be neither broken nor kept."""
        return self.check is not None and self.check.inconclusive


def deciding(record: TestRecord) -> Deciding | None:
    """The first broken check of a record, else the one that an inconclusive verdict hangs on.

    Else it is the check that is closest to its limit.

    Without checks (a test that only compares with a baseline) it is the first metric at the rung
    with its largest drop. None for a test without a result.
    """
    result = record.result
    if result is None or not result.rungs or not result.metrics:
        return None
    checks = [c for c in record.verdict.checks if _measured(result, c)] if record.verdict else []
    checks = _telling(checks)
    if not checks:
        metric = result.metrics[0]
        severity = result.metric(metric).worst_severity
        return _at(result, metric, None, severity, severity, None)
    hangs_on = record.verdict.to_settle if record.verdict else None
    open_ = hangs_on if hangs_on in checks else None
    check = next((c for c in checks if c.broken), None) or open_ or min(checks, key=margin)
    like = [c for c in checks if c.broken and (c.limit, c.label) == (check.limit, check.label)]
    worst = max(like, key=margin) if check.broken else check
    return _at(result, check.metric, check.label, check.severity, worst.severity, check)


def margin(check: LimitCheck) -> float:
    """Distance to the limit; in parts of the limit for those beyond 1 (millimetres, pixels)."""
    distance = abs(check.observed - check.threshold) / max(1.0, abs(check.threshold))
    return distance if math.isfinite(distance) else math.inf


def value_of(result: LadderResult, metric: str, label: str | None, severity: int) -> MetricValue:
    """The macro value, or the label's, of ``metric`` at ``severity``."""
    at = result.metric(metric).rungs[severity]
    return at if label is None else at.labels[label]


def worst_label(result: LadderResult, metric: str, severity: int) -> tuple[str, MetricValue] | None:
    """The label that lost most at ``severity``; None where there are fewer than two."""
    labels = result.metric(metric).rungs[severity].labels
    lost = {name: value for name, value in labels.items() if math.isfinite(value.drop)}
    if len(labels) < 2 or not lost:
        return None
    return max(lost.items(), key=lambda item: item[1].drop)


def _telling(checks: list[LimitCheck]) -> list[LimitCheck]:
    """The checks of metrics; with them what they must stand, where only that is not kept."""
    of_metrics = [check for check in checks if not is_requirement(check)]
    states = {check.status for check in checks if is_requirement(check)} - {"pass"}
    explained = states <= {check.status for check in of_metrics}
    return of_metrics if of_metrics and explained else checks


def _measured(result: LadderResult, check: LimitCheck) -> bool:
    if check.metric not in result.metrics:
        return False
    severities = result.severities if check.severity is None else (check.severity,)
    return all(
        severity in result.severities
        and (
            check.label is None or check.label in result.metric(check.metric).rungs[severity].labels
        )
        for severity in severities
    )


def _at(
    result: LadderResult,
    metric: str,
    label: str | None,
    severity: int | None,
    worst_severity: int | None,
    check: LimitCheck | None,
) -> Deciding:
    clean = value_of(result, metric, label, result.severities[0]).value
    if worst_severity is not None:
        at = value_of(result, metric, label, worst_severity)
        numbers = (clean, at.value, at.drop, at.low, at.high)
        return Deciding(metric, label, severity, worst_severity, *numbers, check)
    noisy = [s for s in result.severities if s > 0] or [0]
    drop = sum(value_of(result, metric, label, s).drop for s in noisy) / len(noisy)
    worst = clean + drop if lower_is_better(result, metric) else clean - drop
    return Deciding(metric, label, None, None, clean, worst, drop, check=check)
