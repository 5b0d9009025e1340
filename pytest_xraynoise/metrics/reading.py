"""From a weighted metric to its reading: values with weights of one, and who is left out why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.base import Reading
from pytest_xraynoise.metrics.columns import NoLabelLeftError, as_columns

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray, Weighted

Needs = Literal["both", "positive", "any"]
"""Which labelled samples a label must have for the metric to be defined."""

THRESHOLD = 0.5
"""A label is said to be present where its probability is above this (the usual ``p > 0.5``)."""


def read(
    weighted: Weighted, targets: FloatArray, scores: FloatArray, *, needs: Needs = "positive"
) -> Reading:
    """The value of a metric, the mean over the labels that define it.

    Args:
        weighted: the metric as a function of sample weights.
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`.
        scores: (N,) or (N, K), likewise.
        needs: what a label without a value lacks.

    Raises:
        MetricError: if shapes or values do not fit.
        NoLabelLeftError: if no label has a value.
    """
    columns = as_columns(targets, scores)
    macro, by_label = weighted(targets, scores, np.ones((1, len(columns.scores))))
    values = by_label[0]
    reasons: dict[int | str, str] = {
        int(k): _why(int(columns.positives[k]), int(columns.negatives[k]), needs)
        for k in np.flatnonzero(np.isnan(values))
    }
    if len(reasons) == len(values):
        raise NoLabelLeftError(reasons)
    labels: dict[int | str, float] = {k: float(v) for k, v in enumerate(values) if not np.isnan(v)}
    return Reading(float(macro[0]), labels, reasons)


def check_probabilities(scores: FloatArray, why: str) -> None:
    """Refuse scores outside [0, 1]; ``why`` ends "scores must be probabilities in [0, 1] ...".

    Raises:
        MetricError: with the observed range; NaN is outside too.
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.size and not (s.min() >= 0.0 and s.max() <= 1.0):
        raise MetricError(
            f"scores must be probabilities in [0, 1] {why}; "
            f"got {s.min():g} to {s.max():g}. Apply a sigmoid or softmax to logits first"
        )


def _why(positives: int, negatives: int, needs: Needs) -> str:
    have = f"{positives} positive and {negatives} negative labelled samples"
    if needs == "both":
        return f"{have}, both are needed"
    if positives + negatives == 0:
        return "no labelled sample"
    return f"{have}, a positive one is needed"
