"""Ratios and means that say NaN where there is nothing to average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """``numerator / denominator`` (shapes that broadcast), NaN where the denominator is zero."""
    undefined = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=undefined, where=denominator != 0.0)
    return undefined


def mean_of_defined(by_label: FloatArray) -> FloatArray:
    """Mean over the last axis without NaN; NaN where nothing is left. (B, K) to (B,)."""
    defined = ~np.isnan(by_label)
    total = np.where(defined, by_label, 0.0).sum(axis=-1)
    return ratio(total, defined.sum(axis=-1).astype(np.float64))
