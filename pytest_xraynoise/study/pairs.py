"""Pairs of findings told apart, from scores that were kept: A against B among samples with one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise import stats
from pytest_xraynoise.errors import MetricError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from pytest_xraynoise.results import Interval, LadderResult

_FLOOR = 1e-12
"""Probabilities are kept this far from 0 and 1, so that their odds are finite."""
FEWEST = 10
"""Samples of either finding that a pair needs."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What noise does to telling two findings apart.

    Attributes:
        first, second: the findings; a sample has exactly one of them.
        severity: the rung.
        clean: AUROC of the pair on clean images.
        drop: what it loses, with DeLong's interval.
        single: the larger of the drops of the two findings, each against all other samples.
        count: samples.
    """

    first: str
    second: str
    severity: int
    clean: float
    drop: Interval
    single: float
    count: int


def pairs(result: LadderResult, severity: int) -> Iterator[Pair]:
    """Every pair of findings of a multilabel result, at one severity.

    The score of a pair is the difference of the two log-odds, as for ``contrast=``. Pairs with
    fewer than :data:`FEWEST` samples of either finding are left out.
    """
    if result.task != "multilabel" or result._targets is None:
        return
    targets = result.targets
    clean, noisy = (_logit(result.scores(severity=s)) for s in (0, severity))
    curves = result.metric("auroc").by_label
    for a, b in itertools.combinations(range(len(result.labels)), 2):
        one = (targets[:, a] + targets[:, b]) == 1  # NaN is neither
        truth = targets[one, a]
        if min(int(truth.sum()), int((1 - truth).sum())) < FEWEST:
            continue
        before, after = (x[one, a] - x[one, b] for x in (clean, noisy))
        try:
            drop = stats.delong(truth, before, after)
        except MetricError:  # scores that are not finite
            continue
        names = result.labels[a], result.labels[b]
        singles = [curves[name].drop(severity=severity) for name in names if name in curves]
        yield Pair(
            *names,
            severity,
            _auroc(truth, before),
            drop,
            max(singles, default=float("nan")),
            len(truth),
        )


def _auroc(truth: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, scores))


def _logit(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    kept = np.clip(p, _FLOOR, 1 - _FLOOR)
    odds: npt.NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return odds
