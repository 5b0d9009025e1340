"""From scores at every severity to metrics, drops and paired intervals. No tensor gets here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.engine.drops import (
    MACRO,
    Drops,
    MetricLadder,
    as_reading,
    bootstrap_drops,
    delong_drops,
    label_name,
)
from pytest_xraynoise.errors import MetricError, SpecError, unknown
from pytest_xraynoise.metrics.columns import NoLabelLeftError
from pytest_xraynoise.results import MetricValue
from pytest_xraynoise.stats.correlated_roc import (
    check_confidence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.metrics import Metric, Reading
    from pytest_xraynoise.results import Task

    FloatArray = npt.NDArray[np.float64]


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
    ranks: Mapping[int, npt.NDArray[np.float64]] | None = None,
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
        ranks: by severity, the shape of ``scores``: finite numbers in the same order that do not
            saturate (logits), for the metrics that only read the order; ``scores`` by default.

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
    ladders = [
        _read(m, task, names, targets, ranks if m.ranks and ranks else scores, per_image)
        for m in chosen
    ]
    severities = {tuple(x.inputs) for x in ladders}
    if len(severities) > 1:
        raise MetricError(f"metrics were computed at different severities: {sorted(severities)}")
    by_delong = [x for x in ladders if x.metric.name == "auroc" and groups is None]
    drops = {x.metric.name: delong_drops(x, confidence) for x in by_delong}
    others = [x for x in ladders if x not in by_delong]
    drops |= bootstrap_drops(others, confidence, resamples, seed, groups)
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
) -> MetricLadder:
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
    return MetricLadder(metric, labels, truth, inputs, readings, task in metric.pooled)


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
        return as_reading(metric.compute(targets, inputs))
    except NoLabelLeftError as error:
        names = {k: label_name(k, labels) for k in error.reasons}
        raise MetricError(f"{metric.name}: {error.describe(names)}") from None


def _value(ladder: MetricLadder, severity: int, drops: Drops) -> MetricValue:
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
        label_name(key, ladder.labels): bounded(
            value, here.labels.get(key, np.nan), label_name(key, ladder.labels)
        )
        for key, value in clean.labels.items()
    }
    return replace(bounded(clean.value, here.value, MACRO), labels=by_label)


def _excluded(ladders: Sequence[MetricLadder]) -> dict[str, str]:
    """Labels left out of a macro mean: the reason, and of which metrics."""
    reasons: dict[str, str] = {}
    left_out: dict[str, list[str]] = defaultdict(list)
    for ladder in ladders:
        for key, reason in ladder.readings[0].excluded.items():
            name = label_name(key, ladder.labels)
            reasons.setdefault(name, reason)
            left_out[name].append(ladder.metric.name)
    return {
        name: f"{why} (left out of {', '.join(left_out[name])})" for name, why in reasons.items()
    }
