"""The threshold of each label, fixed on the clean images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.columns import as_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray
    from pytest_xraynoise.metrics.operating_point import OperatingPoint

    Counts = npt.NDArray[np.int64]

_ROUNDING = 1e-9  # what a level such as 1 - 0.9 leaves behind, in samples of one class


class UnreachableError(MetricError):
    """No threshold reaches the operating point. ``reasons`` says why, by column index."""

    def __init__(self, point: OperatingPoint, reasons: Mapping[int, str]) -> None:
        self.point = point
        self.reasons = dict(reasons)
        super().__init__(self.describe({k: f"label {k}" for k in self.reasons}))

    def describe(self, names: Mapping[int, str]) -> str:
        """The message, with the labels called by ``names``."""
        each = "; ".join(f"{names[k]}: {why}" for k, why in self.reasons.items())
        return (
            f"no threshold reaches a {self.point.text} ({each}). "
            f"Ask for less {self.point.rule}, use more samples, or name the labels to judge: "
            "labels=[...]"
        )


def fit_thresholds(
    targets: npt.ArrayLike, scores: npt.ArrayLike, point: OperatingPoint
) -> FloatArray:
    """The threshold of each label on clean scores; ``score >= threshold`` is called positive.

    The candidates are those of ``sklearn.metrics.roc_curve``, the scores that occur. Among those
    that are equally good the highest is taken (the fewest false alarms); by ``specificity`` the
    lowest one that reaches it. The threshold is then midway from there to the next lower score,
    which makes no difference to the clean images; on the score itself, which as a rule is that of a
    positive sample, any noise however weak would lose that one every other time.

    An operating point counts as reached only where it tells samples apart: with some negative left
    for a sensitivity, with some positive found for a specificity.

    Args:
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`; class
            ids are taken one against the rest.
        scores: (N,) or (N, K), finite; probabilities, or anything in the same order.
        point: ``youden``, ``sensitivity`` or ``specificity``.

    Returns:
        (K,) float64; NaN for a label without a positive or without a negative sample.

    Raises:
        MetricError: if shapes or values do not fit, or a score is not finite.
        UnreachableError: if a label with both classes has no such threshold.
    """
    columns = as_columns(targets, scores)
    if not np.isfinite(columns.scores).all():
        bad = int((~np.isfinite(columns.scores)).sum())
        raise MetricError(f"{bad} scores are NaN or infinite; a threshold needs finite scores")
    found = np.full(columns.scores.shape[1], np.nan)
    reasons: dict[int, str] = {}
    for k in range(len(found)):
        if not (columns.positives[k] and columns.negatives[k]):
            continue
        known = columns.labelled[:, k]
        levels, hit, alarms = _roc(columns.truth[known, k], columns.scores[known, k])
        at = _chosen(hit, alarms, point)
        if isinstance(at, str):
            reasons[k] = at
        else:
            found[k] = _midway(levels, at)
    if reasons:
        raise UnreachableError(point, reasons)
    return found


def _roc(truth: npt.NDArray[np.bool_], scores: FloatArray) -> tuple[FloatArray, Counts, Counts]:
    """Distinct scores, highest first, and the positives and negatives at or above each."""
    levels, inverse = np.unique(-scores, return_inverse=True)
    size = len(levels)
    hit = np.cumsum(np.bincount(inverse[truth], minlength=size))
    alarms = np.cumsum(np.bincount(inverse[~truth], minlength=size))
    return -levels, hit, alarms


def _midway(levels: FloatArray, at: int) -> float:
    """Between a level and the next lower one; below the last, as far as from the one above it."""
    level = float(levels[at])
    if at + 1 < len(levels):
        middle = level - (level - float(levels[at + 1])) / 2.0
        return middle if middle > levels[at + 1] else level  # they may be neighbours
    return level - (float(levels[at - 1]) - level) / 2.0 if at else level


def _chosen(hit: Counts, alarms: Counts, point: OperatingPoint) -> int | str:
    """The place of the threshold, or why there is none."""
    positives, negatives = int(hit[-1]), int(alarms[-1])
    if point.rule == "youden":  # whole numbers: a tie is a tie
        return int(np.argmax(hit * negatives - alarms * positives))
    level = float(point.level or 0.0)
    have = f"{positives} positive and {negatives} negative samples"
    if point.rule == "sensitivity":
        useful = alarms < negatives
        good = useful & (hit >= level * positives - _ROUNDING)
        if good.any():
            return int(np.argmax(good))
        most = int(hit[useful].max(initial=0))
        where, total = "while a negative is still told apart", positives
    else:
        useful = hit > 0
        good = useful & (negatives - alarms >= level * negatives - _ROUNDING)
        if good.any():
            return int(np.flatnonzero(good)[-1])
        most = negatives - int(alarms[useful].min())
        where, total = "while a positive is still found", negatives
    return (
        f"reachable is a {point.rule} from 0 to {most / total:.3g}, in steps of 1/{total}, {where} "
        f"({have})"
    )
