"""Collect the outputs of a classifier over all rungs, and turn them into probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise.errors import DataError, SpecError, unknown
from pytest_xraynoise.results import Task

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything :func:`~pytest_xraynoise.engine.scoring.score_ladder` needs."""

    task: Task
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    targets: Array
    scores: Mapping[int, Array]
    per_image: Mapping[str, Mapping[int, Array]] = field(default_factory=dict)


@dataclass
class Classification:
    """Rows of raw outputs (float64) by severity, and their targets."""

    task: Task
    names: tuple[str, ...]
    outputs: str
    ids: list[str] = field(default_factory=list)
    targets: list[Array] = field(default_factory=list)
    raw: dict[int, list[Array]] = field(default_factory=dict)

    def add(
        self, ids: Sequence[str], targets: torch.Tensor, raw: Mapping[int, torch.Tensor]
    ) -> Array:
        """Keep one batch; return how much each sample lost from clean to its worst rung, (N,)."""
        wanted = checked_targets(targets, self.task, len(self.names), ids)
        self.ids += ids
        self.targets.append(wanted)
        scores: dict[int, Array] = {}
        for severity, tensor in raw.items():
            rows = tensor.double().cpu().numpy()
            rows = rows.reshape(len(rows), -1)
            self.raw.setdefault(severity, []).append(rows)
            scores[severity] = rows
        logits = is_logits(scores.values(), self.task, self.outputs)
        scores = {s: to_scores(rows, self.task, logits) for s, rows in scores.items()}
        return _lost(wanted, scores, self.task)

    def finish(
        self, *, labels: tuple[str, ...] | None, contrast: tuple[str, str] | None
    ) -> Scored:
        """Probabilities of all samples, restricted to the labels or the pair asked for."""
        raw = {severity: np.concatenate(rows) for severity, rows in self.raw.items()}
        logits = is_logits(raw.values(), self.task, self.outputs)
        scores = {s: to_scores(rows, self.task, logits) for s, rows in raw.items()}
        targets = np.concatenate(self.targets)
        names = self.names
        if contrast is not None:
            a, b = (column(names, name) for name in contrast)
            positive = targets[:, a] if targets.ndim == 2 else (targets == a).astype(np.float64)
            pair = {s: odds_of_pair(values[:, a], values[:, b]) for s, values in scores.items()}
            name = f"{contrast[0]} vs {contrast[1]}"
            return Scored("binary", (name,), tuple(self.ids), positive, pair)
        if labels is not None:
            if self.task != "multilabel":
                raise SpecError(
                    f"labels= picks findings of a multilabel model or classes of a segmentation; "
                    f"this task is {self.task}"
                )
            columns = [column(names, name) for name in labels]
            targets = targets[:, columns]
            scores = {s: values[:, columns] for s, values in scores.items()}
            names = labels
        return Scored(self.task, names, tuple(self.ids), targets, scores)


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

    Raises:
        DataError: for values that the task does not allow; names the sample.
    """
    values = targets.double().cpu().numpy()
    if task == "multiclass" and values.ndim == 2:
        values = values.argmax(1).astype(np.float64) if values.shape[1] > 1 else values[:, 0]
    if task == "binary" and values.ndim == 2:
        values = values[:, 0]
    values = np.where(values == -1, np.nan, values)
    known = ~np.isnan(values)
    if task == "multiclass":
        good = known & (values == np.floor(values)) & (values >= 0) & (values < count)
        allowed = f"class ids from 0 to {count - 1}"
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


def contrast_rows(
    targets: torch.Tensor, names: Sequence[str], contrast: tuple[str, str]
) -> torch.Tensor:
    """Boolean (N,): samples with exactly one of the two labels, the other one known to be absent."""
    a, b = (column(names, name) for name in contrast)
    if targets.ndim == 1 or targets.shape[1] == 1:
        ids = targets.reshape(-1)
        return (ids == a) | (ids == b)
    first, second = targets[:, a], targets[:, b]
    return ((first == 1) & (second == 0)) | ((first == 0) & (second == 1))


def odds_of_pair(a: Array, b: Array) -> Array:
    """P(A | exactly one of A and B) from the two probabilities, taken as independent.

    pA (1 - pB) / (pA (1 - pB) + pB (1 - pA)): its logit is the difference of the two logits, so
    for a softmax model it ranks as pA / pB does. Both probabilities at the same end give 0.5.
    """
    only_a, only_b = a * (1 - b), b * (1 - a)
    total = only_a + only_b
    return np.divide(only_a, total, out=np.full_like(total, 0.5), where=total > 0)


def is_logits(rows: object, task: Task, outputs: str) -> bool:
    """Whether raw outputs are logits; by their range when nobody said so.

    Probabilities are outputs within [0, 1] at every rung (and rows that sum to 1 for exclusive
    classes); anything else is logits.

    Raises:
        DataError: when ``outputs="probabilities"`` was said and a value is outside [0, 1].
    """
    if outputs == "logits":
        return True
    arrays: list[Array] = list(rows)  # type: ignore[call-overload]
    inside = all(bool(((a >= 0) & (a <= 1)).all()) for a in arrays)
    if outputs == "probabilities":
        if not inside:
            low, high = min(a.min() for a in arrays), max(a.max() for a in arrays)
            raise DataError(
                f"outputs='probabilities' was said, but the model returned values from {low:g} to "
                f"{high:g}; say outputs='logits'"
            )
        return False
    exclusive = task == "multiclass" or (task == "binary" and arrays[0].shape[1] == 2)
    if inside and exclusive:
        inside = all(bool(np.allclose(a.sum(1), 1.0, atol=1e-3)) for a in arrays)
    return not inside


def to_scores(rows: Array, task: Task, logits: bool) -> Array:
    """Probabilities (N,) for binary, else (N, K), of raw outputs (N, K)."""
    if task == "multiclass" or (task == "binary" and rows.shape[1] == 2):
        if logits:
            rows = np.exp(rows - rows.max(1, keepdims=True))
            rows = rows / rows.sum(1, keepdims=True)
        return rows[:, 1] if task == "binary" else rows
    if logits:
        tail = np.exp(-np.abs(rows))
        rows = np.where(rows >= 0, 1.0, tail) / (1.0 + tail)
    return rows[:, 0] if task == "binary" else rows


def _lost(targets: Array, scores: Mapping[int, Array], task: Task) -> Array:
    """The largest loss of score towards the wrong answer, over rungs and labels; (N,)."""
    clean = scores[0]
    worst = np.zeros(len(clean))
    for severity, noisy in scores.items():
        if severity == 0:
            continue
        if task == "multiclass":
            index = np.nan_to_num(targets).astype(int)[:, None]
            change = np.take_along_axis(clean - noisy, index, 1)[:, 0]
            change = np.where(np.isnan(targets), 0.0, change)
        else:
            signed = np.where(targets == 1, clean - noisy, noisy - clean)
            signed = np.where(np.isnan(targets), 0.0, signed)
            change = signed if signed.ndim == 1 else signed.max(1)
        worst = np.maximum(worst, change)
    return worst
