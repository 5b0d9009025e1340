"""The bins of a reliability diagram, the same as those of the metric ``ece``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.metrics.reading import check_probabilities

if TYPE_CHECKING:
    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray


@dataclass(frozen=True, slots=True)
class Bins:
    """Samples in order of their probability, in bins that hold equally many.

    Attributes:
        predicted: (B,) mean probability of each bin that holds a sample.
        present: (B,) the share of its samples that are what was predicted.
        count: (B,) how many samples it holds.
    """

    predicted: FloatArray
    present: FloatArray
    count: npt.NDArray[np.intp]

    @property
    def ece(self) -> float:
        """Mean distance of the points from the diagonal, weighted by their samples."""
        gaps = np.abs(self.predicted - self.present)
        return float((gaps * self.count).sum() / self.count.sum())


def reliability(
    targets: FloatArray, scores: FloatArray, *, bins: int, label: int | None = None
) -> Bins | None:
    """What probabilities are worth: how often that which is predicted with p is true.

    Bins hold equally many samples, and equal probabilities share one (Nixon et al. 2019, arXiv
    1904.01685). Without a label these are, for a binary task, the probabilities of its one label;
    for a multilabel task those of all labels, pooled; for a multiclass task those of the top
    class of each sample (Guo et al. 2017, arXiv 1706.04599).

    Args:
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`.
        scores: (N,) or (N, K) probabilities, likewise.
        bins: how many.
        label: column of one label, held against the rest; None for all of them.

    Returns:
        The bins; None where nothing is labelled.

    Raises:
        MetricError: if shapes or values do not fit, or a score is no probability.
    """
    check_probabilities(scores, "to be compared with what is true")
    columns = as_columns(targets, scores)
    if label is not None:
        known = columns.labelled[:, label]
        probability, truth = columns.scores[known, label], columns.truth[known, label]
    elif columns.exclusive:
        known = columns.labelled[:, 0]
        top = columns.scores[known].argmax(axis=1)[:, None]
        probability = np.take_along_axis(columns.scores[known], top, 1)[:, 0]
        truth = np.take_along_axis(columns.truth[known], top, 1)[:, 0]
    else:
        probability, truth = columns.scores[columns.labelled], columns.truth[columns.labelled]
    return _binned(probability, truth.astype(np.float64), bins) if probability.size else None


def _binned(probability: FloatArray, truth: FloatArray, bins: int) -> Bins:
    count, order = len(probability), np.argsort(probability, kind="stable")
    ordered = probability[order]
    first = np.searchsorted(ordered, ordered)  # where samples of the same probability begin
    place = first * bins // count
    held = np.bincount(place, minlength=bins)
    some = held > 0
    predicted = np.bincount(place, ordered, bins)[some] / held[some]
    present = np.bincount(place, truth[order], bins)[some] / held[some]
    return Bins(predicted, present, held[some])
