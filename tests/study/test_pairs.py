"""Pairs of findings from scores that were kept, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pytest_xraynoise.study.pairs import pairs
from pytest_xraynoise.study.plan import Cell
from tests.study.ladders import measured


def _result(n: int = 400):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(3)
    targets = (rng.random((n, 3)) < [0.3, 0.3, 0.02]).astype(float)
    clean = 1 / (1 + np.exp(-(3 * targets - 1.5 + rng.normal(size=(n, 3)))))
    noisy = 1 / (1 + np.exp(-(0.5 * targets + rng.normal(size=(n, 3)))))
    cell = Cell("classification", "resnet", "clean", "poisson")
    labels = {"A": 0.1, "B": 0.1, "C": 0.1}
    return measured(cell, [0.1], labels=labels, targets=targets, scores={0: clean, 1: noisy})[1]


def test_a_pair_is_one_finding_against_the_other() -> None:
    result = _result().result
    (pair,) = pairs(result, 1)  # C is too rare
    assert (pair.first, pair.second) == ("A", "B")
    targets = result.targets
    one = targets[:, 0] != targets[:, 1]
    assert pair.count == one.sum()

    def auroc(severity: int) -> float:
        p = result.scores(severity=severity)[one]
        odds = np.log(p / (1 - p))
        return float(roc_auc_score(targets[one, 0], odds[:, 0] - odds[:, 1]))

    assert pair.clean == pytest.approx(auroc(0), abs=1e-12)
    assert pair.drop.estimate == pytest.approx(auroc(0) - auroc(1), abs=1e-12)
    assert pair.drop.low < pair.drop.estimate < pair.drop.high
    assert pair.single == pytest.approx(0.1)


def test_masks_have_no_pairs() -> None:
    cell = Cell("segmentation", "unet", "clean", "poisson")
    result = measured(cell, [0.1])[1].result
    assert result is not None
    assert list(pairs(result, 1)) == []
