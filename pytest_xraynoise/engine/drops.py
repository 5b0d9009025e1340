"""Paired intervals along a ladder, of drops and of values. No tensor gets here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.engine.repeats import keys_at, severities_of
from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics import Reading
from pytest_xraynoise.results import Interval, Spread
from pytest_xraynoise.stats.resampling import CHUNK, percentile_intervals, resampling_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.metrics import Metric
    from pytest_xraynoise.stats.tally import Counts

    FloatArray = npt.NDArray[np.float64]

MACRO = ""
"""Key of the macro value among the values of the labels."""

Intervals = dict[int, dict[str, Interval | None]]
"""By severity and label."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What is known about how well one metric is measured.

    Attributes:
        drops: interval of the drop by severity and label.
        values: interval of the value itself, severity 0 included.
        spreads: all rungs together by label, for what is made of several of them.
    """

    drops: Intervals = field(default_factory=dict)
    values: Intervals = field(default_factory=dict)
    spreads: dict[str, Spread] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricLadder:
    """One metric, the numbers it reads at each severity in each draw, and what it read there.

    ``inputs`` and ``readings`` go by the keys of :mod:`~pytest_xraynoise.engine.repeats`.
    """

    metric: Metric
    labels: tuple[str, ...]
    targets: FloatArray
    inputs: Mapping[int, FloatArray]
    readings: Mapping[int, Reading]
    pooled: bool

    @property
    def noisy(self) -> list[int]:
        """The severities above 0."""
        return [severity for severity in severities_of(self.inputs) if severity]

    @property
    def kept(self) -> tuple[str, ...]:
        """Labels that have a value."""
        return tuple(label_name(key, self.labels) for key in self.readings[0].labels)

    def draws(self, severity: int) -> list[Reading]:
        """What was read at a severity, draw by draw."""
        return [self.readings[key] for key in keys_at(self.inputs, severity)]


def as_reading(value: Reading | float) -> Reading:
    """A metric's answer; a bare number is a macro value without labels."""
    return value if isinstance(value, Reading) else Reading(float(value))


def label_name(key: int | str, labels: tuple[str, ...]) -> str:
    """The name of a label that a reading gives by its column, or by name already."""
    if isinstance(key, str):
        return key
    return labels[key] if key < len(labels) else f"label {key}"


def bootstrap(
    ladders: Sequence[MetricLadder],
    confidence: float,
    resamples: int,
    seed: int,
    groups: npt.ArrayLike | None,
) -> dict[str, Uncertainty]:
    """Percentile intervals, every metric, rung and draw on the same resamples.

    Several draws of the noise are averaged within each resample.
    """
    found = {x.metric.name: Uncertainty() for x in ladders}
    if not ladders or not ladders[0].noisy:
        return found
    samples = len(ladders[0].inputs[0])
    method = "bootstrap" if groups is None else "bootstrap by group"
    if (samples if groups is None else len(np.unique(np.asarray(groups)))) < 2:
        return found
    prepared = [_prepared(ladder) for ladder in ladders]
    rows: dict[tuple[str, int], list[FloatArray]] = defaultdict(list)
    left = resamples
    for counts in resampling_counts(samples, resamples, groups=groups, seed=seed):
        for ladder, resampled in zip(ladders, prepared, strict=True):
            found_at = resampled(counts, min(left, counts.shape[1]))
            rows[ladder.metric.name, 0].append(found_at[0])
            for severity in ladder.noisy:
                gap = found_at[0] - _mean_of_draws(ladder, severity, found_at)
                rows[ladder.metric.name, severity].append(gap)
        left -= counts.shape[1]
    for ladder in ladders:
        parts = {s: np.concatenate(rows.pop((ladder.metric.name, s))) for s in (0, *ladder.noisy)}
        found[ladder.metric.name] = _uncertainty(ladder, parts, confidence, method)
    return found


def _mean_of_draws(
    ladder: MetricLadder, severity: int, found: Mapping[int, FloatArray]
) -> FloatArray:
    first, *others = keys_at(ladder.inputs, severity)
    total = found[first]
    for key in others:
        total = total + found[key]
    return total / (1 + len(others)) if others else total


def _prepared(ladder: MetricLadder) -> Callable[[Counts, int], dict[int, FloatArray]]:
    """A function that gives :func:`_columns` of each input.

    It takes how often each sample was drawn, (N, B) uint8, and how many of the resamples count.
    """
    keys, prepare = list(ladder.inputs), ladder.metric.prepare
    if prepare is None:
        return lambda counts, used: {
            key: _by_weights(ladder, key, counts[:, :used]) for key in keys
        }
    resampled = prepare(ladder.targets, [ladder.inputs[key] for key in keys])
    return lambda counts, used: {
        key: _columns(ladder, *both)[:used]
        for key, both in zip(keys, resampled(counts), strict=True)
    }


