"""Targets of a classifier: checked, and picked by label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.engine.tasks import label_names
from pytest_xraynoise.errors import DataError, SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import torch

    from pytest_xraynoise.data import Batch
    from pytest_xraynoise.results import Task

    Array = npt.NDArray[np.float64]


class NothingComparedError(DataError):
    """A contrast left no sample; other parts of the data may have some."""


def column(names: Sequence[str], name: str) -> int:
    """The position of a label.

    Raises:
        SpecError: with the nearest match when there is no such label.
    """
    if name not in names:
        raise SpecError(unknown("label", name, names))
    return list(names).index(name)


def checked_targets(targets: torch.Tensor, task: Task, count: int, ids: Sequence[str]) -> Array:
    """Targets as float64, (N,) or (N, K), -1 as NaN.

    Args:
        targets: (N,), (N, 1) or (N, K); one-hot (N, K) is taken for a multiclass task too.
        task: binary, multilabel or multiclass.
        count: the number of labels.
        ids: sample ids for the messages.

    Raises:
        DataError: for values that the task does not allow; names the sample.
    """
    values: Array = targets.double().cpu().numpy()
    values = np.where(values == -1, np.nan, values)
    if task != "multilabel" and values.ndim == 2:
        values = values[:, 0] if values.shape[1] == 1 else _class_ids(values, ids)
    if task == "multilabel" and values.shape[1:] != (count,) and (values.ndim, count) != (1, 1):
        shape = tuple(values.shape[1:]) or "one number"
        raise DataError(
            f"the target of sample {ids[0]!r} is {shape}; this model has {count} labels, so a "
            f"target is a vector of {count} numbers"
        )
    known = ~np.isnan(values)
    if task == "multiclass":
        good = (values == np.floor(values)) & (values >= 0) & (values < count)
        allowed = f"a class id from 0 to {count - 1}"
    else:
        good, allowed = (values == 0) | (values == 1), "0 or 1"
    bad = known & ~good
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise DataError(
            f"the target of sample {ids[row]!r} holds {values[bad].flat[0]:g}; a {task} target is "
            f"{allowed}, and NaN or -1 where it is not labelled"
        )
    return values


def _class_ids(one_hot: Array, ids: Sequence[str]) -> Array:
    """(N,) class ids of one-hot rows; NaN where the whole row is NaN."""
    unlabelled = np.isnan(one_hot).all(1)
    single = ((one_hot == 0) | (one_hot == 1)).all(1) & ((one_hot == 1).sum(1) == 1)
    bad = ~(single | unlabelled)
    if bad.any():
        row = int(np.argmax(bad))
        shown = ", ".join(f"{value:g}" for value in one_hot[row][:8])
        raise DataError(
            f"the target of sample {ids[row]!r} is ({shown}), not one-hot; a multiclass target has "
            "a single 1, or is a class id"
        )
    return np.where(unlabelled, np.nan, np.nan_to_num(one_hot).argmax(1).astype(np.float64))


def compared(batch: Batch, contrast: tuple[str, str] | None, names: Sequence[str] | None) -> Batch:
    """A batch without the samples that a contrast leaves out.

    Raises:
        DataError: where the data name no labels, or another number than their targets have.
        SpecError: for a label that is not among the names.
    """
    if contrast is None or batch.targets.ndim > 2:
        return batch
    if names is None:
        raise DataError(
            f"contrast={contrast!r} needs label names; declare them: "
            "XrayDataset(data, labels=[...])"
        )
    if batch.targets.ndim == 2 and batch.targets.shape[1] not in (1, len(names)):
        label_names(tuple(names), batch.targets.shape[1])
    return batch.rows(contrast_rows(batch.targets, names, contrast))


def contrast_rows(
    targets: torch.Tensor, names: Sequence[str], contrast: tuple[str, str]
) -> torch.Tensor:
    """Boolean (N,): samples with exactly one of the two labels, the other one known to be absent.

    Raises:
        SpecError: for a label that is not among the names.
    """
    a, b = (column(names, name) for name in contrast)
    if targets.ndim == 1 or targets.shape[1] == 1:
        ids = targets.reshape(-1)
        return (ids == a) | (ids == b)
    first, second = targets[:, a], targets[:, b]
    return ((first == 1) & (second == 0)) | ((first == 0) & (second == 1))
