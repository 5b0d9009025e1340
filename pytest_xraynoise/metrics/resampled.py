"""The metrics that come with the package, of all rungs and of many resamples at once.

What does not change from resample to resample is done once, before the first of them: samples are
sorted, and columns are made of scores. Each function takes targets and the numbers of several rungs
and gives a function of how often each sample was drawn; see ``prepare`` of
:class:`~pytest_xraynoise.metrics.base.Metric`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.metrics.averages import mean_of_defined
from pytest_xraynoise.metrics.calibration import BINS, brier_sums, ece_of
from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.metrics.counted import accuracy_sums, balanced_accuracy_sums, f1_sums
from pytest_xraynoise.metrics.decisions import sensitivity_sums, specificity_sums
from pytest_xraynoise.metrics.rank_walks import (
    Walk,
    add_precisions,
    auroc_of,
    count_pairs,
    pair_walk,
    precision_of,
    precision_walk,
)
from pytest_xraynoise.metrics.segmentation import checked_per_image
from pytest_xraynoise.metrics.sums import means, resampled_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from pytest_xraynoise.metrics.base import Both, Counts, FloatArray, Resampled


WEIGHTS = 1 << 21
"""Weights of a calibration error that are held at a time (16 MiB)."""


def prepare_auroc(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """AUROC; the numbers of :func:`~pytest_xraynoise.metrics.classification.weighted_auroc`."""
    return _by_walk(targets, inputs, pair_walk, lambda *x: auroc_of(*_pairs(*x)))


def prepare_average_precision(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """Average precision, as :func:`.classification.weighted_average_precision`."""
    return _by_walk(targets, inputs, precision_walk, lambda *x: precision_of(*_precisions(*x)))


def prepare_accuracy(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """Accuracy, as :func:`.classification.weighted_accuracy`."""
    return resampled_sums([accuracy_sums(targets, each) for each in inputs])


def prepare_balanced_accuracy(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """Balanced accuracy, as :func:`.classification.weighted_balanced_accuracy`."""
    return resampled_sums([balanced_accuracy_sums(targets, each) for each in inputs])


def prepare_f1(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """F1, as :func:`.classification.weighted_f1`."""
    return resampled_sums([f1_sums(targets, each) for each in inputs])


def prepare_sensitivity(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """Sensitivity, as :func:`.decisions.weighted_sensitivity`."""
    return resampled_sums([sensitivity_sums(targets, each) for each in inputs])


def prepare_specificity(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """Specificity, as :func:`.decisions.weighted_specificity`."""
    return resampled_sums([specificity_sums(targets, each) for each in inputs])


def prepare_brier(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """The Brier score, as :func:`.calibration.weighted_brier`."""
    return resampled_sums([brier_sums(targets, each) for each in inputs])


def prepare_ece(
    targets: FloatArray, inputs: Sequence[FloatArray], *, ece_bins: int = BINS
) -> Resampled:
    """The expected calibration error, as :func:`.calibration.weighted_ece`."""
    several = [ece_of(targets, each, ece_bins) for each in inputs]

    def resampled(counts: Counts) -> list[Both]:
        step = max(1, WEIGHTS // len(counts))
        found: list[list[Both]] = [[] for _ in several]
        for start in range(0, counts.shape[1], step):
            weights = counts[:, start : start + step].astype(np.float64)
            for parts, weighted in zip(found, several, strict=True):
                parts.append(weighted(weights))
        columns = [zip(*parts, strict=True) for parts in found]
        return [(np.concatenate(macro), np.concatenate(labels)) for macro, labels in columns]

    return resampled


def prepare_mean_over_images(_targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
    """The mean over images, as :func:`.segmentation.weighted_mean_over_images`."""
    return resampled_sums([means(checked_per_image(each)) for each in inputs])


def _by_walk(
    targets: FloatArray,
    inputs: Sequence[FloatArray],
    walk_of: Callable[..., Walk],
    value_of: Callable[[Walk, Counts], FloatArray],
) -> Resampled:
    walks = []
    for scores in inputs:
        columns = as_columns(targets, scores)
        known = [np.flatnonzero(each) for each in columns.labelled.T]
        walks.append(
            [walk_of(columns.truth[m, k], columns.scores[m, k], m) for k, m in enumerate(known)]
        )

    def resampled(counts: Counts) -> list[Both]:
        found = []
        for by_label in walks:
            values = np.column_stack([value_of(walk, counts) for walk in by_label])
            found.append((mean_of_defined(values), values))
        return found

    return resampled


def _pairs(walk: Walk, counts: Counts) -> tuple[Any, Any, Any]:
    kernels = _compiled()
    if kernels is None or counts.shape[1] % kernels.LANES:
        return count_pairs(walk, counts)
    wins, positives, negatives = np.empty((3, counts.shape[1]), dtype=np.uint64)
    kernels.count_pairs(walk.rows, walk.steps, counts, wins, positives, negatives)
    return wins, positives, negatives


def _precisions(walk: Walk, counts: Counts) -> tuple[Any, Any, Any]:
    kernels = _compiled()
    if kernels is None or counts.shape[1] % kernels.LANES:
        return add_precisions(walk, counts)
    areas = np.empty(counts.shape[1])
    positives, drawn = np.empty((2, counts.shape[1]), dtype=np.uint64)
    kernels.add_precisions(walk.rows, walk.steps, counts, areas, positives, drawn)
    return areas, positives, drawn


@functools.cache
def _compiled() -> ModuleType | None:
    """The compiled walks; None without Numba, where NumPy serves with the same numbers."""
    try:
        from pytest_xraynoise.metrics import rank_kernels
    except ImportError:
        return None
    return rank_kernels
