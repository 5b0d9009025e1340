"""Classification targets and scores as columns: one label, one column, whatever the task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import MetricError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pytest_xraynoise.metrics.base import FloatArray


class NoLabelLeftError(MetricError):
    """No label defines the metric. ``reasons`` says why, by column index."""

    def __init__(self, reasons: Mapping[int | str, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__(self.describe({k: f"label {k}" for k in self.reasons}))

    def describe(self, names: Mapping[int | str, str]) -> str:
        """The message, with the labels called by ``names``."""
        each = "; ".join(f"{names[k]}: {why}" for k, why in self.reasons.items())
        return (
            f"no label is left to compute the metric on ({each}). Use more samples, or choose "
            "labels that have both classes among the labelled samples"
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """Targets and scores of N samples and K labels.

    Attributes:
        truth: (N, K) bool, True where the label is present; False where it is not known.
        labelled: (N, K) bool, True where it is known.
        scores: (N, K) float64.
        exclusive: True if exactly one label is present in a sample (multiclass).
    """

    truth: npt.NDArray[np.bool_]
    labelled: npt.NDArray[np.bool_]
    scores: FloatArray
    exclusive: bool

    @property
    def positives(self) -> npt.NDArray[np.intp]:
        """Samples in which each label is present, (K,)."""
        count: npt.NDArray[np.intp] = self.truth.sum(axis=0, dtype=np.intp)
        return count

    @property
    def negatives(self) -> npt.NDArray[np.intp]:
        """Samples in which each label is known to be absent, (K,)."""
        known: npt.NDArray[np.intp] = self.labelled.sum(axis=0, dtype=np.intp)
        return known - self.positives

    def predicted(self, threshold: float = 0.5) -> npt.NDArray[np.bool_]:
        """The label said to be present, (N, K): argmax if exclusive, else score > ``threshold``."""
        if not self.exclusive:
            return self.scores > threshold
        first: npt.NDArray[np.bool_] = np.zeros(self.scores.shape, dtype=np.bool_)
        first[np.arange(len(first)), self.scores.argmax(axis=1)] = True
        return first


def as_columns(targets: npt.ArrayLike, scores: npt.ArrayLike) -> Columns:
    """Bring the three kinds of classification into columns.

    Args:
        targets: (N,) with 0, 1 (binary), (N, K) with 0, 1 (multilabel) or (N,) class ids 0..K-1
            (multiclass). NaN and -1 mean not labelled.
        scores: (N,) for binary, (N, K) otherwise.

    Raises:
        MetricError: if the shapes do not fit or a target is none of these values.
    """
    y = np.asarray(targets, dtype=np.float64)
    s = np.asarray(scores, dtype=np.float64)
    if len(y.shape) not in (1, 2) or len(s.shape) not in (1, 2) or len(y) != len(s):
        raise MetricError(_shapes(y, s))
    unlabelled = np.isnan(y) | (y == -1.0)
    if y.ndim == 1 and s.ndim == 2:
        return _exclusive(y, unlabelled, s)
    if y.shape != s.shape:
        raise MetricError(_shapes(y, s))
    present = y == 1.0
    odd = y[~(unlabelled | present | (y == 0.0))]
    if odd.size:
        raise MetricError(
            f"targets must be 0, 1, or NaN or -1 for not labelled; got {odd[0]:g} "
            f"({odd.size} such values). For class ids, scores must be (N, K)"
        )
    k = 1 if y.ndim == 1 else y.shape[1]
    return Columns(
        present.reshape(-1, k), ~unlabelled.reshape(-1, k), s.reshape(-1, k), exclusive=False
    )


def _exclusive(y: FloatArray, unlabelled: npt.NDArray[np.bool_], s: FloatArray) -> Columns:
    count = s.shape[1]
    known = y[~unlabelled]
    odd = known[(known < 0) | (known >= count) | (known != np.floor(known))]
    if odd.size:
        raise MetricError(
            f"class ids must be whole numbers from 0 to {count - 1} (scores have {count} columns), "
            f"or NaN or -1 for not labelled; got {odd[0]:g} ({odd.size} such values)"
        )
    truth = (y[:, None] == np.arange(count)) & ~unlabelled[:, None]
    labelled = np.repeat(~unlabelled[:, None], count, axis=1)
    return Columns(truth, labelled, s, exclusive=True)


def _shapes(targets: FloatArray, scores: FloatArray) -> str:
    return (
        f"targets of shape {targets.shape} do not fit scores of shape {scores.shape}; expected "
        "(N,) and (N,) for binary, (N, K) and (N, K) for multilabel, (N,) and (N, K) for multiclass"
    )
