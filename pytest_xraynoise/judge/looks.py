"""Every number that a limit is held against: limits times labels times rungs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.judge.counts import class_counts
from pytest_xraynoise.judge.intervals import Observed, observe, observe_mean
from pytest_xraynoise.results import LimitCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.results import LadderResult

LEAST = 2
"""Positives, and negatives, below which no variance is defined."""


@dataclass(frozen=True, slots=True)
class Look:
    """One limit and one number; ``severity`` None for a mean over rungs, ``label`` for macro."""

    limit: Limit
    label: str | None
    severity: int | None
    threshold: float
    observed: Observed

    @property
    def called(self) -> str:
        """The number in words: ``auroc of Nodule``."""
        name = self.limit.metric
        return name if self.label is None else f"{name} of {self.label}"

    @property
    def sign(self) -> float:
        """1 where a number above its limit is too much, -1 where one below is too little."""
        return -1.0 if self.limit.form == "floor" else 1.0

    @property
    def excess(self) -> float:
        """How far the number is beyond its limit; negative where it keeps it."""
        return self.sign * (self.observed.value - self.threshold)

    @property
    def where(self) -> str:
        """The rung in words."""
        return "on average" if self.severity is None else f"at severity {self.severity}"

    def check(self, *, broken: bool, **found: Any) -> LimitCheck:
        """The check that was made of it; ``found`` are further fields."""
        return LimitCheck(
            limit=self.limit.text,
            metric=self.limit.metric,
            severity=self.severity,
            label=self.label,
            observed=self.observed.value,
            threshold=self.threshold,
            broken=broken,
            low=self.observed.low,
            high=self.observed.high,
            method=self.observed.method,
            **found,
        )


def gather(
    result: LadderResult, limits: Sequence[Limit], aggregate: str, *, per_label: bool
) -> list[Look]:
    """Every look, in the order of the limits, macro before labels, mild rungs first.

    Raises:
        MetricError: when a number is not defined (NaN), or rests on fewer than two positives or
            negatives: that is never a pass.
        SpecError: for a metric that was not computed, or a limit for a severity that was not run.
    """
    looks: list[Look] = []
    for limit in limits:
        _check_was_run(limit, result)
        labels: list[str | None] = [None]
        if per_label:
            _check_labels(limit, result)
            labels += list(result.metric(limit.metric).by_label)
        for label in labels:
            looks += _looks(result, limit, label, aggregate)
    for look in looks:
        _check(result, look)
    return looks


def _looks(result: LadderResult, limit: Limit, label: str | None, aggregate: str) -> Iterator[Look]:
    curve = result.metric(limit.metric)
    curve = curve if label is None else curve.by_label[label]
    if aggregate == "mean" and limit.threshold is not None:
        noisy = [s for s in sorted(curve.rungs) if s > 0]
        if noisy:
            mean = observe_mean(result, limit, label, noisy)
            yield Look(limit, label, None, limit.threshold, mean)
        return
    for severity in sorted(curve.rungs):
        threshold = limit.at(severity)
        clean_counts = limit.form in ("floor", "ceiling")
        if threshold is not None and (severity > 0 or clean_counts):
            yield Look(limit, label, severity, threshold, observe(result, limit, label, severity))


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


def _check(result: LadderResult, look: Look) -> None:
    if math.isnan(look.observed.value):
        raise MetricError(
            f"{look.limit.text} cannot be judged: {look.called} is not defined {look.where}"
        )
    only = result.labels[-1] if len(result.labels) == 1 or result.task == "binary" else None
    label = look.label or only
    counts = class_counts(result).get(label or "")
    if look.observed.low is None and counts is not None and min(counts) < LEAST:
        raise MetricError(
            f"{look.limit.text} cannot be judged: {label} has {counts[0]} positive and {counts[1]} "
            f"negative samples, too few to say how uncertain its {look.limit.metric} is; at least "
            "two of each are needed"
        )
