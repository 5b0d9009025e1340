"""The metrics by name: those that come with the package and those that a user adds."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.metrics.base import CLASSIFICATION, SEGMENTATION, Metric, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.metrics.base import (
        Compute,
        FloatArray,
        Prepare,
        Resampled,
        Weighted,
    )
    from pytest_xraynoise.results import Task

_TASKS: tuple[Task, ...] = ("binary", "multilabel", "multiclass", "segmentation")
_BY_WEIGHTS = ("sensitivity_at_specificity",)  # has no faster bootstrap
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _late_compute(module: str, attribute: str) -> Compute:
    """``compute`` of a metric in ``module``, which is imported at the first call."""

    def compute(targets: FloatArray, scores: FloatArray, **options: Any) -> Reading:
        home = importlib.import_module(f"pytest_xraynoise.metrics.{module}")
        reading: Reading = getattr(home, attribute)(targets, scores, **options)
        return reading

    return compute


def _late_weighted(module: str, attribute: str) -> Weighted:
    """``weighted`` of a metric in ``module``, which is imported at the first call."""

    def weighted(
        targets: FloatArray, scores: FloatArray, weights: FloatArray, **options: Any
    ) -> tuple[FloatArray, FloatArray]:
        home = importlib.import_module(f"pytest_xraynoise.metrics.{module}")
        by_weight: Weighted = getattr(home, attribute)
        return by_weight(targets, scores, weights, **options)

    return weighted


def _late_prepare(attribute: str) -> Prepare:
    """``prepare`` of a metric in the module ``resampled``, which is imported at the first call."""

    def prepare(targets: FloatArray, inputs: Sequence[FloatArray], **options: Any) -> Resampled:
        home = importlib.import_module("pytest_xraynoise.metrics.resampled")
        prepared: Prepare = getattr(home, attribute)
        return prepared(targets, inputs, **options)

    return prepare


def _classification(name: str, title: str, module: str = "classification", **traits: Any) -> Metric:
    """A metric of classifiers in [0, 1] that lives in ``module`` under its own name."""
    return Metric(
        name=name,
        title=title,
        lower=0.0,
        upper=1.0,
        tasks=CLASSIFICATION,
        compute=_late_compute(module, name),
        weighted=_late_weighted(module, f"weighted_{name}"),
        prepare=None if name in _BY_WEIGHTS else _late_prepare(f"prepare_{name}"),
        **traits,
    )


def _per_image(name: str, title: str, upper: float | None = 1.0, **traits: Any) -> Metric:
    """The mean over images of a number that each image and class has."""
    return Metric(
        name=name,
        title=title,
        lower=0.0,
        upper=upper,
        tasks=SEGMENTATION,
        per_image=True,
        compute=_late_compute("segmentation", "mean_over_images"),
        weighted=_late_weighted("segmentation", "weighted_mean_over_images"),
        prepare=_late_prepare("prepare_mean_over_images"),
        **traits,
    )


_OF_ALL_CLASSES: frozenset[Task] = frozenset({"multiclass"})
_WORST_DECILE = replace(
    _per_image("dice_worst_decile", "Worst-decile Dice", reads="dice"),
    compute=_late_compute("tail", "worst_decile"),
    weighted=_late_weighted("tail", "weighted_worst_decile"),
    prepare=None,
)
_BUILT_IN = (
    _classification("auroc", "AUROC", ranks=True, support="classes"),
    _classification("average_precision", "Average precision", ranks=True, support="classes"),
    _classification("accuracy", "Accuracy", pooled=_OF_ALL_CLASSES, counted=True),
    _classification("f1", "F1", support="classes", counted=True),
    _classification(
        "sensitivity", "Sensitivity", "decisions", decided=True, support="positives", counted=True
    ),
    _classification(
        "specificity", "Specificity", "decisions", decided=True, support="negatives", counted=True
    ),
    _classification(
        "ece",
        "ECE",
        "calibration",
        higher_is_better=False,
        pooled=_OF_ALL_CLASSES,
        shifted=True,
        options=("ece_bins",),
    ),
    _classification(
        "brier", "Brier score", "calibration", higher_is_better=False, pooled=_OF_ALL_CLASSES
    ),
    _classification("balanced_accuracy", "Balanced accuracy", support="halves", counted=True),
    _classification(
        "sensitivity_at_specificity",
        "Sensitivity at specificity",
        ranks=True,
        support="positives",
        counted=True,
        options=("specificity_level",),
    ),
    _per_image("dice", "Dice"),
    _per_image("iou", "IoU"),
    _WORST_DECILE,
    _per_image("empty_masks", "Empty masks", higher_is_better=False, counted=True),
    _per_image("area_error", "Area error", None, higher_is_better=False),
    _per_image("hd95", "HD95", None, higher_is_better=False),
    _per_image("nsd", "NSD"),
)
_METRICS: dict[str, Metric] = {metric.name: metric for metric in _BUILT_IN}
_DEFAULTS = {
    **dict.fromkeys(("binary", "multilabel", "multiclass"), tuple(m.name for m in _BUILT_IN[:8])),
    "segmentation": ("dice", "iou", "dice_worst_decile", "empty_masks"),
}


def names(task: Task | None = None) -> tuple[str, ...]:
    """Names of the known metrics, of those that ``task`` has where a task is given.

    Raises:
        SpecError: if there is no such task.
    """
    if task is not None:
        _check_task(task)
    return tuple(m.name for m in _METRICS.values() if task is None or task in m.tasks)


def get(name: str) -> Metric:
    """The metric called ``name``.

    Raises:
        SpecError: if there is none, with the nearest name.
    """
    if name not in _METRICS:
        raise SpecError(unknown("metric", name, _METRICS))
    return _METRICS[name]


def defaults(task: Task) -> tuple[str, ...]:
    """The metrics that are computed for ``task`` when nothing else is asked.

    Raises:
        SpecError: if there is no such task.
    """
    _check_task(task)
    return _DEFAULTS[task]


def register_metric(metric: Metric, *, replace_own: bool = False) -> None:
    """Add a metric, under a name that limits can be written with.

    Args:
        metric: the metric.
        replace_own: let it take the place of an earlier one that does not come with the package.

    Raises:
        SpecError: if the name is taken or cannot stand in ``max_<name>_drop``, if the bounds are
            not in order, if a task does not exist, or if it reads per-image numbers that no metric
            has.
    """
    if not isinstance(metric, Metric):
        raise SpecError(
            f"register_metric expects a pytest_xraynoise.metrics.Metric, got {metric!r}"
        )
    name = metric.name
    taken = name in _METRICS and not (replace_own and _METRICS[name] not in _BUILT_IN)
    if taken:
        raise SpecError(f"the metric {name!r} exists already; give yours another name")
    if not _NAME.fullmatch(name):
        raise SpecError(f"a metric's name is lower-case letters, digits and _; got {name!r}")
    if name.startswith("relative_") or name.endswith(("_drop", "_increase")):
        raise SpecError(
            f"the metric {name!r} could not be told apart in max_{name}_drop; choose a name that "
            "does not start with 'relative_' or end with '_drop' or '_increase'"
        )
    if metric.lower is not None and metric.upper is not None and metric.lower >= metric.upper:
        raise SpecError(f"{name}: lower={metric.lower} must be below upper={metric.upper}")
    if not metric.tasks:
        raise SpecError(f"{name}: no task has this metric; tasks are {', '.join(_TASKS)}")
    for task in metric.tasks:
        _check_task(task)
    _check_source(metric)
    _METRICS[name] = metric


def _check_source(metric: Metric) -> None:
    """Where the numbers of a per-image metric come from must be known."""
    if not metric.per_image:
        if metric.reads or metric.masks is not None:
            raise SpecError(
                f"{metric.name}: reads= and masks= are for per-image metrics; add per_image=True"
            )
        return
    if not metric.tasks <= SEGMENTATION:
        raise SpecError(
            f"{metric.name}: only a segmentation has per-image numbers; for a number of each "
            "sample of a classifier use Metric.from_samples"
        )
    if metric.masks is not None:
        return
    known = [m.name for m in _METRICS.values() if m.per_image and not m.reads]
    if metric.reads not in known:
        raise SpecError(
            f"{metric.name}: a per-image metric is made from masks (Metric.from_masks) or reads "
            f"the numbers of another one (reads=); got reads={metric.reads!r}, known: "
            f"{', '.join(known)}"
        )


def _check_task(task: str) -> None:
    if task not in _TASKS:
        raise SpecError(unknown("task", task, _TASKS))
