"""Metrics from how often each sample was drawn: the same as with weights, compiled or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from pytest_xraynoise.metrics import rank_walks as rw
from pytest_xraynoise.metrics import registry, resampled
from pytest_xraynoise.metrics.sums import means, resampled_sums

Array = npt.NDArray[np.float64]
STEADY = settings(max_examples=60, deadline=None, derandomize=True)
PREPARED = [m.name for m in map(registry.get, registry.names()) if m.prepare is not None]
LANES = 64


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampled, "_compiled", lambda: None)


def _counts(rng: np.random.Generator, n: int, width: int = LANES) -> npt.NDArray[np.uint8]:
    return rng.poisson(0.8, (n, width)).astype(np.uint8)


def _data(name: str, rng: np.random.Generator, n: int = 90) -> tuple[Array, list[Array]]:
    """Targets with gaps, a label without a positive, and the inputs of two rungs, with ties."""
    metric = registry.get(name)
    if metric.per_image:
        inputs = [rng.random((n, 3)) for _ in range(2)]
        for each in inputs:
            each[:5, 1] = np.nan
        return np.ones((n, 3)), inputs
    y = (rng.random((n, 4)) < 0.3).astype(float)
    y[:, 3] = 0.0
    y[rng.random(y.shape) < 0.1] = np.nan
    inputs = [np.round(rng.random(y.shape), 1) for _ in range(2)]
    return y, [(each > 0.4).astype(float) for each in inputs] if metric.decided else inputs


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("name", PREPARED)
def test_counts_give_what_weights_give(
    name: str, kernels: bool, request: pytest.FixtureRequest
) -> None:
    if not kernels:
        request.getfixturevalue("plainly")
    rng = np.random.default_rng(3)
    metric = registry.get(name)
    y, inputs = _data(name, rng)
    counts = _counts(rng, len(y), 2 * LANES)
    counts[:, 0] = 0  # nothing drawn: nothing defined
    assert metric.prepare is not None
    assert metric.weighted is not None
    found = metric.prepare(y, inputs)(counts)
    assert len(found) == len(inputs)
    for x, both in zip(inputs, found, strict=True):
        for ours, theirs in zip(both, metric.weighted(y, x, counts.T.astype(float)), strict=True):
            assert ours.shape == theirs.shape
            assert ours == pytest.approx(theirs, abs=1e-12, nan_ok=True)
        assert np.isnan(both[0][0])


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "brier", "ece", "f1", "auroc"])
def test_classes_that_exclude_each_other(name: str) -> None:
    rng = np.random.default_rng(5)
    metric = registry.get(name)
    y = rng.integers(-1, 3, 80).astype(float)
    scores = [rng.dirichlet(np.ones(3), 80) for _ in range(2)]
    counts = _counts(rng, 80)
    assert metric.prepare is not None
    assert metric.weighted is not None
    for x, both in zip(scores, metric.prepare(y, scores)(counts), strict=True):
        for ours, theirs in zip(both, metric.weighted(y, x, counts.T.astype(float)), strict=True):
            assert ours == pytest.approx(theirs, abs=1e-12)


@st.composite
def _ranked(draw: st.DrawFn) -> tuple[Any, Array, Any, Any]:
    n = draw(st.integers(0, 40))
    truth = draw(hnp.arrays(np.bool_, n))
    levels = draw(st.integers(1, 50))  # few levels: many ties
    scores = draw(hnp.arrays(np.int64, n, elements=st.integers(-levels, levels))).astype(float)
    members = np.array(draw(st.permutations(range(n + 3))), dtype=np.intp)[:n]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    counts = _counts(rng, n + 3)
    if draw(st.booleans()):  # resamples of one class
        counts[members[truth]] = 0
    if draw(st.booleans()):
        counts[:, ::3] = rng.integers(0, 256, counts[:, ::3].shape)
    return truth, scores, members, counts


@STEADY
@given(_ranked())
def test_both_forms_walk_alike_to_the_last_bit(given_: tuple[Any, Array, Any, Any]) -> None:
    kernels = pytest.importorskip("pytest_xraynoise.metrics.rank_kernels")
    truth, scores, members, counts = given_
    for walk_of, plain, compiled, first in (
        (rw.pair_walk, rw.count_pairs, kernels.count_pairs, np.uint64),
        (rw.precision_walk, rw.add_precisions, kernels.add_precisions, np.float64),
    ):
        walk = walk_of(truth, scores, members)
        wanted = plain(walk, counts)
        found: Any = [np.empty(LANES, dtype=d) for d in (first, np.uint64, np.uint64)]
        compiled(walk.rows, walk.steps, counts, *found)
        for ours, theirs in zip(found, wanted, strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)


@STEADY
@given(_ranked())
def test_a_walk_gives_the_areas_of_scikit_learn(given_: tuple[Any, Array, Any, Any]) -> None:
    truth, scores, members, counts = given_
    auroc = rw.auroc_of(*rw.count_pairs(rw.pair_walk(truth, scores, members), counts))
    area = rw.precision_of(*rw.add_precisions(rw.precision_walk(truth, scores, members), counts))
    for r in range(0, LANES, 9):
        drawn = np.repeat(np.arange(len(truth)), counts[members, r])
        if len(set(truth[drawn])) < 2:
            assert np.isnan(auroc[r])
            assert np.isnan(area[r])
        else:
            x = truth[drawn], scores[drawn]
            assert auroc[r] == pytest.approx(sk.roc_auc_score(*x), abs=1e-12)
            assert area[r] == pytest.approx(sk.average_precision_score(*x), abs=1e-12)


def test_the_plain_forms_do_not_depend_on_how_many_resamples_they_look_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.random(300) < 0.3, rng.random(300).round(2)
    counts = _counts(rng, 300, 4 * LANES)
    walks = [f(truth, scores, np.arange(300)) for f in (rw.pair_walk, rw.precision_walk)]
    wanted = [*rw.count_pairs(walks[0], counts), *rw.add_precisions(walks[1], counts)]
    monkeypatch.setattr(rw, "CELLS", 1)
    found = [*rw.count_pairs(walks[0], counts), *rw.add_precisions(walks[1], counts)]
    for a, b in zip(found, wanted, strict=True):
        assert np.array_equal(a, b)


def test_what_is_equal_at_two_rungs_has_a_difference_of_zero() -> None:
    rng = np.random.default_rng(1)
    clean, noisy = rng.random((500, 5)), rng.random((500, 5))
    noisy[:, 2] = clean[:, 2]
    before, _, after = resampled_sums([means(clean), means(noisy), means(noisy)])(_counts(rng, 500))
    assert (before[1][:, 2] - after[1][:, 2] == 0.0).all()
    assert (before[1][:, 1] != after[1][:, 1]).all()


def test_compiled_functions_are_kept_on_disk() -> None:
    kernels = pytest.importorskip("pytest_xraynoise.metrics.rank_kernels")
    from pytest_xraynoise.stats import tally_kernel

    for function in (kernels.count_pairs, kernels.add_precisions, tally_kernel.tally):
        cache: Any = getattr(function, "_cache", None)
        assert type(cache).__name__ == "FunctionCache"
