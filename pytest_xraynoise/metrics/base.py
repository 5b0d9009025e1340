"""What a metric is: its name, its bounds, and the function that reads it off scores and targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.results import Task

    FloatArray = npt.NDArray[np.float64]
    Compute = Callable[[FloatArray, FloatArray], "Reading | float"]
    Weighted = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

CLASSIFICATION: frozenset[Any] = frozenset({"binary", "multilabel", "multiclass"})
"""The tasks whose scores are one probability for each sample (and label)."""

SEGMENTATION: frozenset[Any] = frozenset({"segmentation"})
"""The task whose scores are one overlap for each image and class."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric on one set of scores.

    Attributes:
        value: the macro value (the mean over the labels that define the metric).
        labels: the value of each label, by column index (or by name, for a metric of the user).
        excluded: labels left out of ``value``, with the reason. Whether a label is left out depends
            on the targets alone, so clean and noisy scores always leave out the same ones.
    """

    value: float
    labels: Mapping[int | str, float] = field(default_factory=dict)
    excluded: Mapping[int | str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that tells how good scores are.

    Attributes:
        name: the word in limits and results: ``auroc`` in ``max_auroc_drop``.
        title: the name for people: ``AUROC``.
        higher_is_better: False turns a drop into an increase.
        lower, upper: the bounds of the value, None where there is none; limits are checked by them.
        tasks: the tasks that have this metric.
        per_image: True if the metric is a mean over images of a number that each image has by
            itself. ``compute`` then gets these numbers, (N, K) with NaN, in place of scores.
        compute: ``compute(targets, scores) -> Reading``. Targets are float64: (N,) with 0, 1 or NaN
            (binary), (N, K) with 0, 1 or NaN (multilabel), (N,) class ids (multiclass); NaN or -1
            means not labelled. Scores are probabilities, (N,) or (N, K). A metric of the user may
            return a plain number, and raises ``MetricError`` where the data do not define it.
        weighted: the same for many resamples at once, for a fast bootstrap:
            ``weighted(targets, scores, weights) -> (macro, by_label)`` with weights (B, N), macro
            (B,) and by_label (B, K); NaN where a resample does not define the value. Without it,
            the bootstrap calls ``compute`` for every resample.
        ranks: True if only the order of the scores matters. ``compute`` and ``weighted`` then get
            logits where the model gave logits: their order does not saturate as probabilities do.
        pooled: the tasks in which the value is taken over all samples together, and not as the mean
            over labels.
    """

    name: str
    title: str
    higher_is_better: bool = True
    lower: float | None = None
    upper: float | None = None
    tasks: frozenset[Task] = CLASSIFICATION
    per_image: bool = False
    ranks: bool = False
    compute: Compute
    weighted: Weighted | None = None
    pooled: frozenset[Task] = frozenset()
