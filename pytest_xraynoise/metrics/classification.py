"""AUROC, average precision, accuracy, F1 and their kin, for one set of weights or for thousands.

Each metric is written once, as a function of sample weights: with weights of one it gives the
value, with resampling counts the bootstrap. The macro value is the mean over the labels that define
the metric (over all samples for multiclass accuracy). Multiclass AUROC and average precision are
one class against the rest.

==============================  ===================================================================
``auroc``                       needs a positive and a negative sample of the label
``average_precision``           the same; with positives only it would be 1 whatever the scores say
``sensitivity_at_specificity``  the same
``accuracy``                    needs a labelled sample, one class is enough
``balanced_accuracy``           needs a positive and a negative sample; a sample of the class where
                                classes exclude each other
``f1``                          needs a positive sample: without one it is 0 or 0/0 whatever the
                                scores say
==============================  ===================================================================
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.metrics.averages import mean_of_defined
from pytest_xraynoise.metrics.columns import Columns, as_columns
from pytest_xraynoise.metrics.counted import accuracy_sums, balanced_accuracy_sums, f1_sums
from pytest_xraynoise.metrics.ranking import (
    weighted_auroc_column,
    weighted_precision_column,
    weighted_sensitivity_column,
)
from pytest_xraynoise.metrics.reading import THRESHOLD, check_probabilities, read

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray, Reading
    from pytest_xraynoise.metrics.reading import Needs

SPECIFICITY = 0.95
"""Where ``sensitivity_at_specificity`` is read when nothing else is said."""

_WHY = f"to be held against the threshold {THRESHOLD}"


def weighted_auroc(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Area under the ROC curve, ties counted as one half.

    Args:
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`.
        scores: (N,) or (N, K), likewise.
        weights: (B, N), the weight of each sample in each of B resamples.

    Returns:
        The macro value (B,) and the value of each label (B, K), NaN where undefined.
    """
    by_label = _by_ranking(weighted_auroc_column, as_columns(targets, scores), weights)
    return mean_of_defined(by_label), by_label


def weighted_average_precision(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Average precision: the area under the precision-recall curve in steps, not interpolated.

    Arguments and result as in :func:`weighted_auroc`.
    """
    by_label = _by_ranking(weighted_precision_column, as_columns(targets, scores), weights)
    return mean_of_defined(by_label), by_label


def weighted_accuracy(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of labelled samples that are predicted right at the threshold 0.5.

    Multiclass: top-1 accuracy over all samples, and the recall of each class as its value.
    Arguments and result as in :func:`weighted_auroc`.
    """
    return accuracy_sums(targets, scores).weighted(weights)


def weighted_balanced_accuracy(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean recall of the two sides of a label, at the threshold 0.5 that accuracy has too.

    Multiclass: the recall of each class at the largest probability, and their mean over the classes
    that occur. ``sensitivity`` and ``specificity`` are the ones at the clean operating point.
    Arguments and result as in :func:`weighted_auroc`.
    """
    return balanced_accuracy_sums(targets, scores).weighted(weights)


def weighted_sensitivity_at_specificity(
    targets: FloatArray,
    scores: FloatArray,
    weights: FloatArray,
    *,
    specificity_level: float = SPECIFICITY,
) -> tuple[FloatArray, FloatArray]:
    """Largest sensitivity on the ROC curve of these scores at a specificity of at least so much.

    The threshold is fitted again to the scores of every rung (and resample): what the model could
    still do, were it calibrated to the noise. ``sensitivity`` keeps the threshold of clean images.
    Arguments and result as in :func:`weighted_auroc`.
    """
    of_column = partial(weighted_sensitivity_column, specificity=specificity_level)
    by_label = _by_ranking(of_column, as_columns(targets, scores), weights)
    return mean_of_defined(by_label), by_label


def weighted_f1(
    targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), at the threshold 0.5.

    Arguments and result as in :func:`weighted_auroc`.
    """
    return f1_sums(targets, scores).weighted(weights)


def auroc(targets: FloatArray, scores: FloatArray) -> Reading:
    """Area under the ROC curve; equals ``sklearn.metrics.roc_auc_score`` of each label.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    return read(weighted_auroc, targets, scores, needs="both")


def average_precision(targets: FloatArray, scores: FloatArray) -> Reading:
    """Average precision; equals ``sklearn.metrics.average_precision_score`` of each label.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    return read(weighted_average_precision, targets, scores, needs="both")


def accuracy(targets: FloatArray, scores: FloatArray) -> Reading:
    """Accuracy at the threshold 0.5, top-1 for multiclass (then labels hold the recall of a class).

    Raises:
        MetricError: if shapes or values do not fit, a score is no probability, or nothing is
            labelled.
    """
    check_probabilities(scores, _WHY)
    reading = read(weighted_accuracy, targets, scores, needs="any")
    if as_columns(targets, scores).exclusive:  # over all samples: no class is left out of it
        return replace(reading, excluded={})
    return reading


def f1(targets: FloatArray, scores: FloatArray) -> Reading:
    """F1 at the threshold 0.5 (argmax for multiclass), averaged over labels that have a positive.

    Raises:
        MetricError: if shapes or values do not fit, a score is no probability, or no label has a
            positive sample.
    """
    check_probabilities(scores, _WHY)
    return read(weighted_f1, targets, scores)


def balanced_accuracy(targets: FloatArray, scores: FloatArray) -> Reading:
    """Balanced accuracy; equals ``sklearn.metrics.balanced_accuracy_score`` of each label.

    Multiclass: of the whole task, labels holding the recall of each class.

    Raises:
        MetricError: if shapes or values do not fit, a score is no probability, or no label has
            both classes.
    """
    check_probabilities(scores, _WHY)
    needs: Needs = "positive" if as_columns(targets, scores).exclusive else "both"
    return read(weighted_balanced_accuracy, targets, scores, needs=needs)


def sensitivity_at_specificity(
    targets: FloatArray, scores: FloatArray, *, specificity_level: float = SPECIFICITY
) -> Reading:
    """Largest ``tpr`` of ``sklearn.metrics.roc_curve`` with ``fpr`` up to 1 - specificity_level.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    weighted = partial(weighted_sensitivity_at_specificity, specificity_level=specificity_level)
    return read(weighted, targets, scores, needs="both")


def _by_ranking(
    of_column: Callable[[FloatArray, FloatArray, FloatArray, npt.NDArray[np.intp]], FloatArray],
    columns: Columns,
    weights: FloatArray,
) -> FloatArray:
    values = np.full((len(weights), columns.scores.shape[1]), np.nan)
    for k in range(values.shape[1]):
        known = np.flatnonzero(columns.labelled[:, k])
        truth = columns.truth[known, k].astype(np.float64)
        values[:, k] = of_column(truth, columns.scores[known, k], weights, known)
    return values