def _by_weights(ladder: MetricLadder, key: int, counts: Counts) -> FloatArray:
    step = max(1, CHUNK // len(counts))
    pieces = [
        _resampled(ladder, key, counts[:, start : start + step].astype(np.float64).T)
        for start in range(0, counts.shape[1], step)
    ]
    return np.concatenate(pieces)


def _columns(ladder: MetricLadder, macro: FloatArray, by_label: FloatArray) -> FloatArray:
    """The macro value and the kept labels' values in each resample, (B, 1 + K)."""
    keys = np.asarray(list(ladder.readings[0].labels), dtype=np.intp)
    kept = by_label[:, keys]
    if not ladder.pooled and len(keys):  # else the mean would be over other labels now and then
        macro = np.where(np.isnan(kept).any(axis=1), np.nan, macro)
    return np.column_stack([macro, kept])


def _resampled(ladder: MetricLadder, key: int, weights: FloatArray) -> FloatArray:
    """:func:`_columns` of a metric that is read with weights (B, N), or sample by sample."""
    x, keys = ladder.inputs[key], list(ladder.readings[0].labels)
    if ladder.metric.weighted is not None:
        return _columns(ladder, *ladder.metric.weighted(ladder.targets, x, weights))
    values = np.full((len(weights), 1 + len(keys)), np.nan)
    for row, weight in zip(values, weights, strict=True):
        drawn = np.repeat(np.arange(len(weight)), weight.astype(np.intp))
        try:
            reading = as_reading(ladder.metric.compute(ladder.targets[drawn], x[drawn]))
        except MetricError:
            continue
        row[:] = [reading.value, *(reading.labels.get(each, np.nan) for each in keys)]
    return values


def _uncertainty(
    ladder: MetricLadder, parts: Mapping[int, FloatArray], confidence: float, method: str
) -> Uncertainty:
    """From resamples (B, 1 + K): of the clean value at 0, of clean minus noisy at the rungs."""
    sign = 1.0 if ladder.metric.higher_is_better else -1.0
    if ladder.metric.shifted:
        parts = {severity: _turned(ladder, severity, part) for severity, part in parts.items()}
    found, noisy = Uncertainty(), ladder.noisy
    for severity, part in parts.items():
        value = parts[0] - part if severity else part
        found.values[severity] = _intervals(ladder, value, confidence, method)
        if severity:
            found.drops[severity] = _intervals(ladder, sign * part, confidence, method)
    together = np.stack([parts[0], *(sign * parts[severity] for severity in noisy)])
    for column, name in enumerate((MACRO, *ladder.kept)):
        if name != MACRO or all(each[MACRO] is not None for each in found.drops.values()):
            each = np.ascontiguousarray(together[:, :, column])
            found.spreads[name] = Spread(tuple(noisy), sign, None, each, method)
    return found


def _turned(ladder: MetricLadder, severity: int, part: FloatArray) -> FloatArray:
    """Resamples on the other side of the estimate; values stay within the metric's bounds."""
    clean = _row(ladder, ladder.readings[0])
    if severity:
        draws = [_row(ladder, each) for each in ladder.draws(severity)]
        drop: FloatArray = 2.0 * (clean - np.mean(draws, axis=0)) - part
        return drop
    low, high = ladder.metric.lower, ladder.metric.upper
    turned: FloatArray = np.clip(2.0 * clean - part, -np.inf if low is None else low, high)
    return turned


def _row(ladder: MetricLadder, reading: Reading) -> FloatArray:
    """The macro value and those of the kept labels, (1 + K,)."""
    return np.array([reading.value, *(reading.labels[key] for key in ladder.readings[0].labels)])


def _intervals(
    ladder: MetricLadder, values: FloatArray, confidence: float, method: str
) -> dict[str, Interval | None]:
    """Intervals from resampled numbers (B, 1 + K)."""
    ends = percentile_intervals(values, confidence)
    found: dict[str, Interval | None] = {
        name: None if each is None else Interval(np.nan, *each, confidence, method)
        for name, each in zip((MACRO, *ladder.kept), ends, strict=True)
    }
    # A mean over labels is as uncertain as each of them: one unknown part, no interval.
    if not ladder.pooled and any(found[name] is None for name in ladder.kept):
        found[MACRO] = None
    return found
