"""Overlap and area of each image and class, and their mean over images.

Dice = 2 |P and T| / (|P| + |T|) (Dice 1945, DOI 10.2307/1932409), IoU = |P and T| / |P or T|
(Jaccard 1912, DOI 10.1111/j.1469-8137.1912.tb05611.x). If prediction and target are both empty,
there was nothing to find and nothing was said: 1. If one of them is empty: 0.

An image without the class says nothing about a mask that is lost (``empty_masks``) or about a
relative error of its area (``area_error``): it does not count for these two (NaN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.base import Reading
from pytest_xraynoise.metrics.columns import NoLabelLeftError
from pytest_xraynoise.metrics.sums import means

if TYPE_CHECKING:
    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray, Weighted


def dice_from_counts(
    intersection: npt.ArrayLike, predicted: npt.ArrayLike, true: npt.ArrayLike
) -> FloatArray:
    """Dice from pixel counts, 2 I / (P + T).

    Args:
        intersection: pixels in both masks, any shape, (N, K) as a rule.
        predicted: pixels in the predicted mask.
        true: pixels in the true mask.

    Returns:
        Dice in [0, 1], float64, of the same shape; 1 where both masks are empty, NaN where a count
        is NaN.

    Raises:
        MetricError: if shapes differ, or an intersection is larger than one of its masks.
    """
    both, p, t = _counts(intersection, predicted, true)
    return np.divide(2.0 * both, p + t, out=np.ones_like(both), where=p + t != 0.0)


def iou_from_counts(
    intersection: npt.ArrayLike, predicted: npt.ArrayLike, true: npt.ArrayLike
) -> FloatArray:
    """Intersection over union from pixel counts, I / (P + T - I).

    Arguments, result and errors as in :func:`dice_from_counts`.
    """
    both, p, t = _counts(intersection, predicted, true)
    union = p + t - both
    return np.divide(both, union, out=np.ones_like(both), where=union != 0.0)


def empty_from_counts(predicted: npt.ArrayLike, true: npt.ArrayLike) -> FloatArray:
    """1 where the predicted mask is empty, else 0; NaN where the true mask is empty or not known.

    Args:
        predicted: pixels in the predicted mask, any shape, (N, K) as a rule.
        true: pixels in the true mask.

    Returns:
        float64 of the same shape; its mean is the share of masks that were lost.

    Raises:
        MetricError: if shapes differ.
    """
    _, p, t = _counts(np.zeros_like(predicted, dtype=np.float64), predicted, true)
    return np.where(t > 0.0, (p == 0.0).astype(np.float64), np.nan)


def area_error_from_counts(predicted: npt.ArrayLike, true: npt.ArrayLike) -> FloatArray:
    """Relative error of the area, |P - T| / T; NaN where the true mask is empty or not known.

    Arguments, result and errors as in :func:`empty_from_counts`.
    """
    _, p, t = _counts(np.zeros_like(predicted, dtype=np.float64), predicted, true)
    return np.divide(np.abs(p - t), t, out=np.full_like(t, np.nan), where=t > 0.0)


def dice_per_image(pred: npt.NDArray[np.bool_], target: npt.NDArray[np.bool_]) -> FloatArray:
    """Dice of each image and class.

    Args:
        pred: predicted masks, (N, K, H, W) bool.
        target: true masks, of the same shape.

    Returns:
        (N, K) float64 in [0, 1].

    Raises:
        MetricError: if the masks are not boolean, not (N, K, H, W), or of different shapes.
    """
    return dice_from_counts(*_count(pred, target))


def iou_per_image(pred: npt.NDArray[np.bool_], target: npt.NDArray[np.bool_]) -> FloatArray:
    """Intersection over union of each image and class; arguments as in :func:`dice_per_image`."""
    return iou_from_counts(*_count(pred, target))


def weighted_mean_over_images(
    _targets: FloatArray, values: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean over images of each class, then mean over classes.

    Args:
        _targets: not used; whether an image counts for a class is said by NaN in ``values``.
        values: (N, K), NaN where the image is ignored for the class.
        weights: (B, N), the weight of each image in each of B resamples.

    Returns:
        The macro value (B,) and the value of each class (B, K), NaN where no image is left.
    """
    return means(checked_per_image(values)).weighted(weights)


def mean_over_images(targets: FloatArray, values: FloatArray) -> Reading:
    """Mean over images of each class, then mean over the classes that any image has.

    Args:
        targets: not used.
        values: (N, K), a number for each image and class; NaN where the image is ignored for it.

    Raises:
        MetricError: if ``values`` is not (N, K), or nothing but NaN.
    """
    return read_per_image(weighted_mean_over_images, targets, values)


def read_per_image(weighted: Weighted, targets: FloatArray, values: FloatArray) -> Reading:
    """The value of a weighted function of per-image values; classes that no image has are out.

    Raises:
        MetricError: if ``values`` is not (N, K), or nothing but NaN.
    """
    v = checked_per_image(values)
    macro, by_class = weighted(targets, v, np.ones((1, len(v))))
    reasons: dict[int | str, str] = {
        int(k): "no image has it" for k in np.flatnonzero(np.isnan(by_class[0]))
    }
    if len(reasons) == v.shape[1]:
        raise NoLabelLeftError(reasons)
    labels: dict[int | str, float] = {
        k: float(x) for k, x in enumerate(by_class[0]) if k not in reasons
    }
    return Reading(float(macro[0]), labels, reasons)


def checked_per_image(values: FloatArray) -> FloatArray:
    """Per-image values as float64 (N, K).

    Raises:
        MetricError: for another shape.
    """
    v = np.asarray(values, dtype=np.float64)
    if len(v.shape) != 2:
        raise MetricError(f"per-image values must be (N, K), got shape {v.shape}")
    return v


def _count(
    pred: npt.NDArray[np.bool_], target: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    p, t = np.asarray(pred), np.asarray(target)
    if p.dtype != np.bool_ or t.dtype != np.bool_:
        raise MetricError(f"masks must be bool, got {p.dtype} and {t.dtype}; threshold them first")
    if p.shape != t.shape or len(p.shape) != 4:
        raise MetricError(f"masks must both be (N, K, H, W), got {p.shape} and {t.shape}")
    both, said, true = ((m.sum(axis=(2, 3))).astype(np.float64) for m in (p & t, p, t))
    return both, said, true


def _counts(
    intersection: npt.ArrayLike, predicted: npt.ArrayLike, true: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    both, p, t = (np.asarray(a, dtype=np.float64) for a in (intersection, predicted, true))
    if not both.shape == p.shape == t.shape:
        raise MetricError(f"counts must have one shape, got {both.shape}, {p.shape}, {t.shape}")
    if bool(((both < 0.0) | (both > np.minimum(p, t))).any()):
        raise MetricError("an intersection must be from 0 to the size of the smaller mask")
    return both, p, t
