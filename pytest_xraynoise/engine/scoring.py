"""From scores at every severity to metrics, drops and paired intervals. No tensor gets here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.errors import MetricError, SpecError, unknown
from pytest_xraynoise.metrics import Reading
from pytest_xraynoise.metrics.columns import NoLabelLeftError, as_columns
from pytest_xraynoise.results import Interval, MetricValue
from pytest_xraynoise.stats.correlated_roc import (
    Components,
    check_confidence,
    components,
    difference,
)
from pytest_xraynoise.stats.resampling import percentile_interval, resampling_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.metrics import Metric
    from pytest_xraynoise.results import Task

    FloatArray = npt.NDArray[np.float64]

MACRO = ""
"""Key of the macro value among the values of the labels."""

Drops = dict[int, dict[str, Interval | None]]
"""Interval of the drop by severity and label."""


@dataclass(frozen=True, slots=True)
class _Ladder:
    """One metric, the numbers it reads at each severity, and what it read there."""

    metric: Metric
    labels: tuple[str, ...]
    targets: FloatArray
    inputs: Mapping[int, FloatArray]
    readings: Mapping[int, Reading]
    pooled: bool

    @property
    def noisy(self) -> list[int]:
        return [severity for severity in self.inputs if severity]

    @property
    def kept(self) -> tuple[str, ...]:
        """Labels that have a value."""
        return tuple(_name(key, self.labels) for key in self.readings[0].labels)


def score_ladder(
    *,
    task: Task,
    labels: Sequence[str],
    targets: npt.ArrayLike,
    scores: Mapping[int, npt.NDArray[np.float64]],
    per_image: Mapping[str, Mapping[int, npt.NDArray[np.float64]]],
    metrics: Sequence[str],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    groups: npt.ArrayLike | None = None,
) -> tuple[dict[int, dict[str, MetricValue]], dict[str, str]]:
    """Every metric at every severity, with the drop from clean and its paired interval.

    AUROC has DeLong's interval, everything else (and AUROC too where ``groups`` are given) the
    percentile interval of a paired bootstrap that draws the same samples for every metric and rung.
    A label whose interval the data cannot define (one positive sample) has the value without the
    interval, and so has the macro mean that it is part of.

    Args:
        task: binary, multilabel, multiclass or segmentation.
        labels: names of the K score columns; for binary one name, or two, the positive last.
        targets: (N,) or (N, K), NaN or -1 for not labelled; not read for segmentation.
        scores: by severity, 0 (clean) included: probabilities, (N,) for binary, (N, K) otherwise.
        per_image: by metric and severity, (N, K) with NaN where an image is ignored (segmentation).
        metrics: names; empty for the defaults of the task.
        confidence: level of the two-sided intervals.
        resamples: how many resamples the bootstrap draws.
        seed: of the bootstrap.
        groups: (N,) groups that are resampled as a whole, patients as a rule.

    Returns:
        The values by severity and metric, and the labels left out of a macro mean with the reason.

    Raises:
        SpecError: for a metric that the task does not have.
        MetricError: for scores that are not finite, shapes that do not fit, or a metric for which
            no label is left.
    """
    check_confidence(confidence)
    chosen = [_metric(name, task) for name in (metrics or registry.defaults(task))]
    names = (*labels[-1:],) if task == "binary" else tuple(labels)
    ladders = [_read(m, task, names, targets, scores, per_image) for m in chosen]
    severities = {tuple(x.inputs) for x in ladders}
    if len(severities) > 1:
        raise MetricError(f"metrics were computed at different severities: {sorted(severities)}")
    by_delong = [x for x in ladders if x.metric.name == "auroc" and groups is None]
    drops = {x.metric.name: _delong(x, confidence) for x in by_delong}
    others = [x for x in ladders if x not in by_delong]
    drops |= _bootstrap(others, confidence, resamples, seed, groups)
    values = {
        severity: {x.metric.name: _value(x, severity, drops[x.metric.name]) for x in ladders}
        for severity in sorted(ladders[0].inputs)
    }
    return values, _excluded(ladders)


def _metric(name: str, task: Task) -> Metric:
    if name not in registry.names(task):
        if name in registry.names():
            have = ", ".join(registry.names(task))
            raise SpecError(f"{name!r} is not a metric for {task}; {task} has: {have}")
        raise SpecError(unknown(f"metric for {task}", name, registry.names(task)))
    return registry.get(name)


def _read(
    metric: Metric,
    task: Task,
    labels: tuple[str, ...],
    targets: npt.ArrayLike,
    scores: Mapping[int, FloatArray],
    per_image: Mapping[str, Mapping[int, FloatArray]],
) -> _Ladder:
    if metric.per_image and metric.name not in per_image:
        raise MetricError(f"{metric.name} needs per-image values, but none were computed")
    given = per_image[metric.name] if metric.per_image else scores
    if 0 not in given:
        raise MetricError(f"{metric.name}: severity 0 (clean) is missing; got {sorted(given)}")
    inputs = {s: np.asarray(given[s], dtype=np.float64) for s in sorted(given)}
    truth = np.asarray(targets, dtype=np.float64)
    if task == "binary":
        inputs = {s: x.reshape(-1) for s, x in inputs.items()}
        truth = truth.reshape(-1)
    _check(metric, labels, inputs)
    readings = {s: _reading(metric, labels, truth, x) for s, x in inputs.items()}
    return _Ladder(metric, labels, truth, inputs, readings, task in metric.pooled)


def _check(metric: Metric, labels: tuple[str, ...], inputs: Mapping[int, FloatArray]) -> None:
    clean = inputs[0]
    if clean.ndim == 2 and clean.shape[1] != len(labels):
        raise MetricError(f"{len(labels)} labels do not fit scores of shape {clean.shape}")
    for severity, x in inputs.items():
        if x.shape != clean.shape:
            raise MetricError(
                f"scores at severity {severity} have shape {x.shape}, clean ones {clean.shape}"
            )
        bad = (
            np.isinf(x) | (np.isnan(x) != np.isnan(clean)) if metric.per_image else ~np.isfinite(x)
        )
        if bad.any():
            raise MetricError(
                f"{int(bad.sum())} of {x.size} scores at severity {severity} are NaN or infinite; "
                "a model must give finite scores to be measured"
            )


def _reading(
    metric: Metric, labels: tuple[str, ...], targets: FloatArray, inputs: FloatArray
) -> Reading:
    try:
        return _as_reading(metric.compute(targets, inputs))
    except NoLabelLeftError as error:
        names = {k: _name(k, labels) for k in error.reasons}
        raise MetricError(f"{metric.name}: {error.describe(names)}") from None


def _as_reading(value: Reading | float) -> Reading:
    return value if isinstance(value, Reading) else Reading(float(value))


def _name(key: int | str, labels: tuple[str, ...]) -> str:
    if isinstance(key, str):
        return key
    return labels[key] if key < len(labels) else f"label {key}"


def _delong(ladder: _Ladder, confidence: float) -> Drops:
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
            _name(k, ladder.labels): _difference([a], [b], confidence)
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


def _bootstrap(
    ladders: Sequence[_Ladder],
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


def _resampled(ladder: _Ladder, severity: int, weights: FloatArray) -> FloatArray:
    """The macro value and the kept labels' values in each resample, (B, 1 + K)."""
    x, keys = ladder.inputs[severity], list(ladder.readings[0].labels)
    if ladder.metric.weighted is not None:
        macro, by_label = ladder.metric.weighted(ladder.targets, x, weights)
        return np.column_stack([macro, by_label[:, np.asarray(keys, dtype=np.intp)]])
    values = np.full((len(weights), 1 + len(keys)), np.nan)
    for row, weight in zip(values, weights, strict=True):
        drawn = np.repeat(np.arange(len(weight)), weight.astype(np.intp))
        try:
            reading = _as_reading(ladder.metric.compute(ladder.targets[drawn], x[drawn]))
        except MetricError:
            continue
        row[:] = [reading.value, *(reading.labels.get(key, np.nan) for key in keys)]
    return values


