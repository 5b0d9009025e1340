"""A classifier at the operating point of its clean images, and what its probabilities are worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.report.rung_words import captions, noisiest
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_xraynoise.metrics import Reading
    from pytest_xraynoise.metrics.reliability import Bins
    from pytest_xraynoise.report.deciding import Deciding
    from pytest_xraynoise.results import LadderResult

_BINS = 15


@dataclass(frozen=True, slots=True)
class OperatingRow:
    """Sensitivity and specificity at one rung, means over labels."""

    severity: int
    noise: str
    sensitivity: float
    specificity: float

    @property
    def texts(self) -> tuple[str, str]:
        """Both numbers as they are written."""
        return number(self.sensitivity), number(self.specificity)


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label clean and at the worst rung, as texts."""

    label: str
    threshold: str
    sensitivity: tuple[str, str]
    specificity: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Operating:
    """What the panel shows.

    Attributes:
        point: how the thresholds were chosen.
        threshold: the threshold where there is one label, else empty.
        rows: the rungs, clean first.
        labels: label by label, where there are several.
        worst: severity of the worst rung.
        clean, noisy: the reliability diagram of the clean images and of the worst rung.
        ece: the expected calibration error of both, as texts.
        pooled: what the diagram is about: all labels pooled, the top class, or empty.
    """

    point: str
    threshold: str
    rows: tuple[OperatingRow, ...]
    labels: tuple[LabelRow, ...]
    worst: int
    worst_noise: str
    clean: Bins | None
    noisy: Bins | None
    ece: tuple[str, str]
    pooled: str


def operating(result: LadderResult, chosen: Deciding | None) -> Operating | None:
    """Read the operating point of a result.

    The thresholds are those that the result was measured at; where it read no decisions, those of
    the Youden index on the clean scores.

    Returns:
        None for a segmentation, for a result without noisy rungs or stored without scores or
        targets, and where no label has both classes.
    """
    stored = result._targets is not None and set(result.severities) <= set(result._scores)
    if result.task == "segmentation" or not stored or len(result.rungs) < 2:
        return None
    worst = noisiest(result, (chosen.worst_severity if chosen else None,))
    try:
        thresholds = _thresholds(result)
        if not any(math.isfinite(t) for t in thresholds.values()):
            return None
        rates = {s: _rates(result, s, thresholds) for s in result.severities}
        clean, noisy = (_bins(result, severity) for severity in (0, worst))
    except MetricError:  # scores of a file that was written by hand: the rest is still to be seen
        return None
    names = captions(result)
    return Operating(
        point=one_line(
            str(result.settings.get("operating_point", "Youden index on the clean images"))
        ),
        threshold=number(next(iter(thresholds.values()))) if len(thresholds) == 1 else "",
        rows=tuple(OperatingRow(s, names[s], *rates[s].macro) for s in result.severities),
        labels=_label_rows(thresholds, rates[0], rates[worst]),
        worst=worst,
        worst_noise=names[worst],
        clean=clean,
        noisy=noisy,
        ece=(_ece(result, 0, clean), _ece(result, worst, noisy)),
        pooled=_pooled(result),
    )


@dataclass(frozen=True, slots=True)
class _Rates:
    """Sensitivity and specificity: of all labels, and label by label."""

    macro: tuple[float, float]
    labels: Mapping[str, tuple[float, float]]


def _thresholds(result: LadderResult) -> dict[str, float]:
    """By label; NaN where a label has none."""
    said: Mapping[str, Any] = result.settings.get("thresholds") or {}
    if said:
        return {label: _threshold(said.get(label)) for label in result.labels}
    from pytest_xraynoise.metrics.operating_point import OperatingPoint
    from pytest_xraynoise.metrics.thresholds import fit_thresholds

    found = fit_thresholds(result.targets, result.scores(severity=0), OperatingPoint())
    return dict(zip(result.labels, map(float, found), strict=True))


def _threshold(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _rates(result: LadderResult, severity: int, thresholds: Mapping[str, float]) -> _Rates:
    """As measured; where it was not measured, from the scores and the thresholds."""
    at = result.rungs[result.severities.index(severity)].metrics
    if {"sensitivity", "specificity"} <= set(at):
        both = at["sensitivity"], at["specificity"]
        labels = {
            label: (both[0].labels[label].value, both[1].labels[label].value)
            for label in both[0].labels
            if label in both[1].labels
        }
        return _Rates((both[0].value, both[1].value), labels)
    import numpy as np

    from pytest_xraynoise.metrics.decisions import sensitivity, specificity

    limits = np.array([thresholds[label] for label in result.labels])
    draws = [result.scores(severity=severity, draw=draw) for draw in range(result.repeats)]
    said = [(x.reshape(len(x), -1) >= limits).astype(np.float64).reshape(x.shape) for x in draws]

    def mean(metric: Callable[..., Reading]) -> tuple[float, dict[str, float]]:
        read = [metric(result.targets, decisions) for decisions in said]
        by_label = {
            name: float(np.mean([one.labels[k] for one in read]))
            for k, name in enumerate(result.labels)
            if k in read[0].labels
        }
        return float(np.mean([one.value for one in read])), by_label

    hits, rejections = mean(sensitivity), mean(specificity)
    labels = {name: (hit, rejections[1][name]) for name, hit in hits[1].items()}
    return _Rates((hits[0], rejections[0]), labels)


def _label_rows(
    thresholds: Mapping[str, float], clean: _Rates, worst: _Rates
) -> tuple[LabelRow, ...]:
    """The label that loses most first; those without a threshold are left out."""
    shown = [
        label
        for label, threshold in thresholds.items()
        if math.isfinite(threshold) and label in clean.labels and label in worst.labels
    ]
    if len(thresholds) < 2:
        return ()

    def lost(label: str) -> float:
        losses = [a - b for a, b in zip(clean.labels[label], worst.labels[label], strict=True)]
        return max((loss for loss in losses if math.isfinite(loss)), default=-math.inf)

    def pair(label: str, which: int) -> tuple[str, str]:
        return number(clean.labels[label][which]), number(worst.labels[label][which])

    return tuple(
        LabelRow(label, number(thresholds[label]), pair(label, 0), pair(label, 1))
        for label in sorted(shown, key=lost, reverse=True)
    )


def _bins(result: LadderResult, severity: int) -> Bins | None:
    """All draws of the noise together."""
    import numpy as np

    from pytest_xraynoise.metrics.reliability import reliability

    draws = range(result.repeats if severity else 1)
    scores = np.concatenate([result.scores(severity=severity, draw=draw) for draw in draws])
    targets = np.concatenate([result.targets] * len(draws))
    return reliability(targets, scores, bins=int(result.settings.get("ece_bins") or _BINS))


def _ece(result: LadderResult, severity: int, bins: Bins | None) -> str:
    """As measured; else of the diagram."""
    at = result.rungs[result.severities.index(severity)].metrics
    if "ece" in at:
        return number(at["ece"].value)
    return number(None if bins is None else bins.ece)


def _pooled(result: LadderResult) -> str:
    if result.task == "multiclass":
        return "probability of the class it chose"
    return "all labels pooled" if len(result.labels) > 1 else ""
