"""Collect the outputs of a classifier over all rungs, and turn them into probabilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.engine.outputs import is_logits, odds_of_pair, to_ranks, to_scores
from pytest_xraynoise.engine.repeats import severity_of
from pytest_xraynoise.engine.rows import Array, GrowingRows
from pytest_xraynoise.engine.targets import checked_targets, column
from pytest_xraynoise.errors import ModelError, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from pytest_xraynoise.results import Task

RAW = "raw"
"""Name of the outputs of a classifier among the numbers of a rung."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything :func:`~pytest_xraynoise.engine.scoring.score_ladder` needs, and more.

    Attributes:
        lost: (N,), how much each sample lost from clean to its worst rung, for the pictures.
        ranks: in the order of ``scores``, without saturation; empty where there is no such order.
        unit: of distances between masks, ``mm`` or ``pixels``; empty where none was measured.
    """

    task: Task
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    targets: Array
    scores: Mapping[int, Array]
    lost: Array
    per_image: Mapping[str, Mapping[int, Array]] = field(default_factory=dict)
    ranks: Mapping[int, Array] = field(default_factory=dict)
    unit: str = ""


@dataclass
class Classification:
    """Rows of raw outputs (float64) by severity, and their targets.

    Attributes:
        task, names: of all outputs of the model.
        outputs: logits, probabilities, or auto: known when all outputs were seen.
        labels: the findings to judge, all when None; multilabel only.
        contrast: two labels to hold against each other, or None.

    Raises:
        SpecError: for a label that is not among the names, or labels of a task without findings.
    """

    task: Task
    names: tuple[str, ...]
    outputs: str
    labels: tuple[str, ...] | None = None
    contrast: tuple[str, str] | None = None
    ids: list[str] = field(default_factory=list)
    targets: GrowingRows = field(default_factory=GrowingRows)
    raw: dict[int, GrowingRows] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.labels is not None and self.labels != self.names and self.task != "multilabel":
            raise SpecError(
                f"labels= picks findings of a multilabel model or classes of a segmentation; "
                f"this task is {self.task}"
            )
        for name in (*(self.labels or ()), *(self.contrast or ())):
            column(self.names, name)

    def add(
        self, ids: Sequence[str], targets: torch.Tensor, raw: Mapping[int, torch.Tensor]
    ) -> Array:
        """Keep one batch; return how much each sample lost from clean to its worst rung, (N,).

        Raises:
            DataError: for targets that the task does not allow.
            ModelError: for a number of outputs that changes, or outputs that are no probabilities
                when they were said to be.
        """
        wanted = checked_targets(targets, self.task, len(self.names), ids)
        batch = {severity: _rows(tensor) for severity, tensor in raw.items()}
        before = next(iter(self.raw.values())).array if self.raw else next(iter(batch.values()))
        for severity, rows in batch.items():
            if rows.shape[1] != before.shape[1]:
                raise ModelError(
                    f"the model returned {rows.shape[1]} outputs for an image at severity "
                    f"{severity_of(severity)} (sample {ids[0]!r}), but {before.shape[1]} before"
                )
        self.ids += ids
        self.targets.add(wanted)
        for severity, rows in batch.items():
            self.raw.setdefault(severity, GrowingRows()).add(rows)
        return self._scored(ids, wanted, batch).lost if 0 in batch else np.zeros(len(ids))

    @property
    def truth(self) -> Array:
        """The targets of all samples."""
        return self.targets.array

    def rows(self) -> dict[int, dict[str, Array]]:
        """The raw outputs of all samples under their one name, by key."""
        return {key: {RAW: rows.array.copy()} for key, rows in self.raw.items()}

    def finish(self) -> Scored:
        """Probabilities of all samples, restricted to the labels or the pair asked for."""
        raw = {severity: rows.array for severity, rows in self.raw.items()}
        return self._scored(self.ids, self.targets.array.copy(), raw)

    def _scored(self, ids: Sequence[str], targets: Array, raw: Mapping[int, Array]) -> Scored:
        logits = is_logits(raw.values(), self.task, self.outputs)
        scores = {s: to_scores(rows, self.task, logits) for s, rows in raw.items()}
        ranks = {s: to_ranks(rows, self.task, logits) for s, rows in raw.items()}
        task, names = self.task, self.names
        if self.contrast is not None:
            a, b = (column(names, name) for name in self.contrast)
            targets = targets[:, a] if targets.ndim == 2 else (targets == a).astype(np.float64)
            scores = {s: odds_of_pair(values[:, a], values[:, b]) for s, values in scores.items()}
            ranks = {s: x[:, a] - x[:, b] for s, x in ranks.items()} if logits else scores
            task, names = "binary", (f"{self.contrast[0]} vs {self.contrast[1]}",)
        elif self.labels is not None and task == "multilabel":
            columns = [column(names, name) for name in self.labels]
            targets = targets[:, columns]
            scores = {s: values[:, columns] for s, values in scores.items()}
            ranks = {s: values[:, columns] for s, values in ranks.items()}
            names = self.labels
        lost = lost_scores(targets, scores, task)
        return Scored(task, names, tuple(ids), targets, scores, lost, ranks=ranks)


def lost_scores(targets: Array, scores: Mapping[int, Array], task: Task) -> Array:
    """The largest loss of score towards the wrong answer, over rungs and labels; (N,).

    Labels that are not known (NaN) lose nothing.
    """
    clean = scores[0]
    worst = np.zeros(len(clean))
    known = ~np.isnan(targets)
    for severity, noisy in scores.items():
        if severity == 0:
            continue
        if task == "multiclass":
            index = np.nan_to_num(targets).astype(int)[:, None]
            change = np.take_along_axis(clean - noisy, index, 1)[:, 0]
            change = np.where(known, change, 0.0)
        else:
            signed = np.where(targets == 1, clean - noisy, noisy - clean)
            signed = np.where(known, signed, 0.0)
            change = signed if signed.ndim == 1 else signed.max(1)
        worst = np.maximum(worst, change)
    return worst


def _rows(tensor: torch.Tensor) -> Array:
    rows: Array = tensor.cpu().double().numpy()  # MPS has no float64
    return rows.reshape(len(rows), -1)