def _intervals(ladder: _Ladder, gap: FloatArray, confidence: float) -> dict[str, Interval | None]:
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


def _value(ladder: _Ladder, severity: int, drops: Drops) -> MetricValue:
    clean, here = ladder.readings[0], ladder.readings[severity]
    intervals = drops.get(severity, {})
    sign = 1.0 if ladder.metric.higher_is_better else -1.0

    def bounded(before: float, now: float, label: str) -> MetricValue:
        drop = sign * (before - now) if severity else 0.0
        found = intervals.get(label)
        if found is None:
            return MetricValue(now, drop)
        return MetricValue(now, drop, found.low, found.high, found.method)

    by_label = {
        _name(key, ladder.labels): bounded(
            value, here.labels.get(key, np.nan), _name(key, ladder.labels)
        )
        for key, value in clean.labels.items()
    }
    return replace(bounded(clean.value, here.value, MACRO), labels=by_label)


def _excluded(ladders: Sequence[_Ladder]) -> dict[str, str]:
    """Labels left out of a macro mean: the reason, and of which metrics."""
    reasons: dict[str, str] = {}
    left_out: dict[str, list[str]] = defaultdict(list)
    for ladder in ladders:
        for key, reason in ladder.readings[0].excluded.items():
            name = _name(key, ladder.labels)
            reasons.setdefault(name, reason)
            left_out[name].append(ladder.metric.name)
    return {
        name: f"{why} (left out of {', '.join(left_out[name])})" for name, why in reasons.items()
    }
