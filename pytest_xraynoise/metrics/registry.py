"""The metrics by name: those that come with the package and those that a user adds."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.metrics.base import CLASSIFICATION, SEGMENTATION, Metric, Reading

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import Compute, FloatArray, Weighted
    from pytest_xraynoise.results import Task

_TASKS: tuple[Task, ...] = ("binary", "multilabel", "multiclass", "segmentation")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _late_compute(module: str, attribute: str) -> Compute:
    """``compute`` of a metric in ``module``, which is imported at the first call."""

    def compute(targets: FloatArray, scores: FloatArray) -> Reading:
        home = importlib.import_module(f"pytest_xraynoise.metrics.{module}")
        reading: Reading = getattr(home, attribute)(targets, scores)
        return reading

    return compute


def _late_weighted(module: str, attribute: str) -> Weighted:
    """``weighted`` of a metric in ``module``, which is imported at the first call."""

    def weighted(
        targets: FloatArray, scores: FloatArray, weights: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        home = importlib.import_module(f"pytest_xraynoise.metrics.{module}")
        values: tuple[FloatArray, FloatArray] = getattr(home, attribute)(targets, scores, weights)
        return values

    return weighted


def _classification(
    name: str, title: str, pooled: frozenset[Task] = frozenset(), *, ranks: bool = False
) -> Metric:
    return Metric(
        name=name,
        title=title,
        lower=0.0,
        upper=1.0,
        tasks=CLASSIFICATION,
        compute=_late_compute("classification", name),
        weighted=_late_weighted("classification", f"weighted_{name}"),
        pooled=pooled,
        ranks=ranks,
    )


def _overlap(name: str, title: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        lower=0.0,
        upper=1.0,
        tasks=SEGMENTATION,
        per_image=True,
        compute=_late_compute("segmentation", "mean_over_images"),
        weighted=_late_weighted("segmentation", "weighted_mean_over_images"),
    )


_BUILT_IN = (
    _classification("auroc", "AUROC", ranks=True),
    _classification("average_precision", "Average precision", ranks=True),
    _classification("accuracy", "Accuracy", pooled=frozenset({"multiclass"})),
    _classification("f1", "F1"),
    _overlap("dice", "Dice"),
    _overlap("iou", "IoU"),
)
_METRICS: dict[str, Metric] = {metric.name: metric for metric in _BUILT_IN}
_DEFAULTS = {
    **dict.fromkeys(("binary", "multilabel", "multiclass"), tuple(m.name for m in _BUILT_IN[:4])),
    "segmentation": ("dice", "iou"),
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


def register_metric(metric: Metric) -> None:
    """Add a metric, under a name that limits can be written with.

    Raises:
        SpecError: if the name is taken or cannot stand in ``max_<name>_drop``, if the bounds are
            not in order, or if a task does not exist.
    """
    if not isinstance(metric, Metric):
        raise SpecError(
            f"register_metric expects a pytest_xraynoise.metrics.Metric, got {metric!r}"
        )
    name = metric.name
    if name in _METRICS:
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
    _METRICS[name] = metric


def _check_task(task: str) -> None:
    if task not in _TASKS:
        raise SpecError(unknown("task", task, _TASKS))
