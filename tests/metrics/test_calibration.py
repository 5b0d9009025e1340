"""ECE against a few lines of plain Python, Brier against scikit-learn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import brier_score_loss

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics import calibration as cal

Array = npt.NDArray[np.float64]
STEADY = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
LABEL = st.sampled_from([0.0, 1.0, 1.0, 0.0, np.nan, -1.0])


def _plain_ece(y: Array, p: Array, bins: int, weights: Array | None = None) -> float:
    """Sort, cut into bins of equal mass, and add up the gaps; ties stay with the first of them."""
    pairs = sorted(zip(p.tolist(), y.tolist(), np.arange(len(p)).tolist(), strict=True))
    w = np.ones(len(p)) if weights is None else weights
    gaps: dict[int, float] = {}
    first, before = 0, None
    for place, (probability, truth, index) in enumerate(pairs):
        if probability != before:
            first, before = place, probability
        number = (first * bins) // len(pairs)
        gaps[number] = gaps.get(number, 0.0) + w[index] * (probability - truth)
    return sum(abs(gap) for gap in gaps.values()) / float(w.sum())


@STEADY
@given(
    arrays(np.float64, (40, 2), elements=LABEL),
    arrays(np.float64, (40, 2), elements=st.one_of(st.floats(0, 1), st.sampled_from([0.2, 0.5]))),
    st.sampled_from([1, 4, 15, 100]),
)
def test_each_label_by_itself(y: Array, p: Array, bins: int) -> None:
    known = {k: (y[:, k] == 1) | (y[:, k] == 0) for k in range(2)}
    known = {k: m for k, m in known.items() if m.any()}
    if not known:
        for ours in (cal.ece, cal.brier):
            with pytest.raises(MetricError, match="no labelled sample"):
                ours(y, p)
        return
    expected = {k: _plain_ece(y[m, k], p[m, k], bins) for k, m in known.items()}
    reading = cal.ece(y, p, ece_bins=bins)
    assert reading.labels == pytest.approx(expected, abs=1e-12)
    assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
    expected = {k: brier_score_loss(y[m, k], p[m, k], labels=[0, 1]) for k, m in known.items()}
    reading = cal.brier(y, p)
    assert reading.labels == pytest.approx(expected, abs=1e-12)
    assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=1e-12)


def test_bins_hold_equally_many_samples() -> None:
    # 30 samples in 15 bins of two: the gaps of a bin cancel, those of different bins do not.
    p = np.linspace(0.01, 0.3, 30)
    assert cal.ece(np.zeros(30), p).value == pytest.approx(p.mean())
    y = np.tile([0.0, 1.0], 15)
    pairs = p.reshape(15, 2).mean(axis=1)
    assert cal.ece(y, p).value == pytest.approx(np.abs(pairs - 0.5).mean())


def test_equal_probabilities_share_a_bin() -> None:
    y = np.r_[np.zeros(70), np.ones(30)]
    p = np.full(100, 0.3)
    assert cal.ece(y, p).value == pytest.approx(0.0, abs=1e-12)
    assert cal.ece(y[::-1], p).value == pytest.approx(0.0, abs=1e-12)


def test_a_calibrated_model_is_near_0_and_an_overconfident_one_is_not() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(float)
    assert cal.ece(y, p).value < 0.02
    sure = np.clip(2 * p - 0.5, 0, 1)
    assert cal.ece(y, sure).value > 0.1


def test_multiclass() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(3), 200)
    y = np.array([rng.choice(3, p=row) for row in p], dtype=float)
    hot = (y[:, None] == np.arange(3)).astype(float)
    reading = cal.ece(y, p)
    hit = (p.argmax(axis=1) == y).astype(float)
    assert reading.value == pytest.approx(_plain_ece(hit, p.max(axis=1), 15), abs=1e-12)
    assert reading.labels == pytest.approx(
        {k: _plain_ece(hot[:, k], p[:, k], 15) for k in range(3)}, abs=1e-12
    )
    reading = cal.brier(y, p)
    expected = brier_score_loss(y, p, labels=[0, 1, 2], scale_by_half=True)
    assert reading.value == pytest.approx(expected, abs=1e-12)
    with_unlabelled = cal.brier(np.r_[y, np.nan], np.r_[p, p[:1]])
    assert with_unlabelled.value == pytest.approx(expected, abs=1e-12)
    # Two classes are the binary task.
    two, other = np.column_stack([1 - p[:, 0], p[:, 0]]), hot[:, 0]
    assert cal.brier(other, two).value == pytest.approx(cal.brier(other, two[:, 1]).value)


def test_resamples() -> None:
    rng = np.random.default_rng(2)
    y = rng.choice([0.0, 1.0, np.nan], (50, 2), p=[0.6, 0.3, 0.1])
    p = rng.random((50, 2))
    weights = rng.integers(0, 3, (10, 50)).astype(float)
    _, by_label = cal.weighted_ece(y, p, weights, ece_bins=5)
    for row, weight in enumerate(weights):
        for k in range(2):
            m = ~np.isnan(y[:, k])
            expected = _plain_ece(y[m, k], p[m, k], 5, weight[m])  # the bins stay
            assert by_label[row, k] == pytest.approx(expected, abs=1e-12)
    macro, by_label = cal.weighted_brier(y, p, weights)
    for row, weight in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(50), weight)
        plain = cal.brier(y[drawn], p[drawn])
        assert macro[row] == pytest.approx(plain.value, abs=1e-12)
        assert dict(enumerate(by_label[row])) == pytest.approx(plain.labels, abs=1e-12)


@pytest.mark.parametrize("bad", [1.5, -0.1, np.nan])
def test_scores_must_be_probabilities(bad: float) -> None:
    for ours in (cal.ece, cal.brier):
        with pytest.raises(MetricError, match="must be probabilities in"):
            ours(np.array([0.0, 1.0]), np.array([0.5, bad]))
