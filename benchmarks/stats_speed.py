"""How much faster the intervals of a ladder are than a scikit-learn bootstrap loop.

    python benchmarks/stats_speed.py [--samples 600] [--labels 6] [--rungs 5]

Both sides run here, one after the other, on the same scores. Both use one thread, so that seconds
are the processor's, which other processes do not add to; each number is the least of several runs.
A scikit-learn loop is timed for a few resamples and scaled to 2,000: its cost is proportional to
their number.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from pytest_xraynoise.engine.scoring import score_ladder
from pytest_xraynoise.engine.threads import one_blas_thread

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]
RESAMPLES = 2000
LOOPED = 20


def _data(samples: int, labels: int, rungs: int) -> tuple[Array, dict[int, Array]]:
    rng = np.random.default_rng(0)
    y = (rng.random((samples, labels)) < 0.2).astype(float)
    z = 1.5 * y + rng.normal(size=y.shape)
    return y, {
        s: 1 / (1 + np.exp(-z - 0.3 * s * rng.normal(size=y.shape))) for s in range(rungs + 1)
    }


def _best(run: Callable[[], object], least: int = 3) -> float:
    """The shortest of several runs, of so many at least and for a second at least."""
    found: list[float] = []
    while len(found) < least or sum(found) < 1.0:
        start = time.process_time()
        with one_blas_thread():
            run()
        found.append(time.process_time() - start)
    return min(found)


def _macro(metric: Callable[[Array, Array], float], y: Array, s: Array) -> float:
    return float(np.mean([metric(y[:, k], s[:, k]) for k in range(y.shape[1])]))


def _loop(metric: Callable[[Array, Array], float], y: Array, scores: dict[int, Array]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(LOOPED):
        drawn = rng.integers(0, len(y), len(y))
        for s in scores.values():
            _macro(metric, y[drawn], s[drawn])


def main() -> None:
    """Print one line for each metric: seconds of both sides, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--labels", type=int, default=6)
    parser.add_argument("--rungs", type=int, default=5)
    chosen = parser.parse_args()
    y, scores = _data(chosen.samples, chosen.labels, chosen.rungs)
    loops: dict[str, Callable[[Array, Array], float]] = {
        "auroc": sk.roc_auc_score,
        "average_precision": sk.average_precision_score,
        "accuracy": lambda t, s: float(sk.accuracy_score(t, s > 0.5)),
        "f1": lambda t, s: float(sk.f1_score(t, s > 0.5)),
    }

    def ours(*names: str, groups: npt.NDArray[np.int64] | None = None) -> object:
        return score_ladder(
            task="multilabel",
            labels=[f"label {k}" for k in range(chosen.labels)],
            targets=y,
            scores=scores,
            per_image={},
            metrics=names,
            resamples=RESAMPLES,
            groups=groups,
        )

    print(", ".join(f"{value} {name}" for name, value in vars(chosen).items()))
    for name, metric in loops.items():
        fast = _best(lambda name=name: ours(name))  # type: ignore[misc]
        slow = _best(lambda metric=metric: _loop(metric, y, scores), 2) * RESAMPLES / LOOPED  # type: ignore[misc]
        print(f"{name:18s} {fast:8.3f} s   loop {slow:8.1f} s   {slow / fast:8.0f} times")
    pairs = np.maximum(np.arange(chosen.samples), 1)  # two images of one patient: no DeLong
    fast = _best(lambda: ours("auroc", groups=pairs))
    slow = _best(lambda: _loop(sk.roc_auc_score, y, scores), 2) * RESAMPLES / LOOPED
    print(f"{'auroc, bootstrap':18s} {fast:8.3f} s   loop {slow:8.1f} s   {slow / fast:8.0f} times")
    print(f"{'all defaults':18s} {_best(ours, 1):8.3f} s")
    dice(chosen.samples, chosen.labels, scores)


def dice(samples: int, labels: int, scores: dict[int, Array]) -> None:
    """Mean Dice of every class at every rung, against a NumPy loop over resamples.

    The loop draws the samples of a resample once for all rungs, and takes the means of the clean
    images once.
    """

    def ours() -> object:
        return score_ladder(
            task="segmentation",
            labels=[f"label {k}" for k in range(labels)],
            targets=np.ones((samples, labels)),
            scores=scores,
            per_image={"dice": scores},
            metrics=("dice",),
            resamples=RESAMPLES,
        )

    def loop() -> None:
        rng = np.random.default_rng(0)
        for _ in range(RESAMPLES):
            drawn = rng.integers(0, samples, samples)
            clean = scores[0][drawn].mean(axis=0)
            for rung in range(1, len(scores)):
                clean - scores[rung][drawn].mean(axis=0)

    fast, slow = _best(ours), _best(loop)
    print(f"{'dice, all rungs':18s} {fast:8.3f} s   loop {slow:8.1f} s   {slow / fast:8.0f} times")


if __name__ == "__main__":
    main()
