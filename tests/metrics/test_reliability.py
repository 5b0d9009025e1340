"""The bins of a reliability diagram against scikit-learn and against the metric ``ece``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.calibration import calibration_curve

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics.calibration import ece
from pytest_xraynoise.metrics.reliability import reliability


@pytest.mark.parametrize("bins", [5, 10, 15])
def test_it_is_scikit_learns_curve_of_quantiles(bins: int) -> None:
    rng = np.random.default_rng(bins)
    scores = rng.random(bins * 20)
    targets = (rng.random(len(scores)) < scores**2).astype(np.float64)
    found = reliability(targets, scores, bins=bins)
    present, predicted = calibration_curve(targets, scores, n_bins=bins, strategy="quantile")
    assert found is not None
    np.testing.assert_allclose(found.predicted, predicted)
    np.testing.assert_allclose(found.present, present)
    assert set(found.count) == {20}


def test_labels_are_pooled_and_those_not_known_left_out() -> None:
    rng = np.random.default_rng(3)
    scores = rng.random((90, 3))
    targets = (rng.random((90, 3)) < scores).astype(np.float64)
    targets[:30, 1] = np.nan
    known = ~np.isnan(targets)
    pooled = reliability(targets, scores, bins=8)
    flat = reliability(targets[known], scores[known], bins=8)
    assert pooled is not None
    assert flat is not None
    np.testing.assert_array_equal(pooled.present, flat.present)
    assert pooled.count.sum() == 240
    one = reliability(targets, scores, bins=8, label=1)
    assert one is not None
    assert one.count.sum() == 60
    np.testing.assert_allclose(one.ece, ece(targets[30:, 1], scores[30:, 1], ece_bins=8).value)


def test_of_classes_the_chosen_one_counts() -> None:
    rng = np.random.default_rng(4)
    scores = rng.dirichlet([1.0, 1.0, 1.0], 120)
    targets = rng.integers(0, 3, 120).astype(np.float64)
    found = reliability(targets, scores, bins=6)
    hit = (scores.argmax(1) == targets).astype(np.float64)
    present, predicted = calibration_curve(hit, scores.max(1), n_bins=6, strategy="quantile")
    assert found is not None
    np.testing.assert_allclose(found.predicted, predicted)
    np.testing.assert_allclose(found.present, present)
    np.testing.assert_allclose(found.ece, ece(targets, scores, ece_bins=6).value)


@given(
    st.integers(1, 60).flatmap(
        lambda n: st.tuples(
            arrays.arrays(np.float64, n, elements=st.sampled_from([0.0, 0.1, 0.5, 0.5001, 1.0])),
            arrays.arrays(np.bool_, n),
        )
    ),
    st.integers(1, 20),
)
def test_its_distance_from_the_diagonal_is_the_ece(
    data: tuple[np.ndarray, np.ndarray],
    bins: int,
) -> None:
    scores, targets = data[0], data[1].astype(np.float64)
    found = reliability(targets, scores, bins=bins)
    assert found is not None
    assert found.count.sum() == len(scores)
    assert found.ece == pytest.approx(ece(targets, scores, ece_bins=bins).value, abs=1e-12)


def test_nothing_labelled_has_no_bins_and_logits_are_refused() -> None:
    assert reliability(np.full(4, np.nan), np.full(4, 0.5), bins=3) is None
    with pytest.raises(MetricError, match="must be probabilities"):
        reliability(np.array([0.0, 1.0]), np.array([-3.0, 2.0]), bins=3)
