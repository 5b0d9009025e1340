"""Claims are found where they were planted, and not where they were not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from pytest_xraynoise.results import Finding, MetricValue, TestRecord
from pytest_xraynoise.study.claim import Claim, at_least
from pytest_xraynoise.study.claims import claims
from pytest_xraynoise.study.plan import Cell
from tests.study.ladders import measured

WEAK = Finding("weak when clean", "no better than chance", severity=0)


def _cell(model: str, noise: str = "gaussian") -> Cell:
    masks = ("unet", "fpn", "segformer", "upernet")
    task = "segmentation" if model in masks else "classification"
    return Cell(task, model, "clean", noise)


def _named(found: list[Claim], name: str) -> Claim:
    return next(claim for claim in found if claim.name == name)


@pytest.mark.parametrize(
    ("dice", "verdict"), [(0.7, "found"), (0.05, "cannot be told"), (-0.1, "not found")]
)
def test_dichotomy(dice: float, verdict: str) -> None:
    ladders = [
        measured(_cell("unet"), [0.01, dice]),
        measured(_cell("fpn"), [0.01, dice]),
        measured(_cell("resnet"), [0.01, 0.05]),
    ]
    claim = _named(claims(ladders), "task dichotomy, gaussian")
    assert claim.verdict == verdict
    assert "over 2 models" in claim.evidence


@pytest.mark.parametrize(("nodule", "verdict"), [(0.30, "found"), (0.06, "not found")])
def test_vulnerability(nodule: float, verdict: str) -> None:
    labels = {"Nodule": nodule, "Effusion": 0.05, "Cardiomegaly": 0.05}
    claim = _named(
        claims([measured(_cell("resnet"), [0.01, 0.1], labels=labels)]),
        "differential vulnerability",
    )
    assert claim.verdict == verdict
    assert "of 6 comparisons" in claim.evidence
    assert (f"Nodule {nodule:.3f}" in claim.evidence) == (verdict == "found") or nodule == 0.06


def test_a_rung_that_is_better_than_a_milder_one() -> None:
    better = Finding("non-monotonic", "severity 2 is better than severity 1", severity=2)
    many = [
        measured(_cell(model), [0.2, 0.1], findings=[better])
        for model in ("resnet", "densenet", "efficientnet")
    ]
    assert _named(claims(many), "non-monotonic curves").verdict == "found"
    assert "in 3 of 3 ladders" in _named(claims(many), "non-monotonic curves").evidence
    none = [measured(_cell("resnet"), [0.1, 0.2])]
    assert _named(claims(none), "non-monotonic curves").verdict == "not found"


@pytest.mark.parametrize(
    ("vit", "verdict"), [(0.02, "found"), (0.38, "not found"), (0.20, "cannot be told")]
)
def test_transformers(vit: float, verdict: str) -> None:
    ladders = [
        measured(_cell("resnet"), [0.01, 0.20]),
        measured(_cell("vit"), [0.01, vit]),
    ]
    claim = _named(claims(ladders), "transformers in classification, gaussian")
    assert claim.verdict == verdict
    assert "convolutions (resnet) 0.200, transformers (vit)" in claim.evidence
    masks = [
        measured(_cell("unet"), [0.01, 0.20]),
        measured(_cell("segformer"), [0.01, vit - 0.01]),
        measured(_cell("upernet"), [0.01, vit + 0.01]),
    ]
    claim = _named(claims(masks), "transformers in segmentation, gaussian")
    assert claim.verdict == verdict
    assert "lose less Dice" in claim.claim


@pytest.mark.parametrize(
    ("drop", "verdict"), [(0.8, "found"), (0.5, "cannot be told"), (0.3, "not found")]
)
def test_segmentation_collapses(drop: float, verdict: str) -> None:
    ladders = [measured(_cell(model), [0.01, drop]) for model in ("unet", "fpn")]
    claim = _named(claims(ladders), "segmentation collapses, gaussian")
    assert claim.verdict == verdict
    assert f"over 2 models {drop:.3f}" in claim.evidence


@pytest.mark.parametrize(
    ("drop", "verdict"), [(0.02, "found"), (0.1, "cannot be told"), (0.4, "not found")]
)
def test_classification_holds(drop: float, verdict: str) -> None:
    ladders = [measured(_cell(model), [0.01, drop]) for model in ("resnet", "vit")]
    assert _named(claims(ladders), "classification holds, gaussian").verdict == verdict


def test_a_finding_that_is_hardly_seen_when_clean_is_not_compared() -> None:
    labels = {"Nodule": 0.0, "Effusion": 0.30, "Cardiomegaly": 0.05}
    cell, record = measured(_cell("resnet"), [0.01, 0.1], labels=labels)
    assert record.result is not None
    clean = record.result.rungs[0].metrics["auroc"]
    weak = {**clean.labels, "Nodule": MetricValue(0.55, 0.0)}
    first = replace(record.result.rungs[0], metrics={"auroc": replace(clean, labels=weak)})
    result = record.result.replace(rungs=(first, *record.result.rungs[1:]))
    claim = _named(claims([(cell, replace(record, result=result))]), "differential vulnerability")
    assert "of 2 comparisons" in claim.evidence
    assert "Nodule" not in claim.evidence


@pytest.mark.parametrize(
    ("drop", "half", "verdict"),
    [
        (0.001, 0.005, "found"),
        (0.001, 0.050, "cannot be told"),
        (0.100, 0.020, "not found"),
    ],
)
def test_real_dose(drop: float, half: float, verdict: str) -> None:
    cell = Cell("classification", "resnet", "clean", "lowdose")
    ladder = measured(cell, [drop, drop], half=half, parameters=[0.501, 0.251])
    found = claims([ladder])
    assert _named(found, "real dose, -50 %").verdict == verdict
    assert _named(found, "real dose, -75 %").verdict == verdict


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert claims([]) == []


def test_a_model_that_knows_nothing_proves_nothing() -> None:
    coin = measured(_cell("vit"), [0.0, 0.0], clean=0.51, findings=[WEAK])
    found = claims([measured(_cell("unet"), [0.01, 0.7]), coin])
    assert [claim.name for claim in found] == [
        "segmentation collapses, gaussian",
        "non-monotonic curves",
    ]
    both = [measured(_cell("unet"), [0.01, 0.7]), coin, measured(_cell("resnet"), [0.01, 0.05])]
    evidence = _named(claims(both), "task dichotomy, gaussian").evidence
    assert "of AUROC 0.050 over 1;" in evidence


def _scored(noisy: float, drop: float) -> tuple[Cell, TestRecord]:
    """Two findings whose difference is scored with this slope under noise."""
    rng = np.random.default_rng(5)
    targets = (rng.random((600, 2)) < 0.3).astype(float)
    difference = targets[:, :1] - targets[:, 1:]
    clean, bad = (
        1 / (1 + np.exp(-(slope * difference * [1, -1] + rng.normal(size=(600, 2)))))
        for slope in (2.0, noisy)
    )
    labels = {"Pneumothorax": drop, "Atelectasis": drop}
    return measured(
        _cell("resnet"), [drop], labels=labels, targets=targets, scores={0: clean, 1: bad}
    )


@pytest.mark.parametrize(
    ("noisy", "drop", "verdict"), [(0.0, 0.1, "found"), (0.0, 0.45, "not found")]
)
def test_a_pair_has_to_lose_more_than_both_findings(
    noisy: float, drop: float, verdict: str
) -> None:
    claim = _named(claims([_scored(noisy, drop)]), "pairs")
    assert claim.verdict == verdict
    assert f"{int(verdict == 'found')} of 1 pairs lose more than both" in claim.evidence


@pytest.mark.parametrize(("hits", "verdict"), [(3, "not found"), (5, "found")])
def test_a_few_rungs_that_are_better_are_due_to_chance(hits: int, verdict: str) -> None:
    better = Finding("non-monotonic", "severity 2 is better than severity 1", severity=2)
    ladders = [
        measured(
            Cell("classification", model, training, noise),
            [0.1, 0.2],
            findings=[better] if place < hits else [],
        )
        for place, (model, training, noise) in enumerate(
            itertools.product(
                ("resnet", "densenet", "efficientnet", "vit", "swin"),
                ("clean", "robust"),
                ("poisson", "gaussian", "poisson+gaussian", "lowdose"),
            )
        )
    ]
    assert len(ladders) == 40
    assert _named(claims(ladders), "non-monotonic curves").verdict == verdict


@pytest.mark.parametrize("hits", range(6))
def test_the_upper_tail_is_that_of_scipy(hits: int) -> None:
    assert at_least(hits, 40, 0.025) == pytest.approx(binom.sf(hits - 1, 40, 0.025), rel=1e-9)


def test_a_model_with_little_to_lose_proves_nothing() -> None:
    ladders = [
        measured(_cell("resnet"), [0.01, 0.40], clean=0.94),
        measured(_cell("vit"), [0.0, 0.01], clean=0.55),
    ]
    assert not [claim for claim in claims(ladders) if claim.name.startswith("transformers")]
