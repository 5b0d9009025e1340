"""How many samples a verdict rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult


def class_counts(result: LadderResult) -> dict[str, tuple[int, int]]:
    """Positive and negative labelled samples of each label of a classifier.

    Empty for a segmentation, and for a result that was stored without its targets.
    """
    import numpy as np

    if result.task == "segmentation" or result._targets is None or not result.labels:
        return {}
    targets = np.asarray(result._targets)
    known = ~(np.isnan(targets) | (targets == -1))
    if result.task == "multiclass":
        return {
            label: (int((targets[known] == k).sum()), int((targets[known] != k).sum()))
            for k, label in enumerate(result.labels)
        }
    names = result.labels[-1:] if result.task == "binary" else result.labels
    columns, known = targets.reshape(len(targets), -1), known.reshape(len(targets), -1)
    return {
        label: (
            int((columns[known[:, k], k] == 1).sum()),
            int((columns[known[:, k], k] == 0).sum()),
        )
        for k, label in enumerate(names)
        if k < columns.shape[1]
    }
