"""Differences on the same samples: now minus baseline at each rung, from per-sample numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.engine.scoring import score_ladder
from pytest_xraynoise.judge.samples import aligned
from pytest_xraynoise.metrics.options import MetricOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.judge.baseline import Entry
    from pytest_xraynoise.judge.samples import Samples
    from pytest_xraynoise.results import MetricValue, RungResult

    Array = npt.NDArray[np.float64]
    Paired = dict[int, dict[str, MetricValue]]

_FAR = 1e300

CLOSE = 1e-5
"""What float32 may change of a number that is read off the samples again."""


def paired_values(
    baseline: Entry, now: Entry, *, confidence: float, resamples: int = 2000
) -> tuple[Paired, dict[str, str]]:
    """Every metric at every rung, with the loss since the baseline and its paired interval.

    Each rung is scored as a ladder of two steps, the baseline's scores and those of now on the same
    samples, so that the interval is the one that drops have: DeLong's of two correlated AUROCs, and
    the paired bootstrap for everything else.

    Args:
        baseline: of one model, with samples.
        now: the same measurement of another one, with samples.
        confidence: level of the intervals.
        resamples: of the bootstrap.

    Returns:
        By severity and metric the value now, with ``drop``, ``low`` and ``high`` the loss since the
        baseline and its interval; and the metrics that the samples do not give again as they were
        reported (a metric of the user that is not registered here), with the reason.
    """
    assert baseline.samples is not None  # noqa: S101  (the caller looked)
    assert now.samples is not None  # noqa: S101
    before, after = aligned(baseline.samples, now.samples.ids), now.samples
    found: Paired = {}
    names, lost = _computable(baseline, now)
    for rung in now.rungs if names else ():
        severity = rung.severity
        values, _ = score_ladder(
            task=now.task,
            labels=now.labels,
            targets=after.targets,
            scores=_two(before.scores, after.scores, severity),
            per_image={
                name: _two(before.per_image[name], after.per_image[name], severity)
                for name in after.per_image
                if name in before.per_image
            },
            metrics=names,
            confidence=confidence,
            resamples=resamples,
            seed=int(now.settings.get("seed") or 0),
            groups=after.groups,
            ranks=_ranks(before, after, severity),
            decisions=_decisions(baseline, now, before, after, severity),
            options=_options(now),
        )
        found[severity] = values[1]
    for name in names:
        if not all(
            _same(values[name], _value(baseline.rungs, name, s), _value(now.rungs, name, s))
            for s, values in found.items()
        ):
            lost[name] = (
                "its value cannot be read off the stored samples again (a threshold among "
                "saturated probabilities, for instance)"
            )
    kept = {s: {n: v for n, v in values.items() if n not in lost} for s, values in found.items()}
    return kept, lost


def _computable(baseline: Entry, now: Entry) -> tuple[list[str], dict[str, str]]:
    names, lost = [], {}
    for name in now.metrics:
        if name not in baseline.metrics:
            continue
        if name not in registry.names(now.task):
            lost[name] = "it is not registered here"
        elif _lacks_numbers(name, baseline.samples) or _lacks_numbers(name, now.samples):
            lost[name] = "its per-image numbers are not stored"
        else:
            names.append(name)
    return names, lost


def _lacks_numbers(name: str, samples: Samples | None) -> bool:
    metric = registry.get(name)
    return metric.per_image and (samples is None or metric.source not in samples.per_image)


def _two(before: Mapping[int, Array], after: Mapping[int, Array], at: int) -> dict[int, Array]:
    """The baseline as step 0 and now as step 1; nothing where there are no such numbers."""
    return {0: before[at], 1: after[at]} if at in before and at in after else {}


def _ranks(before: Samples, after: Samples, severity: int) -> dict[int, Array]:
    """The order of the samples as metrics like AUROC read it, which takes finite numbers."""
    return {
        step: np.nan_to_num(x, posinf=_FAR, neginf=-_FAR)
        for step, x in _two(before.odds, after.odds, severity).items()
    }


def _decisions(
    baseline: Entry, now: Entry, before: Samples, after: Samples, severity: int
) -> dict[int, Array] | None:
    """Each model is read at its own operating point, as it was when it was measured."""
    if not before.scores or not (baseline.thresholds and now.thresholds):
        return None
    return {
        0: _above(baseline, before, severity),
        1: _above(now, after, severity),
    }


def _above(entry: Entry, samples: Samples, severity: int) -> Array:
    clean = samples.scores[0].reshape(len(samples.ids), -1)
    scores = samples.scores[severity]
    names = entry.labels[-1:] if entry.task == "binary" else entry.labels
    limits = np.array([entry.thresholds.get(name, math.nan) for name in names])
    for k, limit in enumerate(limits):
        # A fitted threshold is a clean score; rounding must not put that score below it.
        near = clean[np.argmin(np.abs(clean[:, k] - limit)), k] if limit == limit else math.nan
        if math.isclose(near, limit, rel_tol=1e-6):
            limits[k] = near
    above: Array = (scores.reshape(len(scores), -1) >= limits).astype(np.float64)
    return above.reshape(scores.shape)


def _options(entry: Entry) -> MetricOptions:
    known = MetricOptions().all
    words = ("specificity_level", "ece_bins")
    return MetricOptions(**{w: entry.settings.get(w, known[w]) for w in words})


def _value(rungs: Sequence[RungResult], metric: str, severity: int) -> MetricValue:
    return next(r for r in rungs if r.severity == severity).metrics[metric]


def _same(paired: MetricValue, before: MetricValue, now: MetricValue) -> bool:
    """Whether the samples give the reported numbers again, of both models."""
    loss = abs(before.value - now.value)
    scale = max(1.0, abs(before.value), abs(now.value))
    own = _near(paired.value, now.value, scale) and _near(abs(paired.drop), loss, scale)
    labels = paired.labels.keys() == now.labels.keys() == before.labels.keys()
    return own and labels


def _near(a: float, b: float, scale: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= CLOSE * scale
