"""From the first batch: what the task is, and who collects it. All refusals come here, early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise import metrics
from pytest_xraynoise.engine import surface
from pytest_xraynoise.engine.classification import Classification
from pytest_xraynoise.engine.overlap import Measures
from pytest_xraynoise.engine.segmentation import Segmentation, is_one_hot
from pytest_xraynoise.engine.tasks import infer_task, label_names, output_columns
from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.metrics.options import CLASSIFIER_WORDS, SEGMENTER_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.results import Task

Names = tuple[str, ...] | None


def open_collector(
    request: LadderRequest,
    declared: Names,
    targets: torch.Tensor,
    outputs: torch.Tensor,
    foreseen: Sequence[str] = (),
) -> Classification | Segmentation:
    """The collector of a run, from its first batch.

    Args:
        request: what was asked for.
        declared: label names of the dataset, or None.
        targets: (N, ...) of the first batch.
        outputs: (N, ...) raw outputs on its clean images.
        foreseen: metrics that other requests will read; of a segmenter their numbers are kept too.

    Raises:
        ModelError: when targets and outputs do not fit.
        DataError: when the label names do not.
        SpecError: for metrics, labels or a contrast that this task does not have.
    """
    task = infer_task(targets, outputs, request.task)
    check_metrics(request, task)
    columns = output_columns(outputs, task)
    if task != "segmentation":
        return _classification(request, declared, task, columns)
    if request.contrast is not None:
        raise SpecError("contrast= compares two findings of a classifier; this is a segmentation")
    exclusive = columns > 1 and (targets.ndim == 3 or targets.shape[1] == 1 or is_one_hot(targets))
    if declared is not None and exclusive and len(declared) == columns:
        declared = declared[1:]  # the background was named too
    names = label_names(declared, columns - exclusive, "class", first=int(exclusive))
    names_read = dict.fromkeys((*measured_names(request), *_numbers_of(foreseen)))
    measures = Measures(tuple(names_read), request.options.tolerance)
    return Segmentation(names, exclusive, request.outputs, request.labels, measures)


def _classification(
    request: LadderRequest, declared: Names, task: Task, columns: int
) -> Classification:
    if request.contrast is not None and task == "binary":
        if columns != 2:
            raise SpecError(
                f"contrast={request.contrast!r} compares two findings or classes, but the model "
                "has one output; leave contrast= out"
            )
        task = "multiclass"
    if task == "binary":
        names = _positive(declared, columns)
    else:
        names = label_names(declared, columns, "class" if task == "multiclass" else "label")
    return Classification(task, names, request.outputs, request.labels, request.contrast)


def _positive(declared: Names, columns: int) -> tuple[str, ...]:
    """The name of the positive class; negative and positive may both have been named."""
    if declared is None:
        return ("positive",)
    return declared[-1:] if len(declared) in (1, 2) else label_names(declared, columns)


def check_metrics(request: LadderRequest, task: Task) -> None:
    """Refuse metrics and words of another task.

    Raises:
        SpecError: with the word that does not fit.
    """
    known = metrics.names(task)
    for name in (*(request.metrics or ()), *request.also):
        if name not in known:
            raise SpecError(
                f"{unknown(f'metric for {task}', name, known)} ({name} is a metric of another task)"
            )
        if name in surface.NAMES:
            surface.check_available(name)
    wrong = CLASSIFIER_WORDS if task == "segmentation" else SEGMENTER_WORDS
    for word in wrong:
        if getattr(request, word) is not None:
            of = "a classifier" if task == "segmentation" else "a segmentation"
            raise SpecError(f"{word}= is a word of {of}, but this task is {task}; leave it out")


def _numbers_of(foreseen: Sequence[str]) -> tuple[str, ...]:
    """The per-image numbers that such metrics read, of those of a segmentation."""
    every = [metrics.get(name) for name in metrics.names("segmentation")]
    sources = {one.source for one in every if one.per_image}
    found = [metrics.get(name).source if name in metrics.names() else name for name in foreseen]
    return tuple(name for name in found if name in sources and _can_be_computed(name))


def _can_be_computed(number: str) -> bool:
    try:
        if number in surface.NAMES:
            surface.check_available(number)
    except SpecError:  # told to whoever reads it
        return False
    return True


def measured_names(request: LadderRequest) -> tuple[str, ...]:
    """The per-image numbers that the metrics of a segmentation read."""
    names = (*(request.metrics or metrics.defaults("segmentation")), *request.also)
    return tuple(dict.fromkeys(metrics.get(name).source for name in names))
