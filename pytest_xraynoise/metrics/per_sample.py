"""Metrics that are a mean over samples: sums of columns, for one set of weights or thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.averages import mean_of_defined, ratio
from pytest_xraynoise.metrics.base import Reading
from pytest_xraynoise.metrics.columns import NoLabelLeftError

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray, SampleValues


def weighted_means(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean over samples of each column, then mean over columns.

    Args:
        values: (N, K), NaN where a sample does not count for a label.
        weights: (B, N), the weight of each sample in each of B resamples.

    Returns:
        The macro value (B,) and the value of each label (B, K), NaN where no sample is left.
    """
    counted = ~np.isnan(values)
    by_label = ratio(weights @ np.where(counted, values, 0.0), weights @ counted.astype(np.float64))
    return mean_of_defined(by_label), by_label


def weighted_sample_means(
    of_samples: SampleValues, targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """:func:`weighted_means` of the numbers that a user's function gives each sample."""
    return weighted_means(_values(of_samples, targets, scores), weights)


def mean_over_samples(of_samples: SampleValues, targets: FloatArray, scores: FloatArray) -> Reading:
    """The mean over samples of each label, then over labels.

    Raises:
        MetricError: if the function does not give (N,) or (N, K), or gives infinite numbers.
        NoLabelLeftError: if it gives nothing but NaN.
    """
    values = _values(of_samples, targets, scores)
    macro, by_label = weighted_means(values, np.ones((1, len(values))))
    reasons: dict[int | str, str] = {
        int(k): "no sample counts for it" for k in np.flatnonzero(np.isnan(by_label[0]))
    }
    if len(reasons) == values.shape[1]:
        raise NoLabelLeftError(reasons)
    kept: dict[int | str, float] = {
        k: float(v) for k, v in enumerate(by_label[0]) if k not in reasons
    }
    return Reading(float(macro[0]), kept, reasons)


def _values(of_samples: SampleValues, targets: FloatArray, scores: FloatArray) -> FloatArray:
    values = np.asarray(of_samples(targets, scores), dtype=np.float64)
    if values.ndim not in (1, 2) or len(values) != len(scores):
        raise MetricError(
            f"the function of a per-sample metric must give (N,) or (N, K) numbers for N = "
            f"{len(scores)} samples; got shape {values.shape}"
        )
    if np.isinf(values).any():
        raise MetricError("a per-sample metric gave infinite numbers; NaN leaves a sample out")
    return values.reshape(len(values), -1)
