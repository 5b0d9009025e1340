"""Metrics that are a mean over samples: sums of columns, for one set of weights or thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.base import Reading
from pytest_xraynoise.metrics.columns import NoLabelLeftError
from pytest_xraynoise.metrics.sums import means, resampled_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.metrics.base import Both, FloatArray, Resampled, SampleValues


def weighted_sample_means(
    of_samples: SampleValues, targets: FloatArray, scores: FloatArray, weights: FloatArray
) -> Both:
    """The mean over samples of the numbers that a user's function gives each, for weights (B, N).

    Returns:
        The macro value (B,) and the value of each label (B, K), NaN where no sample is left.
    """
    return means(_values(of_samples, targets, scores)).weighted(weights)


def resampled_sample_means(
    of_samples: SampleValues, targets: FloatArray, inputs: Sequence[FloatArray]
) -> Resampled:
    """:func:`weighted_sample_means` of several rungs, from how often each sample was drawn."""
    return resampled_sums([means(_values(of_samples, targets, scores)) for scores in inputs])


def mean_over_samples(of_samples: SampleValues, targets: FloatArray, scores: FloatArray) -> Reading:
    """The mean over samples of each label, then over labels.

    Raises:
        MetricError: if the function does not give (N,) or (N, K), or gives infinite numbers.
        NoLabelLeftError: if it gives nothing but NaN.
    """
    values = _values(of_samples, targets, scores)
    macro, by_label = means(values).weighted(np.ones((1, len(values))))
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
