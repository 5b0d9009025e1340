"""Ranking metrics of many resamples: the samples are sorted once, and each resample walks along.

A walk is which samples come one after the other and what is done at each. It is the same for all
resamples, which differ in how often each sample was drawn. All sums are of whole numbers, so the
NumPy form here and the compiled one (:mod:`~pytest_xraynoise.metrics.rank_kernels`) give the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.metrics.averages import ratio

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.base import FloatArray

Rows = npt.NDArray[np.int32]
Steps = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.uint8]
Wholes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

CELLS = 1 << 19
"""Numbers that the NumPy forms hold at a time, where there are fewer than CELLS / WIDTH samples."""

WIDTH = 16
"""Resamples that they look at together at least."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One order of samples.

    Attributes:
        rows: (M,) int32, the samples in the order of the walk.
        steps: (M,) uint8, what is done at each.
    """

    rows: Rows
    steps: Steps


def pair_walk(
    truth: npt.NDArray[np.bool_], scores: FloatArray, members: npt.NDArray[np.intp]
) -> Walk:
    """The walk of an AUROC, up the scores.

    A step of 0 is a negative. At a positive the negatives below it are won: twice over (2), because
    pairs with equal scores count one half. Where a score has both classes its positives stand
    before its negatives and after them, once each (1), which makes the halves.

    Args:
        truth: (M,), which samples are positive.
        scores: (M,), finite.
        members: (M,), which of all samples these are.
    """
    order = np.argsort(scores, kind="stable")
    present = truth[order]
    level = _levels(scores[order])
    size = int(level[-1]) + 1 if len(level) else 0
    mixed = np.zeros(size, dtype=np.bool_)
    mixed[level[present]] = True
    mixed &= np.bincount(level[~present], minlength=size) > 0
    split = np.flatnonzero(present & mixed[level])  # positives that stand twice
    steps = np.where(present, 2, 0).astype(np.uint8)
    steps[split] = 1
    place = 3 * level + 1
    place[split] -= 1
    where = np.argsort(np.concatenate([place, 3 * level[split] + 2]), kind="stable")
    rows = members[order]
    return Walk(
        np.concatenate([rows, rows[split]])[where].astype(np.int32),
        np.concatenate([steps, steps[split]])[where],
    )


def precision_walk(
    truth: npt.NDArray[np.bool_], scores: FloatArray, members: npt.NDArray[np.intp]
) -> Walk:
    """The walk of an average precision, down the scores; arguments as in :func:`pair_walk`.

    Bit 1 of a step: the sample is positive. Bit 2: it is the last one of a score that a positive
    has, where the precision is read.
    """
    order = np.argsort(-scores, kind="stable")
    present = truth[order]
    level = _levels(scores[order])
    last = np.append(level[1:] != level[:-1], True)[: len(level)]
    some = np.bincount(level[present], minlength=len(level)) > 0
    steps = present.astype(np.uint8) + 2 * (last & some[level]).astype(np.uint8)
    return Walk(members[order].astype(np.int32), steps)


def count_pairs(walk: Walk, counts: Counts) -> tuple[Wholes, Wholes, Wholes]:
    """What a :func:`pair_walk` wins in each resample.

    Args:
        walk: of M samples.
        counts: (N, B) uint8, how often each sample was drawn.

    Returns:
        Twice the pairs in the right order, twice the positives, and the negatives, (B,) uint64
        each: the AUROC is the first over the product of the others.
    """
    found = np.zeros((3, counts.shape[1]), dtype=np.uint64)
    at = np.flatnonzero(walk.steps)
    step = walk.steps[at, None].astype(np.uint64)
    for piece in _pieces(len(walk.rows), counts.shape[1]):
        drawn = counts[walk.rows, piece]
        held = step * drawn[at]
        drawn[at] = 0
        passed, total = _running(drawn, at)
        found[:, piece] = (held * passed).sum(axis=0), held.sum(axis=0), total
    return found[0], found[1], found[2]


def add_precisions(walk: Walk, counts: Counts) -> tuple[Floats, Wholes, Wholes]:
    """What a :func:`precision_walk` adds up in each resample; arguments as in :func:`count_pairs`.

    Returns:
        The sum over positives of the precision at their score, float64; how many positives and how
        many samples were drawn, uint64; (B,) each.
    """
    areas = np.zeros(counts.shape[1])
    found = np.zeros((2, counts.shape[1]), dtype=np.uint64)
    absent = np.flatnonzero((walk.steps & 1) == 0)
    read = np.flatnonzero(walk.steps & 2)
    for piece in _pieces(len(walk.rows), counts.shape[1]):
        drawn = counts[walk.rows, piece]
        said, found[1, piece] = _running(drawn, read)
        drawn[absent] = 0
        hit, found[0, piece] = _running(drawn, read)
        now = np.diff(hit, axis=0, prepend=np.zeros((1, hit.shape[1]), dtype=np.uint64))
        # NumPy adds rows one after the other, as the compiled form does.
        areas[piece] = (now * (hit / np.maximum(said, np.uint64(1)))).sum(axis=0)
    return areas, found[0], found[1]


def auroc_of(wins: Wholes, positives: Wholes, negatives: Wholes) -> FloatArray:
    """The AUROC from :func:`count_pairs`, NaN where a class is missing."""
    return ratio(wins.astype(np.float64), positives.astype(np.float64) * negatives)


def precision_of(areas: Floats, positives: Wholes, drawn: Wholes) -> FloatArray:
    """The average precision from :func:`add_precisions`, NaN where a class is missing."""
    return ratio(areas, np.where(positives < drawn, positives, 0).astype(np.float64))


def _levels(ordered: FloatArray) -> npt.NDArray[np.intp]:
    """The number of each element's run of equal values, from 0."""
    begins = np.zeros(len(ordered), dtype=np.intp)
    begins[1:] = ordered[1:] != ordered[:-1]
    return np.cumsum(begins)


def _running(drawn: Counts, at: npt.NDArray[np.intp]) -> tuple[Wholes, Wholes]:
    """The sums down to each row of ``at`` (with it), and those of all rows."""
    starts = np.append(0, at + 1)
    starts = starts[starts < len(drawn)]
    if not len(starts):
        return np.zeros((0, drawn.shape[1]), dtype=np.uint64), np.zeros(
            drawn.shape[1], dtype=np.uint64
        )
    sums = np.add.reduceat(drawn, starts, axis=0, dtype=np.uint64).cumsum(axis=0)
    return sums[: len(at)], sums[-1]


def _pieces(rows: int, columns: int) -> list[slice]:
    width = max(WIDTH, CELLS // max(1, rows))
    return [slice(start, start + width) for start in range(0, columns, width)]
