"""From scores at every severity to metrics, drops and paired intervals. No tensor gets here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.engine.drops import (
    MACRO,
    MetricLadder,
    Uncertainty,
    as_reading,
    bootstrap,
    label_name,
)
from pytest_xraynoise.engine.operating import at_clean_operating_point
from pytest_xraynoise.engine.repeats import severities_of, severity_of
from pytest_xraynoise.engine.roc_drops import delong
from pytest_xraynoise.errors import MetricError, SpecError, unknown
from pytest_xraynoise.metrics.columns import NoLabelLeftError
from pytest_xraynoise.metrics.options import MetricOptions
from pytest_xraynoise.results import MetricValue
from pytest_xraynoise.stats.correlated_roc import (
    check_confidence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.metrics import Metric, Reading
    from pytest_xraynoise.results import Interval, Spread, Task

    FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LadderScore:
    """Everything that scores and targets say.

    Attributes:
        values: by severity and metric.
        excluded: labels left out of a macro mean, with the reason.
        spreads: by metric and label (empty for the macro value), where there is an interval.
    """

    values: dict[int, dict[str, MetricValue]]
    excluded: dict[str, str]
    spreads: dict[str, dict[str, Spread]]


def score_ladder(**words: Any) -> tuple[dict[int, dict[str, MetricValue]], dict[str, str]]:
    """The values and the labels left out of :func:`score_with_spreads`, which takes the words."""
    score = score_with_spreads(**words)
    return score.values, score.excluded


def score_with_spreads(
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
    decisions: Mapping[int, npt.NDArray[np.float64]] | None = None,
    options: MetricOptions | None = None,
) -> LadderScore:
    """Every metric at every severity, with the drop from clean and its paired interval.

    AUROC has DeLong's interval, everything else the percentile interval of a paired bootstrap that
    draws the same samples for every metric and rung. Where a group has two samples, AUROC has the
    bootstrap's too: DeLong's variance takes samples for independent.
    A label whose interval the data cannot define (one positive sample) has the value without the
    interval, and so has the macro mean that it is part of.

    Where the noise was drawn several times, the arrays of every draw come under the keys of
    :mod:`~pytest_xraynoise.engine.repeats`. A value is then the mean over the draws and its
    interval that of the mean: samples are resampled with all their draws. Samples have noise of
    their own, so resampling them covers what the draws leave open too.

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
        decisions: by severity, the shape of ``scores``: 1 where a label is said to be present, for
            the metrics of the operating point; made at that of ``options`` by default.
        options: the levels, bins and tolerances of the metrics.

    Returns:
        The values by severity and metric, the labels left out of a macro mean with the reason, and
        the joint uncertainty of all rungs.

    Raises:
        SpecError: for a metric that the task does not have.
        MetricError: for scores that are not finite, shapes that do not fit, or a metric for which
            no label is left.
    """
    check_confidence(confidence)
    if groups is not None and len(np.unique(np.asarray(groups))) == np.size(groups):
        groups = None  # nobody has two samples, so nothing hangs together
    tuned = options or MetricOptions()
    chosen = [_metric(name, task).bound(tuned.all) for name in (metrics or registry.defaults(task))]
    names = (*labels[-1:],) if task == "binary" else tuple(labels)
    ladders = []
    for metric in chosen:
        if metric.decided and decisions is None:
            decisions = at_clean_operating_point(
                names,
                _flat(task, targets),
                _flat_all(task, scores),
                tuned.operating_point,
                _flat_all(task, ranks or {}),
            ).decisions
        inputs = _inputs(metric, scores, ranks, decisions)
        ladders.append(_read(metric, task, names, targets, inputs, per_image))
    severities = {tuple(x.inputs) for x in ladders}
    if len(severities) > 1:
        raise MetricError(f"metrics were computed at different severities: {sorted(severities)}")
    by_delong = [x for x in ladders if x.metric.name == "auroc" and groups is None]
    known = {x.metric.name: delong(x, confidence) for x in by_delong}
    others = [x for x in ladders if x not in by_delong]
    known |= bootstrap(others, confidence, resamples, seed, groups)
    values = {
        severity: {x.metric.name: _value(x, severity, known[x.metric.name]) for x in ladders}
        for severity in severities_of(ladders[0].inputs)
    }
    spreads = {x.metric.name: known[x.metric.name].spreads for x in ladders}
    return LadderScore(values, _excluded(ladders), spreads)


def _metric(name: str, task: Task) -> Metric:
    if name not in registry.names(task):
        if name in registry.names():
            have = ", ".join(registry.names(task))
            raise SpecError(f"{name!r} is not a metric for {task}; {task} has: {have}")
        raise SpecError(unknown(f"metric for {task}", name, registry.names(task)))
    return registry.get(name)


def _inputs(
    metric: Metric,
    scores: Mapping[int, FloatArray],
    ranks: Mapping[int, FloatArray] | None,
    decisions: Mapping[int, FloatArray] | None,
) -> Mapping[int, FloatArray]:
    if metric.decided and decisions:
        return decisions
    return ranks if metric.ranks and ranks else scores


def _flat(task: Task, values: npt.ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    return array.reshape(-1) if task == "binary" else array


def _flat_all(task: Task, values: Mapping[int, FloatArray]) -> dict[int, FloatArray]:
    return {severity: _flat(task, x) for severity, x in sorted(values.items())}


def _read(
    metric: Metric,
    task: Task,
    labels: tuple[str, ...],
    targets: npt.ArrayLike,
    scores: Mapping[int, FloatArray],
    per_image: Mapping[str, Mapping[int, FloatArray]],
) -> MetricLadder:
    if metric.per_image and metric.source not in per_image:
        raise MetricError(f"{metric.name} needs per-image values, but none were computed")
    given = per_image[metric.source] if metric.per_image else scores
    if 0 not in given:
        raise MetricError(f"{metric.name}: severity 0 (clean) is missing; got {sorted(given)}")
    inputs, truth = _flat_all(task, given), _flat(task, targets)
    _check(metric, labels, inputs)
    readings = {s: _reading(metric, labels, truth, x) for s, x in inputs.items()}
    return MetricLadder(metric, labels, truth, inputs, readings, task in metric.pooled)


def _check(metric: Metric, labels: tuple[str, ...], inputs: Mapping[int, FloatArray]) -> None:
    clean = inputs[0]
    if clean.ndim == 2 and clean.shape[1] != len(labels):
        raise MetricError(f"{len(labels)} labels do not fit scores of shape {clean.shape}")
    for key, x in inputs.items():
        severity = severity_of(key)
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


def _value(ladder: MetricLadder, severity: int, known: Uncertainty) -> MetricValue:
    clean, here = ladder.readings[0], ladder.draws(severity)
    sign = 1.0 if ladder.metric.higher_is_better else -1.0

    def bounded(before: float, draws: list[float], label: str) -> MetricValue:
        now = draws[0] if len(draws) == 1 else float(np.mean(draws))
        drop = sign * (before - now) + 0.0 if severity else 0.0  # no -0.0
        found = known.drops.get(severity, {}).get(label)
        low, high = _ends(found)
        least, most = _ends(known.values.get(severity, {}).get(label))
        return MetricValue(
            now,
            drop,
            low,
            high,
            None if found is None else found.method,
            value_low=least,
            value_high=most,
            draw_sd=float(np.std(draws, ddof=1)) if len(draws) > 1 else None,
        )

    by_label = {
        label_name(key, ladder.labels): bounded(
            value,
            [draw.labels.get(key, np.nan) for draw in here],
            label_name(key, ladder.labels),
        )
        for key, value in clean.labels.items()
    }
    return replace(bounded(clean.value, [draw.value for draw in here], MACRO), labels=by_label)


def _ends(found: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if found is None else (found.low + 0.0, found.high + 0.0)


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
