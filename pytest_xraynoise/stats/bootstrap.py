"""The paired bootstrap of any statistic, clean minus noisy."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.results import Interval
from pytest_xraynoise.stats.correlated_roc import check_confidence
from pytest_xraynoise.stats.resampling import percentile_interval, resampling_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def paired_bootstrap(
    statistic: Callable[..., Any],
    clean: npt.ArrayLike,
    noisy: npt.ArrayLike,
    confidence: float = 0.95,
    resamples: int = 2000,
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
) -> Interval:
    """statistic(clean) - statistic(noisy) with its percentile interval over resampled samples.

    Every resample draws the same samples on both sides. ``numpy.mean`` is one matrix product; a
    statistic with an ``axis`` argument (``numpy.median``, most of SciPy) gets many resamples of
    (N,) values at once; any other one is called once for each resample and side.

    Args:
        statistic: takes the drawn samples, first axis the samples, and returns one number. It must
            not depend on their order. If it needs targets, put them in a column of both arrays.
        clean: (N, ...) one row for each sample.
        noisy: (N, ...) the same samples in the same order.
        confidence: level of the two-sided interval, in (0, 1).
        resamples: how many to draw.
        groups: (N,) groups that are drawn as a whole, patients as a rule.
        seed: the same seed gives the same interval.

    Raises:
        MetricError: if the arrays differ in shape, there are fewer than two samples or groups, the
            statistic is not one number, or more than a quarter of the resamples leave it undefined
            (NaN or ``MetricError``).
        SpecError: if ``confidence`` or ``resamples`` is out of range.
    """
    check_confidence(confidence)
    a, b = np.asarray(clean), np.asarray(noisy)
    if a.shape != b.shape or not a.shape:
        raise MetricError(f"clean and noisy must have one shape (N, ...), got {a.shape}, {b.shape}")
    estimate = _number(statistic(a)) - _number(statistic(b))
    draw = _chooser(statistic, a, b, grouped=groups is not None)
    chunks = resampling_weights(len(a), resamples, groups=groups, seed=seed)
    drops = np.concatenate([draw(weights) for weights in chunks])
    ends = percentile_interval(drops, confidence)
    if ends is None:
        raise MetricError(
            f"{int(np.isnan(drops).sum())} of {resamples} resamples leave the statistic undefined, "
            "too many for an interval; more samples (of the rarer class) are needed"
        )
    return Interval(estimate, *ends, confidence, "bootstrap")


def _chooser(
    statistic: Callable[..., Any], a: npt.NDArray[Any], b: npt.NDArray[Any], *, grouped: bool
) -> Callable[[FloatArray], FloatArray]:
    """The fastest way to turn weights (B, N) into drops (B,)."""
    if statistic is np.mean:
        gap = (a.astype(np.float64) - b).reshape(len(a), -1).mean(axis=1)
        return lambda weights: (weights @ gap) / weights.sum(axis=1)
    # Groups of different sizes make resamples of different lengths: no rectangle to work on.
    if a.ndim == 1 and not grouped and _takes_axis(statistic):
        return lambda weights: _along_axis(statistic, a, b, weights)
    return lambda weights: np.array([_drop(statistic, a, b, row) for row in weights])


def _takes_axis(statistic: Callable[..., Any]) -> bool:
    try:
        return "axis" in inspect.signature(statistic).parameters
    except (TypeError, ValueError):  # some builtins have no signature
        return False


def _along_axis(
    statistic: Callable[..., Any], a: npt.NDArray[Any], b: npt.NDArray[Any], weights: FloatArray
) -> FloatArray:
    count, n = weights.shape
    drawn = np.tile(np.arange(n), count).repeat(weights.astype(np.intp).ravel()).reshape(count, n)
    values = [np.asarray(statistic(x[drawn], axis=1), dtype=np.float64) for x in (a, b)]
    if any(v.shape != (count,) for v in values):
        raise MetricError(
            f"the statistic must give one number along an axis, got {values[0].shape}"
        )
    gaps: FloatArray = values[0] - values[1]
    return gaps


def _drop(
    statistic: Callable[..., Any], a: npt.NDArray[Any], b: npt.NDArray[Any], weights: FloatArray
) -> float:
    drawn = np.repeat(np.arange(len(weights)), weights.astype(np.intp))
    try:
        return _number(statistic(a[drawn])) - _number(statistic(b[drawn]))
    except MetricError:
        return float("nan")


def _number(value: Any) -> float:
    if np.ndim(value) != 0:
        raise MetricError(f"the statistic must give one number, got shape {np.shape(value)}")
    return float(value)
