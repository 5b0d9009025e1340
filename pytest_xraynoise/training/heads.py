"""What a model has to put out for a training set: the task, and a name for each output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.training.samples import Samples

TrainedTask = Literal["binary", "multilabel", "multiclass", "segmentation"]


@dataclass(frozen=True, slots=True)
class Head:
    """The outputs of a model: their names, and what they are."""

    task: TrainedTask
    labels: tuple[str, ...]


def head_of(samples: Samples, labels: Sequence[str] | None, *, masks: bool) -> Head:
    """The outputs that fit the targets of a training set.

    Class ids of 0 and 1 take one output, or two where the data name both classes.

    Args:
        samples: the training set.
        labels: names, where the data do not have them.
        masks: whether targets are masks.

    Raises:
        DataError: names that do not fit the targets.
    """
    named = samples.labels if labels is None else tuple(labels)
    targets = samples.targets
    if masks or targets is None:
        return Head("segmentation", _named(named, samples.columns, "mask"))
    if targets.ndim == 2:
        task: TrainedTask = "binary" if targets.shape[1] == 1 else "multilabel"
        return Head(task, _named(named, targets.shape[1], "label"))
    most = int(targets.max())
    if most < 2 and (named is None or len(named) <= 2):
        count = 2 if named is not None and len(named) == 2 else 1
        return Head("multiclass" if count == 2 else "binary", _named(named, count, "label"))
    count = most + 1 if named is None else len(named)
    if most >= count:
        raise DataError(f"a target is class {most}, but there are {count} names of classes")
    return Head("multiclass", _named(named, count, "class"))


def _named(names: Sequence[str] | None, count: int, what: str) -> tuple[str, ...]:
    if names is None:
        return tuple(f"{what} {index}" for index in range(count))
    if len(names) != count:
        raise DataError(
            f"the data name {len(names)} labels ({', '.join(names)}), but targets have {count}; "
            "declare them: XrayDataset(data, labels=[...])"
        )
    return tuple(names)
