"""Metrics that are made of sums over samples: one matrix product for all rungs and resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.metrics.averages import mean_of_defined, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.metrics.base import Both, Counts, FloatArray, Resampled

CELLS = 1 << 18
"""Counts that are float64 at a time (2 MiB), so that the product reads them from the cache."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A metric as a function of sums over samples.

    Attributes:
        columns: (N, P) float64, what is summed up, finite.
        combine: from sums (B, P) to the macro value (B,) and the value of each label (B, K), NaN
            where they are undefined.
    """

    columns: FloatArray
    combine: Callable[[FloatArray], Both]

    def weighted(self, weights: FloatArray) -> Both:
        """The metric with weights (B, N)."""
        return self.combine(weights @ self.columns)


def means(values: FloatArray) -> Sums:
    """The mean over samples of each column, and the mean of these.

    Args:
        values: (N, K), NaN where a sample does not count for a label.
    """
    counted = ~np.isnan(values)
    labels = values.shape[1]

    def combine(sums: FloatArray) -> Both:
        by_label = ratio(sums[:, :labels], sums[:, labels:])
        return mean_of_defined(by_label), by_label

    return Sums(np.hstack([np.where(counted, values, 0.0), counted.astype(np.float64)]), combine)


def resampled_sums(several: Sequence[Sums]) -> Resampled:
    """Several such metrics, or one at several rungs, from how often each sample was drawn.

    Columns that are equal, as which samples count is at every rung, are summed up once; so what is
    equal at two rungs has sums that are equal to the last bit.
    """
    places: dict[bytes, int] = {}
    rows: list[FloatArray] = []
    where = []
    for sums in several:
        here = []
        for column in np.ascontiguousarray(sums.columns.T):
            key = column.tobytes()
            if key not in places:
                places[key] = len(rows)
                rows.append(column)
            here.append(places[key])
        where.append(np.array(here, dtype=np.intp))
    stacked = np.ascontiguousarray(np.stack(rows, axis=1))

    def resampled(counts: Counts) -> list[Both]:
        total = np.zeros((counts.shape[1], len(rows)))
        step = max(1, CELLS // counts.shape[1])
        for start in range(0, len(counts), step):
            piece = slice(start, start + step)
            total += counts[piece].astype(np.float64).T @ stacked[piece]
        return [sums.combine(total[:, each]) for sums, each in zip(several, where, strict=True)]

    return resampled
