"""Sensitivity and specificity at the clean operating point, from decisions made there.

The threshold is no part of the uncertainty: it is chosen once on the clean images, as it is chosen
once for a model that is deployed, and the bootstrap resamples the decisions. Since it was chosen on
these very samples, the clean values are a little better than on new ones.

Both need positive and negative samples of a label: the operating point does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.metrics.reading import read
from pytest_xraynoise.metrics.sums import Sums, means

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray, Reading


def weighted_sensitivity(
    targets: FloatArray, decisions: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of the positive samples that are called positive (the recall).

    Args:
        targets: (N,) or (N, K), as in :func:`~pytest_xraynoise.metrics.columns.as_columns`; class
            ids are taken one against the rest.
        decisions: (N,) or (N, K) with 1 where the label is said to be present, else 0.
        weights: (B, N), the weight of each sample in each of B resamples.

    Returns:
        The macro value (B,) and the value of each label (B, K), NaN where undefined.
    """
    return sensitivity_sums(targets, decisions).weighted(weights)


def weighted_specificity(
    targets: FloatArray, decisions: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of the negative samples that are not called positive.

    Arguments and result as in :func:`weighted_sensitivity`.
    """
    return specificity_sums(targets, decisions).weighted(weights)


def sensitivity_sums(targets: FloatArray, decisions: FloatArray) -> Sums:
    """Sensitivity, as sums over samples."""
    return means(_of_class(targets, decisions, positive=True))


def specificity_sums(targets: FloatArray, decisions: FloatArray) -> Sums:
    """Specificity, as sums over samples."""
    return means(_of_class(targets, decisions, positive=False))


def sensitivity(targets: FloatArray, decisions: FloatArray) -> Reading:
    """Sensitivity; equals ``sklearn.metrics.recall_score`` of each label.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    return read(weighted_sensitivity, targets, decisions, needs="both")


def specificity(targets: FloatArray, decisions: FloatArray) -> Reading:
    """Specificity; equals ``sklearn.metrics.recall_score`` of the negatives of each label.

    Raises:
        MetricError: if shapes or values do not fit, or no label has both classes.
    """
    return read(weighted_specificity, targets, decisions, needs="both")


def _of_class(targets: FloatArray, decisions: FloatArray, *, positive: bool) -> FloatArray:
    """(N, K): 1 where a sample of the class is called right, 0 where not, NaN for the others."""
    columns = as_columns(targets, decisions)
    said = columns.scores
    if not np.isin(said, (0.0, 1.0)).all():
        raise MetricError("decisions must be 0 or 1; hold scores against a threshold first")
    members = columns.truth if positive else columns.labelled & ~columns.truth
    members = members & (columns.positives > 0) & (columns.negatives > 0)
    return np.where(members, said if positive else 1.0 - said, np.nan)
