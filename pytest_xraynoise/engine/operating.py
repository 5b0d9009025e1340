"""What a classifier decides at the operating point of its clean images, at every rung."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise import metrics
from pytest_xraynoise.engine.repeats import severity_of
from pytest_xraynoise.errors import MetricError, SpecError, unknown
from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.metrics.thresholds import UnreachableError, fit_thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.engine.classification import Scored
    from pytest_xraynoise.metrics.operating_point import OperatingPoint
    from pytest_xraynoise.metrics.options import MetricOptions

    Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions at thresholds that were fixed on clean images.

    Attributes:
        thresholds: probability from which on each label is said to be present, by name; labels
            with one class only have none.
        decisions: by severity, in the shape of the scores: 1.0 where the label is said to be
            present, else 0.0.
    """

    thresholds: Mapping[str, float]
    decisions: Mapping[int, Array]


def decided_at(scored: Scored, names: Sequence[str], options: MetricOptions) -> Decided | None:
    """The decisions that the metrics called ``names`` read; None where none of them reads any.

    Raises:
        MetricError, SpecError: as :func:`at_clean_operating_point` does.
    """
    if not any(metrics.get(name).decided for name in names):
        return None
    return at_clean_operating_point(
        scored.labels, scored.targets, scored.scores, options.operating_point, scored.ranks
    )


def reading_settings(
    scored: Scored, names: Sequence[str], options: MetricOptions, decided: Decided | None
) -> dict[str, Any]:
    """How the metrics called ``names`` were read, for the settings of a result."""
    found: dict[str, Any] = {}
    if decided is not None:
        found["operating_point"] = options.operating_point.text
        found["thresholds"] = dict(decided.thresholds)
    words = {word for name in names for word in metrics.get(name).options}
    found |= {word: options.all[word] for word in sorted(words)}
    if scored.unit:
        found["distances"] = scored.unit
    if "nsd" in names:
        found["tolerance"] = f"{options.tolerance:g} {scored.unit}"
    return found


def at_clean_operating_point(
    labels: Sequence[str],
    targets: npt.ArrayLike,
    scores: Mapping[int, Array],
    point: OperatingPoint,
    ranks: Mapping[int, Array] | None = None,
) -> Decided:
    """Fix one threshold for each label on the clean scores, and hold every rung against it.

    Args:
        labels: names of the K score columns.
        targets: (N,) with 0 and 1 for scores (N,); (N, K) or (N,) class ids for scores (N, K); NaN
            or -1 for not labelled.
        scores: probabilities by severity, 0 (clean) included.
        point: how the thresholds are chosen.
        ranks: in the order of ``scores``, without saturation; a threshold that is fitted is found
            on these, so that samples beyond the last digit of a probability stay apart.

    Raises:
        MetricError: when the operating point is not reachable for a label, or scores are not
            finite.
        SpecError: for a threshold of a label that is not there, or a label without a threshold.
    """
    _check(labels, scores)
    given = _given(labels, point)
    if given is not None:
        sides = as_columns(targets, scores[0])
        defined = (sides.positives > 0) & (sides.negatives > 0)
        shown = {n: t for n, t, d in zip(labels, given, defined, strict=True) if d}
        return Decided(shown, _above(scores, given))
    ordered = ranks or scores
    try:
        found = fit_thresholds(targets, ordered[0], point)
    except UnreachableError as error:
        names = {k: labels[k] for k in error.reasons}
        raise MetricError(error.describe(names)) from None
    decisions = _above(ordered, found)
    if not np.array_equal(ordered[0], scores[0]):  # log-odds
        with np.errstate(over="ignore"):
            found = 1.0 / (1.0 + np.exp(-found))
    return Decided(_as_probabilities(labels, scores[0], decisions[0], found), decisions)


def _check(labels: Sequence[str], scores: Mapping[int, Array]) -> None:
    """A NaN must not pass for a decision."""
    if 0 not in scores:
        raise MetricError(f"severity 0 (clean) is missing; got {sorted(scores)}")
    clean = scores[0]
    if clean.size != len(clean) * len(labels):
        raise MetricError(f"{len(labels)} labels do not fit scores of shape {clean.shape}")
    for severity, x in scores.items():
        bad = int((~np.isfinite(x)).sum())
        if bad:
            raise MetricError(
                f"{bad} of {x.size} scores at severity {severity_of(severity)} are NaN or "
                "infinite; a model must give finite scores to be measured"
            )


def _given(labels: Sequence[str], point: OperatingPoint) -> Array | None:
    """Thresholds (K,) that need no fit."""
    if point.rule == "threshold":
        return np.full(len(labels), point.level, dtype=np.float64)
    if point.rule != "by_label":
        return None
    for name in point.by_label:
        if name not in labels:
            raise SpecError(f"operating_point: {unknown('label', name, labels)}")
    missing = [name for name in labels if name not in point.by_label]
    if missing:
        raise SpecError(
            f"operating_point gives no threshold for {', '.join(missing)}; give one for each label "
            "that is judged"
        )
    return np.array([point.by_label[name] for name in labels])


def _above(scores: Mapping[int, Array], thresholds: Array) -> dict[int, Array]:
    """1.0 from the threshold on. NaN, the threshold of a label with one class, is never reached."""
    return {
        severity: (x.reshape(len(x), -1) >= thresholds).astype(np.float64).reshape(x.shape)
        for severity, x in scores.items()
    }


def _as_probabilities(
    labels: Sequence[str], clean: Array, decisions: Array, found: Array
) -> dict[str, float]:
    """The thresholds as probabilities that tell the clean images apart just as well."""
    scores, said = clean.reshape(len(clean), -1), decisions.reshape(len(clean), -1) == 1.0
    shown = {}
    for k, name in enumerate(labels):
        if np.isnan(found[k]):
            continue
        lowest = float(scores[said[:, k], k].min())
        others = scores[~said[:, k], k]
        apart = found[k] <= lowest and (not len(others) or found[k] > others.max())
        shown[name] = float(found[k]) if apart else lowest  # probabilities may saturate
    return shown
