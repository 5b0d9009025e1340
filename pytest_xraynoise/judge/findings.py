"""What a reader of a verdict should know beside it. Findings decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.counts import class_rows, image_rows, independent, unit
from pytest_xraynoise.results import Finding
from pytest_xraynoise.stats.distribution import TIE
from pytest_xraynoise.stats.step_down import holm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_xraynoise.results import LadderResult, MetricValue
    from pytest_xraynoise.stats.distribution import Distribution

FEW = 10
"""Positives, negatives or images below which intervals are rough: DeLong's is a normal one."""

COLLAPSE = 0.05
"""A label's drop is a collapse when its whole interval is beyond this ..."""

COLLAPSE_RATIO = 3.0
"""... and beyond this many times the drop of the mean over labels."""

WEAK = {"dice": 0.5, "iou": 1.0 / 3.0}
"""Clean overlap below which noise has little left to take; the same masks give both numbers."""

CHANCE = 0.5
"""AUROC of a coin."""


def findings(
    result: LadderResult, metrics: Sequence[str], *, per_label: bool = False
) -> tuple[Finding, ...]:
    """Everything worth telling about a ladder.

    Args:
        result: what was measured.
        metrics: those that limits hold, whose curves are looked at.
        per_label: whether labels are judged by themselves, so that each has to be strong enough.
    """
    found = [*_few_samples(result, metrics), *_weak_when_clean(result, per_label=per_label)]
    for metric in metrics:
        found += [*_collapsed(result, metric), *_not_monotonic(result, metric)]
    return tuple(found)


def _few_samples(result: LadderResult, metrics: Sequence[str]) -> Iterator[Finding]:
    what = unit(result)
    for label, rows in class_rows(result).items():
        positives, negatives = (independent(result, each) for each in rows)
        if 0 < min(positives, negatives) < FEW:  # a label without one of them is left out by name
            kind = f"positive and {negatives} negative {what}"
            if what == "groups":
                kind = f"groups with a positive sample and {negatives} with a negative one"
            yield Finding(
                "few samples",
                f"{label} has {positives} {kind}; with fewer than {FEW} of either its intervals "
                "are rough",
                label=label,
            )
    if result.task == "segmentation":
        yield from _few_images(result, metrics)


def _few_images(result: LadderResult, metrics: Sequence[str]) -> Iterator[Finding]:
    what = "images" if unit(result) == "samples" else unit(result)
    if (count := independent(result)) < FEW:
        text = f"only {count} {what}; with fewer than {FEW} intervals are rough"
        yield Finding("few samples", text)
        return
    for metric in metrics:
        for label, rows in image_rows(result, _source(metric)).items():
            if 0 < (count := independent(result, rows)) < FEW:
                yield Finding(
                    "few samples",
                    f"{metric} of {label} is defined in {count} {what} only; with fewer than {FEW} "
                    "its intervals are rough",
                    label=label,
                )


def _source(metric: str) -> str:
    """The per-image number that a metric reads."""
    try:
        return registry.get(metric).source
    except SpecError:  # of a plugin that is not loaded here
        return metric


def _weak_when_clean(result: LadderResult, *, per_label: bool) -> Iterator[Finding]:
    clean = result.rungs[0].metrics
    if "auroc" in clean:
        values: dict[str | None, MetricValue] = {None: clean["auroc"]}
        if per_label:
            values.update(clean["auroc"].labels.items())
        for label, at in values.items():
            low = at.value if at.value_low is None else at.value_low
            if low <= CHANCE:
                span = "" if at.value_low is None else f" {_span(at.value_low, at.value_high)}"
                yield Finding(
                    "weak when clean",
                    f"auroc{_of(label)} is {at.value:.3f}{span} on the clean images, no better "
                    "than chance: what noise takes from it says little",
                    severity=0,
                    label=label,
                )
    for metric, least in WEAK.items():
        if metric in clean and clean[metric].value < least:
            yield Finding(
                "weak when clean",
                f"{metric} is {clean[metric].value:.3f} on the clean images, below {least:.2f}: "
                "what noise takes from it says little",
                severity=0,
            )
            return


def _collapsed(result: LadderResult, metric: str) -> Iterator[Finding]:
    """The mildest rung at which each label collapses while the mean holds."""
    if not _is_fraction(metric):
        return
    told: set[str] = set()
    for rung in result.rungs[1:]:
        mean = rung.metrics[metric]
        bound = max(COLLAPSE, COLLAPSE_RATIO * mean.drop)
        for label, at in mean.labels.items() if len(mean.labels) > 1 else ():
            if label not in told and at.low is not None and at.low > bound:
                told.add(label)
                yield Finding(
                    "label collapse",
                    f"{label} collapses while the mean holds: {metric} lost {at.drop:.3f} "
                    f"{_span(at.low, at.high)} at severity {rung.severity}, the mean over "
                    f"{len(mean.labels)} labels {mean.drop:.3f}",
                    severity=rung.severity,
                    label=label,
                )


def _not_monotonic(result: LadderResult, metric: str) -> Iterator[Finding]:
    """For each rung that is significantly better than a milder one, the one it beats most."""
    spread = result.spread(metric)
    if spread is None:
        return
    from pytest_xraynoise.stats.contrasts import combination

    drop = {rung.severity: rung.metrics[metric].drop for rung in result.rungs}
    gains: list[tuple[int, int, Distribution]] = []
    rungs = [severity for severity in spread.severities if severity in drop]
    for noisier in rungs:
        for milder in (0, *(severity for severity in rungs if severity < noisier)):
            parts = {noisier: -1.0, **({milder: 1.0} if milder else {})}
            gain = combination(spread, parts, drop[milder] - drop[noisier])
            if gain is not None:
                gains.append((milder, noisier, gain))
    confidence = float(result.settings.get("confidence", 0.95))
    adjusted = holm([gain.p_above(0.0) for _, _, gain in gains])
    best: dict[int, tuple[int, Distribution]] = {}
    for (milder, noisier, gain), p in zip(gains, adjusted, strict=True):
        sure = p <= (1.0 - confidence) / 2.0 and gain.estimate > TIE
        if sure and (noisier not in best or gain.estimate > best[noisier][1].estimate):
            best[noisier] = (milder, gain)
    for noisier, (milder, gain) in best.items():
        ends = gain.interval(confidence)
        at = result.metric(metric)
        yield Finding(
            "non-monotonic",
            f"severity {noisier} is better than {f'severity {milder}' if milder else 'clean'}: "
            f"{metric} {at.value(severity=noisier):.3f} against {at.value(severity=milder):.3f}, "
            f"{gain.estimate:.3f}{'' if ends is None else f' {_span(*ends)}'} apart; look at the "
            "preprocessing, and at whether these rungs are a ladder",
            severity=noisier,
        )


def _is_fraction(metric: str) -> bool:
    """Whether 0.05 of a metric means the same as of any other: its bounds are 0 and 1."""
    try:
        known = registry.get(metric)
    except SpecError:  # of a plugin that is not loaded here
        return False
    return known.lower == 0.0 and known.upper == 1.0


def _of(label: str | None) -> str:
    return "" if label is None else f" of {label}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"
