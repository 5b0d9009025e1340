"""The one decision: limits held against a ladder. Everything that is shown comes from here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import MetricError, SpecError, unknown
from pytest_xraynoise.results import LadderResult, LimitCheck, MetricCurve, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_xraynoise.judge.limits import Limit

AGGREGATES = ("worst", "mean")
_ROUNDING = 1e-12  # what subtracting two metrics may leave behind; a tie is not a crossing


def decide(
    result: LadderResult,
    limits: Sequence[Limit],
    *,
    aggregate: str = "worst",
    per_label: bool = False,
) -> Verdict:
    """Hold every limit against every rung.

    Args:
        result: what was measured.
        limits: at least one.
        aggregate: ``worst`` holds each rung against the limit, ``mean`` the mean over the noisy
            rungs (limits for single severities are always held rung by rung).
        per_label: also hold each label's own numbers against the limits.

    Returns:
        ``fail`` when a limit is broken, else ``pass``, with every single check. The headline names
        the first broken check (the mildest rung that breaks the first broken limit), else the
        check that came closest.

    Raises:
        MetricError: when a number to be judged is not defined (NaN): that is never a pass.
        SpecError: for an unknown ``aggregate``, a metric that was not computed, a limit for a
            severity that was not run, or nothing to judge at all.
    """
    if aggregate not in AGGREGATES:
        raise SpecError(unknown("aggregate", aggregate, AGGREGATES))
    checks: list[LimitCheck] = []
    for limit in limits:
        _check_was_run(limit, result)
        curve = result.metric(limit.metric)
        curves: list[tuple[str | None, MetricCurve]] = [(None, curve)]
        if per_label:
            _check_labels(limit, result)
            curves += list(curve.by_label.items())
        for label, line in curves:
            checks += _checks(limit, label, line, aggregate)
    if not checks:
        raise SpecError("no limit applies to any rung that was run, so nothing could ever fail")
    broken = [check for check in checks if check.broken]
    if broken:
        return Verdict("fail", _headline(result, broken[0]), tuple(checks))
    return Verdict("pass", _headline(result, _closest(checks)), tuple(checks))


def _check_was_run(limit: Limit, result: LadderResult) -> None:
    missing = sorted(set(limit.by_severity) - set(result.severities))
    if missing:
        have = ", ".join(map(str, result.severities))
        raise SpecError(f"{limit.text}: severity {missing[0]} was not run; severities {have} were")


def _check_labels(limit: Limit, result: LadderResult) -> None:
    """With a limit for each label, one that has no number must not pass unseen."""
    judged = result.metric(limit.metric).by_label
    for label in result.labels:
        if label in result.excluded and label not in judged:
            raise MetricError(
                f"{limit.text} cannot be judged for {label}: {result.excluded[label]}. "
                "Use more samples, or name the labels to judge: labels=[...]"
            )


def margin(check: LimitCheck) -> float:
    """How far beyond its threshold a check is; positive when broken."""
    sign = -1.0 if check.limit.startswith("min_") else 1.0
    return sign * (check.observed - check.threshold)


def _closest(checks: Sequence[LimitCheck]) -> LimitCheck:
    """The check nearest to its threshold when none is beyond it; macro first."""
    return max(checks, key=lambda check: (margin(check), check.label is None))


def _checks(
    limit: Limit, label: str | None, curve: MetricCurve, aggregate: str
) -> Iterator[LimitCheck]:
    if aggregate == "mean" and limit.threshold is not None:
        noisy = [s for s in curve.rungs if s > 0]
        if not noisy:
            return
        mean = sum(_observe(limit, label, curve, s)[0] for s in noisy) / len(noisy)
        yield _held(limit, label, None, mean, limit.threshold, (None, None))
        return
    for severity in sorted(curve.rungs):
        threshold = limit.at(severity)
        clean_counts = limit.form in ("floor", "ceiling")
        if threshold is None or (severity == 0 and not clean_counts):
            continue
        observed, interval = _observe(limit, label, curve, severity)
        yield _held(limit, label, severity, observed, threshold, interval)


def _observe(
    limit: Limit, label: str | None, curve: MetricCurve, severity: int
) -> tuple[float, tuple[float | None, float | None]]:
    at = curve.rungs[severity]
    if limit.form in ("drop", "increase"):
        return at.drop, (at.low, at.high)
    clean = curve.rungs[0].value
    if limit.form == "relative_drop":
        if clean == 0:
            raise MetricError(
                f"{limit.text}: {_called(limit, label)} is 0 on the clean images, so a relative "
                f"drop is not defined; use max_{limit.metric}_drop"
            )
        return at.drop / abs(clean), _scaled(at.low, at.high, abs(clean))
    return at.value, (None, None)


def _scaled(low: float | None, high: float | None, by: float) -> tuple[float | None, float | None]:
    return (None if low is None else low / by, None if high is None else high / by)


def _held(
    limit: Limit,
    label: str | None,
    severity: int | None,
    observed: float,
    threshold: float,
    interval: tuple[float | None, float | None],
) -> LimitCheck:
    if math.isnan(observed):
        where = "on average" if severity is None else f"at severity {severity}"
        raise MetricError(
            f"{limit.text} cannot be judged: {_called(limit, label)} is not defined {where}"
        )
    excess = threshold - observed if limit.form == "floor" else observed - threshold
    return LimitCheck(
        limit=limit.text,
        metric=limit.metric,
        severity=severity,
        label=label,
        observed=observed,
        threshold=threshold,
        broken=excess > _ROUNDING,
        low=interval[0],
        high=interval[1],
    )


def _called(limit: Limit, label: str | None) -> str:
    return limit.metric if label is None else f"{limit.metric} of {label}"


def _headline(result: LadderResult, check: LimitCheck) -> str:
    whose = check.metric if check.label is None else f"{check.metric} of {check.label}"
    if check.severity is None:
        where = "on average over the rungs"
    else:
        rung = next(r.rung for r in result.rungs if r.severity == check.severity)
        where = f"at severity {check.severity} ({rung.label})"
    number = _digits(check.observed, check.threshold)
    what = f"{whose} {_verb(check)} {number} {where}"
    return f"{what}; limit {check.limit}" + (" is broken" if check.broken else " holds")


def _verb(check: LimitCheck) -> str:
    if "relative" in check.limit:
        return "lost the fraction"
    if check.limit.split("=")[0].endswith("_drop"):
        return "dropped by"
    return "rose by" if check.limit.split("=")[0].endswith("_increase") else "is"


def _digits(value: float, threshold: float) -> str:
    """Enough digits that a value beyond its threshold also looks so."""
    for digits in range(3, 17):
        if f"{value:.{digits}f}" != f"{threshold:.{digits}f}" or value == threshold:
            return f"{value:.{digits}f}"
    return repr(value)
