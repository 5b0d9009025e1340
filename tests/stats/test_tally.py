"""Which samples a resample draws: the stream, its two forms, and what it holds in memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from pytest_xraynoise.stats import resampling, resampling_counts, resampling_weights, tally

STEADY = settings(max_examples=50, deadline=None, derandomize=True)


@STEADY
@given(st.integers(1, 3000), st.integers(1, 70), st.integers(0, 2**40))
def test_both_forms_draw_alike(units: int, resamples: int, key: int) -> None:
    compiled = pytest.importorskip("pytest_xraynoise.stats.tally_kernel").tally
    keys = tally.mix(np.arange(key, key + resamples, dtype=np.uint64))
    ours, theirs = (np.zeros((units, resamples), dtype=np.uint8) for _ in range(2))
    compiled(keys, ours)
    tally.tally_plainly(keys, theirs)
    assert np.array_equal(ours, theirs)
    assert (ours.sum(axis=0, dtype=int) == units).all()


def test_without_numba_the_counts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tally.draw_counts(3, 40, 777, 5)
    monkeypatch.setattr(tally, "_compiled", lambda: None)
    monkeypatch.setattr(tally, "DRAWS", 2000)
    assert np.array_equal(tally.draw_counts(3, 40, 777, 5), wanted)


def test_the_words_are_those_of_splitmix64() -> None:
    # The first words of its reference program from the seed 1234567.
    start = np.array([1234567], dtype=np.uint64)
    words = tally.mix(start + np.arange(1, 4, dtype=np.uint64) * tally.GAMMA)
    assert words.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_a_draw_is_written_out() -> None:
    """Against whole numbers of Python, which have no width."""
    mask = 2**64 - 1

    def mix(z: int) -> int:
        z = (z ^ z >> 30) * int(tally.FIRST) & mask
        z = (z ^ z >> 27) * int(tally.SECOND) & mask
        return z ^ z >> 31

    gamma, units, wanted = int(tally.GAMMA), 5, [0] * 5
    key = mix(mix(42) + 7 * gamma & mask)
    words = [mix(key + j * gamma & mask) for j in (1, 2, 3)]
    for half in [*(w & 0xFFFFFFFF for w in words), *(w >> 32 for w in words[:2])]:
        wanted[half * units >> 32] += 1
    assert tally.draw_counts(7, 1, units, 42)[:, 0].tolist() == wanted


def test_neighbours_do_not_hang_together() -> None:
    counts = tally.draw_counts(0, 4000, 50, 1).astype(float)
    for table in (counts, counts.T):  # samples of one resample; resamples of one sample
        deviations = table - table.mean(axis=1, keepdims=True)
        product = (deviations[1:] * deviations[:-1]).mean()
        # Counts of one resample are -1/49 correlated, as they add up to 50.
        assert product == pytest.approx(-0.02 if table is counts else 0.0, abs=0.012)


def test_every_sample_is_as_likely() -> None:
    drawn = sum(c.sum(axis=1, dtype=int) for c in resampling_counts(997, 3008, seed=8))
    assert chisquare(drawn).pvalue > 0.001


@pytest.mark.parametrize("groups", [None, np.arange(900) // 3])
def test_counts_are_the_weights(groups: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = np.concatenate(list(resampling_weights(900, 200, groups=groups, seed=2)))
    for cells in (1, 1 << 20):
        monkeypatch.setattr(resampling, "CELLS", cells)
        found = list(resampling_counts(900, 200, groups=groups, seed=2))
        assert {c.dtype for c in found} == {np.dtype(np.uint8)}
        assert all(c.shape[1] % resampling.LANES == 0 for c in found)
        assert np.array_equal(np.hstack(found)[:, :200].T, wanted)


def test_memory_is_bounded() -> None:
    """What a bootstrap of many samples holds does not grow with the resamples."""
    from pytest_xraynoise.engine.scoring import score_ladder

    rng = np.random.default_rng(0)
    n = 20_000
    y = (rng.random((n, 2)) < 0.2).astype(float)
    scores = {s: rng.random((n, 2)) for s in range(3)}
    words: dict[str, Any] = {
        "task": "multilabel",
        "labels": ("a", "b"),
        "targets": y,
        "scores": scores,
        "per_image": {},
        "groups": np.maximum(np.arange(n), 1),
        "metrics": ("auroc", "average_precision", "brier", "f1", "ece"),
    }
    peaks = []
    for resamples in (64, 640):
        score_ladder(resamples=resamples, **words)
        tracemalloc.start()
        score_ladder(resamples=resamples, **words)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 64 * 2**20  # 640 resamples as float64 weights would be 98 MiB
    assert peaks[1] < peaks[0] + 4 * 2**20
