"""The worst tenth of the images: what a mean over images hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.metrics.averages import mean_of_defined, ratio
from pytest_xraynoise.metrics.segmentation import checked_per_image, read_per_image

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray, Reading

TAIL = 0.1
"""The share of images that is looked at."""


def weighted_worst_decile(
    _targets: FloatArray, values: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean of the lowest tenth of the per-image values of each class, then over classes.

    The tenth is taken exactly: of 25 images the two worst and half of the third. This is the
    expected shortfall (Acerbi and Tasche 2002, DOI 10.1016/S0378-4266(02)00283-2), which does not
    jump with the number of images; below ten images it is the worst one.

    Args:
        _targets: not used.
        values: (N, K), higher is better, NaN where the image is ignored for the class.
        weights: (B, N), the weight of each image in each of B resamples.

    Returns:
        The macro value (B,) and the value of each class (B, K), NaN where no image is left.
    """
    v = checked_per_image(values)
    by_class = np.empty((len(weights), v.shape[1]))
    for k in range(v.shape[1]):
        counted = np.flatnonzero(~np.isnan(v[:, k]))
        order = counted[np.argsort(v[counted, k], kind="stable")]
        w = weights[:, order]
        tail = TAIL * w.sum(axis=1, keepdims=True)
        before = np.cumsum(w, axis=1) - w
        share = np.clip(tail - before, 0.0, w)
        by_class[:, k] = ratio(share @ v[order, k], share.sum(axis=1))
    return mean_of_defined(by_class), by_class


def worst_decile(targets: FloatArray, values: FloatArray) -> Reading:
    """Mean of the lowest tenth of the per-image values, over images and then over classes.

    Raises:
        MetricError: if ``values`` is not (N, K), or nothing but NaN.
    """
    return read_per_image(weighted_worst_decile, targets, values)
