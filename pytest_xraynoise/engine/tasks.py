"""Which task targets and outputs make up, and whether they fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.errors import DataError, ModelError

if TYPE_CHECKING:
    import torch

    from pytest_xraynoise.results import Task

_FORMS = (
    "binary: targets (N,) of 0/1 with outputs (N,), (N, 1) or (N, 2); multiclass: targets (N,) of "
    "class ids with outputs (N, K); multilabel: targets (N, K) with outputs (N, K); segmentation: "
    "masks (N, H, W) of ids or (N, K, H, W) with outputs (N, K, H, W)"
)


def infer_task(targets: torch.Tensor, outputs: torch.Tensor, asked: Task | None) -> Task:
    """Name the task of a batch, or verify the one that was asked for.

    Args:
        targets: (N, ...) as the dataset yields them.
        outputs: (N, ...) raw outputs of the model.
        asked: the task that the user said, or None.

    Raises:
        ModelError: when targets and outputs do not fit each other or the task asked for.
    """
    found = _natural(targets, outputs)
    if found is None:
        raise ModelError(
            f"targets of shape {tuple(targets.shape)} and outputs of shape {tuple(outputs.shape)} "
            f"do not fit. {_FORMS}"
        )
    if asked is None or asked == found:
        return found
    if asked == "multiclass" and _may_be_multiclass(targets, outputs):
        return "multiclass"
    raise ModelError(
        f"task={asked!r} was asked for, but targets of shape {tuple(targets.shape)} with outputs "
        f"of shape {tuple(outputs.shape)} are {found}. {_FORMS}"
    )


def output_columns(outputs: torch.Tensor, task: Task) -> int:
    """How many labels or classes a model has an output for."""
    flat = 3 if task == "segmentation" else 1
    return 1 if outputs.ndim == flat else outputs.shape[1]


def label_names(
    declared: tuple[str, ...] | None, count: int, what: str = "label", first: int = 0
) -> tuple[str, ...]:
    """Declared names, checked against the number of columns, or ``label 0``, ``label 1`` ...

    ``first`` is the number of the first one: 1 for masks, where class id 0 is the background.

    Raises:
        DataError: when the dataset names another number of labels than the model outputs.
    """
    if declared is None:
        return tuple(f"{what} {first + index}" for index in range(count))
    if len(declared) != count:
        raise DataError(
            f"the dataset names {len(declared)} labels ({', '.join(declared)}), but the model has "
            f"{count} output(s); declare them in order: XrayDataset(data, labels=[...])"
        )
    return declared


def _natural(targets: torch.Tensor, outputs: torch.Tensor) -> Task | None:
    if targets.ndim >= 3:
        return "segmentation" if _masks_fit(targets, outputs) else None
    if outputs.ndim > 2:
        return None
    columns = outputs.shape[1] if outputs.ndim > 1 else 1
    if targets.ndim == 1 or targets.shape[1] == 1:
        return "binary" if columns <= 2 else "multiclass"
    return "multilabel" if columns == targets.shape[1] else None


def _may_be_multiclass(targets: torch.Tensor, outputs: torch.Tensor) -> bool:
    """Two classes by id, or one-hot targets: what looks binary or multilabel without being said."""
    if outputs.ndim != 2 or outputs.shape[1] < 2 or targets.ndim > 2:
        return False
    return targets.ndim == 1 or targets.shape[1] in (1, outputs.shape[1])


def _masks_fit(targets: torch.Tensor, outputs: torch.Tensor) -> bool:
    if targets.ndim > 4 or outputs.ndim not in (3, 4):
        return False
    if outputs.shape[-2:] != targets.shape[-2:]:
        return False
    columns = output_columns(outputs, "segmentation")
    masks = targets.shape[1] if targets.ndim == 4 else 1
    return masks in (1, columns)
