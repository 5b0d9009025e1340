"""Two models on the same simulated samples, measured as a ladder measures them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.engine.scoring import score_ladder
from pytest_xraynoise.metrics.operating_point import OperatingPoint
from pytest_xraynoise.metrics.thresholds import fit_thresholds
from pytest_xraynoise.results import LadderResult, Rung, RungResult

Array = npt.NDArray[np.float64]
LABELS = ("Mass", "Nodule", "Effusion")


def multilabel(
    separation: float = 2.0,
    *,
    n: int = 200,
    seed: int = 0,
    model: int = 1,
    severities: tuple[int, ...] = (0, 1, 2),
    order: Sequence[int] | None = None,
    **settings: Any,
) -> LadderResult:
    """Scores of three labels that get worse with severity; ``separation`` is the model's skill."""
    draw = np.random.default_rng(seed)
    targets = (draw.random((n, 3)) < 0.4).astype(np.float64)
    shared = draw.normal(size=(n, 3))
    own = np.random.default_rng([seed, model]).normal(size=(3, n, 3))
    scores = {
        s: _share((separation - 0.5 * s) * (targets - 0.5) + shared + 0.3 * own[i])
        for i, s in enumerate(severities)
    }
    ids = tuple(f"film {k}" for k in range(n))
    if order is not None:
        picked = list(order)
        targets, ids = targets[picked], tuple(ids[k] for k in picked)
        scores = {s: x[picked] for s, x in scores.items()}
    return result("multilabel", LABELS, targets, scores, {}, ids, settings)


def segmentation(skill: float = 0.9, *, n: int = 60, model: int = 1) -> LadderResult:
    """Dice and IoU of two classes, some images ignored for the second."""
    shared = np.random.default_rng(5).normal(size=(n, 2))
    own = np.random.default_rng([5, model]).normal(size=(2, n, 2))
    ignored = np.zeros((n, 2), dtype=bool)
    ignored[::7, 1] = True
    dice = {}
    for s in (0, 1):
        values = np.clip(skill - 0.1 * s + 0.05 * shared + 0.02 * own[s], 0, 1)
        dice[s] = np.where(ignored, np.nan, values)
    iou = {s: x / (2 - x) for s, x in dice.items()}
    per_image = {"dice": dice, "iou": iou}
    targets = np.full((n, 2), 100.0)
    ids = tuple(str(k) for k in range(n))
    return result("segmentation", ("left", "right"), targets, dice, per_image, ids, {})


def result(
    task: Any,
    labels: tuple[str, ...],
    targets: Array,
    scores: Mapping[int, Array],
    per_image: Mapping[str, Mapping[int, Array]],
    ids: tuple[str, ...],
    settings: Mapping[str, Any],
    metrics: tuple[str, ...] | None = None,
) -> LadderResult:
    """The result of a ladder with these scores."""
    names = metrics or (
        ("dice", "iou") if per_image else ("auroc", "accuracy", "sensitivity", "brier")
    )
    values, excluded = score_ladder(
        task=task,
        labels=labels,
        targets=targets,
        scores=scores,
        per_image=per_image,
        metrics=names,
        resamples=200,
    )
    thresholds = {}
    if not per_image:
        found = fit_thresholds(targets, scores[0], OperatingPoint())
        thresholds = {n: float(t) for n, t in zip(labels, found, strict=True) if t == t}
    rungs = tuple(
        RungResult(Rung(s, None if s == 0 else 100.0 / s, "photons at white"), values[s])
        for s in scores
    )
    return LadderResult(
        noise="poisson",
        ladder="custom",
        task=task,
        labels=labels,
        rungs=rungs,
        ids=ids,
        settings={
            "seed": 0,
            "confidence": 0.95,
            "device": "cpu",
            "noise_at": "model",
            "resize": None,
            "subset": None,
            "repeats": 1,
            "thresholds": thresholds,
            **settings,
        },
        model="Simulated",
        dataset="films",
        excluded=excluded,
        _targets=targets,
        _scores=dict(scores),
        _per_image={n: dict(x) for n, x in per_image.items()},
    )


def _share(logits: Array) -> Array:
    share: Array = 1 / (1 + np.exp(-logits))
    return share
