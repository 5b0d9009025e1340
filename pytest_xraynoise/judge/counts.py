"""How many samples a verdict rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.results import LadderResult

    Rows = npt.NDArray[np.bool_]


def class_counts(result: LadderResult) -> dict[str, tuple[int, int]]:
    """Positive and negative labelled samples of each label of a classifier.

    Empty for a segmentation, and for a result that was stored without its targets.
    """
    return {label: (int(p.sum()), int(n.sum())) for label, (p, n) in class_rows(result).items()}


def class_rows(result: LadderResult) -> dict[str, tuple[Rows, Rows]]:
    """Which samples are positive and which negative, (N,) each, by label."""
    import numpy as np

    if result.task == "segmentation" or result._targets is None or not result.labels:
        return {}
    targets = np.asarray(result._targets)
    known = ~(np.isnan(targets) | (targets == -1))
    if result.task == "multiclass":
        return {
            label: (known & (targets == k), known & (targets != k))
            for k, label in enumerate(result.labels)
        }
    names = result.labels[-1:] if result.task == "binary" else result.labels
    columns, known = targets.reshape(len(targets), -1), known.reshape(len(targets), -1)
    return {
        label: (known[:, k] & (columns[:, k] == 1), known[:, k] & (columns[:, k] == 0))
        for k, label in enumerate(names)
        if k < columns.shape[1]
    }


def image_rows(result: LadderResult, number: str) -> dict[str, Rows]:
    """In which images each class of a segmentation has a per-image number, (N,)."""
    import numpy as np

    if number not in result._per_image:
        return {}
    defined = ~np.isnan(result.per_image(number))
    return {label: defined[:, k] for k, label in enumerate(result.labels)}


def independent(result: LadderResult, rows: Rows | None = None) -> int:
    """Groups that samples (some of them, (N,)) come from; without groups, how many there are."""
    import numpy as np

    groups = result.groups
    if groups is None:
        return len(result.ids) if rows is None else int(rows.sum())
    chosen = range(len(groups)) if rows is None else np.flatnonzero(rows).tolist()
    return len({groups[row] for row in chosen})


def unit(result: LadderResult) -> str:
    """What :func:`independent` counts: ``samples``, or ``groups`` where some have several."""
    groups = result.groups
    return "samples" if groups is None or len(set(groups)) == len(groups) else "groups"
