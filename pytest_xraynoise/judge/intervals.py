"""The number that a limit speaks of, and how uncertain it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import MetricError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.results import LadderResult, MetricCurve, Spread
    from pytest_xraynoise.stats.distribution import Distribution


@dataclass(frozen=True, slots=True)
class Observed:
    """A number in the terms of a limit.

    Attributes:
        value: the number.
        low, high: its interval, None where there is none.
        uncertainty: for tests at the limit, None where there is no interval.
    """

    value: float
    low: float | None = None
    high: float | None = None
    uncertainty: Distribution | None = None

    @property
    def method(self) -> str | None:
        """How the interval was made."""
        return None if self.uncertainty is None else self.uncertainty.method


def observe(result: LadderResult, limit: Limit, label: str | None, severity: int) -> Observed:
    """The drop, the relative drop or the value at one severity.

    Raises:
        MetricError: for a relative drop from a clean value of 0.
    """
    curve = _curve(result, limit.metric, label)
    at, known = curve.rungs[severity], result.spread(limit.metric, label)
    if limit.form == "relative_drop":
        return _relative(result, limit, label, [severity])
    if limit.form in ("drop", "increase"):
        stored, value = (at.low, at.high), at.drop
        parts = {severity: 1.0}
    else:
        stored, value = (at.value_low, at.value_high), at.value
        parts = {0: 1.0, **({severity: -_sign(known)} if severity else {})}
    low, high = stored
    if low is None or high is None:
        return Observed(value)
    if known is not None and (severity == 0 or severity in known.severities):
        from pytest_xraynoise.stats.contrasts import combination

        return Observed(value, low, high, combination(known, parts, value))
    from pytest_xraynoise.stats.distribution import from_interval

    stored_as = f"{at.method or 'bootstrap'}, as stored"
    return Observed(value, low, high, from_interval(value, low, high, curve.confidence, stored_as))


def observe_mean(
    result: LadderResult, limit: Limit, label: str | None, severities: Sequence[int]
) -> Observed:
    """The mean of what :func:`observe` gives, over several rungs, with one interval for the mean.

    The rungs share their samples and their random field: their mean is taken within each resample,
    or with all their covariances.

    Raises:
        MetricError: for a relative drop from a clean value of 0.
    """
    if limit.form == "relative_drop":
        return _relative(result, limit, label, severities)
    value = sum(observe(result, limit, label, s).value for s in severities) / len(severities)
    known = result.spread(limit.metric, label)
    if known is None:
        return Observed(value)
    share = 1.0 / len(severities)
    parts = dict.fromkeys(severities, share)
    if limit.form in ("floor", "ceiling"):
        parts = {0: 1.0, **{s: -_sign(known) * share for s in severities}}
    from pytest_xraynoise.stats.contrasts import combination

    return _with_interval(value, combination(known, parts, value), _confidence(result))


def _relative(
    result: LadderResult, limit: Limit, label: str | None, severities: Sequence[int]
) -> Observed:
    curve = _curve(result, limit.metric, label)
    clean = curve.rungs[0].value
    if clean == 0:
        called = limit.metric if label is None else f"{limit.metric} of {label}"
        raise MetricError(
            f"{limit.text}: {called} is 0 on the clean images, so a relative "
            f"drop is not defined; use max_{limit.metric}_drop"
        )
    value = sum(curve.rungs[s].drop / abs(clean) for s in severities) / len(severities)
    known = result.spread(limit.metric, label)
    if known is not None:
        from pytest_xraynoise.stats.contrasts import share_of_clean

        parts = dict.fromkeys(severities, 1.0 / len(severities))
        return _with_interval(
            value, share_of_clean(known, parts, clean, value), _confidence(result)
        )
    at = curve.rungs[severities[0]]
    if len(severities) > 1 or at.low is None or at.high is None:
        return Observed(value)
    from pytest_xraynoise.stats.distribution import from_interval

    low, high = at.low / abs(clean), at.high / abs(clean)
    stored_as = f"{at.method or 'bootstrap'}, as stored, clean value taken as exact"
    return Observed(value, low, high, from_interval(value, low, high, curve.confidence, stored_as))


def _with_interval(value: float, known: Distribution | None, confidence: float) -> Observed:
    ends = None if known is None else known.interval(confidence)
    return Observed(value) if ends is None else Observed(value, *ends, known)


def _curve(result: LadderResult, metric: str, label: str | None) -> MetricCurve:
    curve = result.metric(metric)
    return curve if label is None else curve.by_label[label]


def _sign(spread: Spread | None) -> float:
    return 1.0 if spread is None else spread.sign


def _confidence(result: LadderResult) -> float:
    return float(result.settings.get("confidence", 0.95))
