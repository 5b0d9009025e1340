"""Raw outputs of a classifier: logits or probabilities, and the scores that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from pytest_xraynoise.results import Task

    Array = npt.NDArray[np.float64]

SLACK = 1e-4
"""How far a probability may lie outside [0, 1]: what a mean in float32 leaves behind."""

FINE = 20.0
"""Log-odds up to which probabilities of float64 keep every float32 logit apart."""

_SUM_SLACK = 1e-3  # the same for a row of exclusive classes


def is_logits(rows: Iterable[Array], task: Task, outputs: str) -> bool:
    """Whether raw outputs are logits; by their range when nobody said so.

    Probabilities are outputs within [0, 1] at every rung (and rows that sum to 1 for exclusive
    classes); anything else is logits.

    Raises:
        ModelError: when ``outputs="probabilities"`` was said and a value is outside [0, 1].
    """
    if outputs == "logits":
        return True
    arrays = list(rows)
    low, high = min(a.min() for a in arrays), max(a.max() for a in arrays)
    inside = low >= -SLACK and high <= 1 + SLACK
    if outputs == "probabilities":
        if not inside:
            raise ModelError(
                f"outputs='probabilities' was said, but the model returned values from {low:g} to "
                f"{high:g}; say outputs='logits'"
            )
        return False
    if inside and _exclusive(task, arrays[0]):
        inside = all(bool(np.allclose(a.sum(1), 1.0, atol=_SUM_SLACK)) for a in arrays)
    return not inside


def to_scores(rows: Array, task: Task, logits: bool) -> Array:
    """Probabilities (N,) for binary, else (N, K), of raw outputs (N, K)."""
    if not logits:
        rows = np.clip(rows, 0.0, 1.0)
    elif _exclusive(task, rows):
        rows = np.exp(rows - rows.max(1, keepdims=True))
        rows = rows / rows.sum(1, keepdims=True)
    else:
        tail = np.exp(-np.abs(rows))
        rows = np.where(rows >= 0, 1.0, tail) / (1.0 + tail)
    return rows[:, -1] if task == "binary" else rows


def to_ranks(rows: Array, task: Task, logits: bool) -> Array:
    """What orders samples as :func:`to_scores` does, but never saturates; the same shape.

    A probability of float64 is 1.0 from a logit of 37 on, and samples beyond it tie. Logits keep
    their order: the output itself, or for exclusive classes the log odds of a class against all
    others, x_k - log sum_{j != k} exp x_j.
    """
    if not logits:
        return to_scores(rows, task, logits)
    if _exclusive(task, rows):
        others = [np.delete(rows, k, axis=1) for k in range(rows.shape[1])]
        rows = rows - np.stack([np.logaddexp.reduce(each, axis=1) for each in others], axis=1)
    return rows[:, -1] if task == "binary" else rows


def saturates(ranks: Iterable[Array]) -> bool:
    """Whether probabilities of these log-odds (or of these probabilities) may tie what they order.

    Next to 1 a float64 probability of a logit of 20 is still finer than a float32 logit.
    """
    return any(float(np.abs(each).max(initial=0.0)) > FINE for each in ranks)


def odds_of_pair(a: Array, b: Array) -> Array:
    """P(A | exactly one of A and B) from the two probabilities, taken as independent.

    pA (1 - pB) / (pA (1 - pB) + pB (1 - pA)): its logit is the difference of the two logits, so
    for a softmax model it ranks as pA / pB does. Both probabilities at the same end give 0.5.
    """
    only_a, only_b = a * (1 - b), b * (1 - a)
    total = only_a + only_b
    return np.divide(only_a, total, out=np.full_like(total, 0.5), where=total > 0)


def _exclusive(task: Task, rows: Array) -> bool:
    return task == "multiclass" or (task == "binary" and rows.shape[1] == 2)
