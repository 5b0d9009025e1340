"""Paired intervals of drops, for one metric along a ladder. No tensor gets here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics import Reading
from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.results import Interval
from pytest_xraynoise.stats.correlated_roc import Components, components, difference
from pytest_xraynoise.stats.resampling import percentile_interval, resampling_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.metrics import Metric

    FloatArray = npt.NDArray[np.float64]

MACRO = ""
"""Key of the macro value among the values of the labels."""

Drops = dict[int, dict[str, Interval | None]]
"""Interval of the drop by severity and label."""


@dataclass(frozen=True, slots=True)
class MetricLadder:
    """One metric, the numbers it reads at each severity, and what it read there."""

    metric: Metric
    labels: tuple[str, ...]
    targets: FloatArray
    inputs: Mapping[int, FloatArray]
    readings: Mapping[int, Reading]
    pooled: bool

    @property
    def noisy(self) -> list[int]:
        """The severities above 0."""
        return [severity for severity in self.inputs if severity]

    @property
    def kept(self) -> tuple[str, ...]:
        """Labels that have a value."""
        return tuple(label_name(key, self.labels) for key in self.readings[0].labels)


def as_reading(value: Reading | float) -> Reading:
    """A metric's answer; a bare number is a macro value without labels."""
    return value if isinstance(value, Reading) else Reading(float(value))


def label_name(key: int | str, labels: tuple[str, ...]) -> str:
    """The name of a label that a reading gives by its column, or by name already."""
    if isinstance(key, str):
        return key
    return labels[key] if key < len(labels) else f"label {key}"


def delong_drops(ladder: MetricLadder, confidence: float) -> Drops:
    """Intervals of AUROC drops; None where a label has fewer than two samples of a class."""
    columns = as_columns(ladder.targets, ladder.inputs[0])
    truth = np.where(columns.labelled, columns.truth.astype(np.float64), np.nan)
    indices = [k for k in ladder.readings[0].labels if isinstance(k, int)]
    parts = {
        severity: [components(truth[:, k], x.reshape(truth.shape)[:, k]) for k in indices]
        for severity, x in ladder.inputs.items()
    }
    drops: Drops = {}
    for severity in ladder.noisy:
        clean, noisy = parts[0], parts[severity]
        drops[severity] = {
            label_name(k, ladder.labels): _difference([a], [b], confidence)
            for k, a, b in zip(indices, clean, noisy, strict=True)
        }
        drops[severity][MACRO] = _difference(clean, noisy, confidence)
    return drops


def _difference(
    clean: list[Components], noisy: list[Components], confidence: float
) -> Interval | None:
    if any(min(part.positive.sum(), part.negative.sum()) < 2 for part in clean):
        return None
    return difference(clean, noisy, confidence)


def bootstrap_drops(
    ladders: Sequence[MetricLadder],
    confidence: float,
    resamples: int,
    seed: int,
    groups: npt.ArrayLike | None,
) -> dict[str, Drops]:
    """Percentile intervals of drops, every metric and rung on the same resamples."""
    found: dict[str, Drops] = {x.metric.name: {s: {} for s in x.noisy} for x in ladders}
    if not ladders or not ladders[0].noisy:
        return found
    samples = len(ladders[0].inputs[0])
    if (samples if groups is None else len(np.unique(np.asarray(groups)))) < 2:
        return found
    gaps: dict[tuple[str, int], list[FloatArray]] = defaultdict(list)
    for weights in resampling_weights(samples, resamples, groups=groups, seed=seed):
        for ladder in ladders:
            clean = _resampled(ladder, 0, weights)
            for severity in ladder.noisy:
                gap = clean - _resampled(ladder, severity, weights)
                gaps[ladder.metric.name, severity].append(gap)
    for ladder in ladders:
        for severity in ladder.noisy:
            gap = np.concatenate(gaps[ladder.metric.name, severity])
            found[ladder.metric.name][severity] = _intervals(ladder, gap, confidence)
    return found


def _resampled(ladder: MetricLadder, severity: int, weights: FloatArray) -> FloatArray:
    """The macro value and the kept labels' values in each resample, (B, 1 + K)."""
    x, keys = ladder.inputs[severity], list(ladder.readings[0].labels)
    if ladder.metric.weighted is not None:
        macro, by_label = ladder.metric.weighted(ladder.targets, x, weights)
        return np.column_stack([macro, by_label[:, np.asarray(keys, dtype=np.intp)]])
    values = np.full((len(weights), 1 + len(keys)), np.nan)
    for row, weight in zip(values, weights, strict=True):
        drawn = np.repeat(np.arange(len(weight)), weight.astype(np.intp))
        try:
            reading = as_reading(ladder.metric.compute(ladder.targets[drawn], x[drawn]))
        except MetricError:
            continue
        row[:] = [reading.value, *(reading.labels.get(key, np.nan) for key in keys)]
    return values


def _intervals(
    ladder: MetricLadder, gap: FloatArray, confidence: float
) -> dict[str, Interval | None]:
    """Intervals from resampled gaps (B, 1 + K), clean minus noisy."""
    sign = 1.0 if ladder.metric.higher_is_better else -1.0
    found: dict[str, Interval | None] = {}
    for column, name in enumerate((MACRO, *ladder.kept)):
        ends = percentile_interval(sign * gap[:, column], confidence)
        found[name] = None if ends is None else Interval(np.nan, *ends, confidence, "bootstrap")
    # A mean over labels is as uncertain as each of them: one unknown part, no interval.
    if not ladder.pooled and any(found[name] is None for name in ladder.kept):
        found[MACRO] = None
    return found
