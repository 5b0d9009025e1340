from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score, jaccard_score

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics import segmentation as seg
from pytest_xraynoise.metrics import tail

Masks = npt.NDArray[np.bool_]
STEADY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
MASKS = arrays(np.bool_, (2, 3, 4, 5))


@STEADY
@given(MASKS, MASKS)
def test_as_scikit_learn(pred: Masks, target: Masks) -> None:
    dice, iou = seg.dice_per_image(pred, target), seg.iou_per_image(pred, target)
    assert dice.shape == iou.shape == (2, 3)
    for n, k in np.ndindex(2, 3):
        p, t = pred[n, k].ravel(), target[n, k].ravel()
        assert dice[n, k] == pytest.approx(f1_score(t, p, zero_division=1.0), abs=1e-12)
        if p.any() or t.any():
            assert iou[n, k] == pytest.approx(jaccard_score(t, p), abs=1e-12)
        assert dice[n, k] == pytest.approx(2 * iou[n, k] / (1 + iou[n, k]), abs=1e-12)


def test_empty_masks() -> None:
    empty, full = np.zeros((1, 1, 4, 4), dtype=bool), np.ones((1, 1, 4, 4), dtype=bool)
    for per_image in (seg.dice_per_image, seg.iou_per_image):
        assert per_image(empty, empty) == 1.0
        assert per_image(empty, full) == 0.0
        assert per_image(full, empty) == 0.0
        assert per_image(full, full) == 1.0


def test_counts_that_are_not_known_stay_unknown() -> None:
    counts = np.array([[4.0, np.nan]])
    assert np.array_equal(seg.dice_from_counts(counts, counts, counts), [[1, np.nan]], True)
    assert np.array_equal(seg.iou_from_counts(counts, counts, counts), [[1, np.nan]], True)


@pytest.mark.parametrize(
    ("pred", "target", "message"),
    [
        (np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), dtype=bool), "must be bool, got float64"),
        (np.zeros((1, 2, 2), dtype=bool), np.zeros((1, 2, 2), dtype=bool), r"\(N, K, H, W\)"),
        (np.zeros((1, 1, 2, 2), dtype=bool), np.zeros((1, 1, 2, 3), dtype=bool), "got"),
    ],
)
def test_masks_that_do_not_fit(pred: Masks, target: Masks, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        seg.dice_per_image(pred, target)


def test_counts_that_cannot_be() -> None:
    with pytest.raises(MetricError, match="intersection"):
        seg.dice_from_counts([5], [4], [6])
    with pytest.raises(MetricError, match="one shape"):
        seg.iou_from_counts([1, 2], [4], [6])


@STEADY
@given(
    arrays(np.float64, (6, 3), elements=st.one_of(st.floats(0, 1), st.just(np.nan))),
)
def test_mean_over_images_then_classes(values: npt.NDArray[np.float64]) -> None:
    seen = [k for k in range(3) if not np.isnan(values[:, k]).all()]
    if not seen:
        with pytest.raises(MetricError, match="label 2: no image has it"):
            seg.mean_over_images(values, values)
        return
    reading = seg.mean_over_images(values, values)
    expected = {k: np.nanmean(values[:, k]) for k in seen}
    assert reading.labels == pytest.approx(expected, abs=1e-12)
    assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
    assert set(reading.excluded) == {0, 1, 2} - set(seen)


def test_values_must_be_per_image_and_class() -> None:
    with pytest.raises(MetricError, match=r"must be \(N, K\), got shape \(3,\)"):
        seg.mean_over_images(np.zeros(3), np.zeros(3))


def test_masks_that_were_lost_and_errors_of_area() -> None:
    predicted, true = (
        np.array([[0, 5], [3, 0], [np.nan, 8]]),
        np.array([[4, 4], [0, 0], [np.nan, 8]]),
    )
    nan = float("nan")
    lost, error = (
        seg.empty_from_counts(predicted, true),
        seg.area_error_from_counts(predicted, true),
    )
    assert np.array_equal(lost, np.array([[1, 0], [nan, nan], [nan, 0]]), equal_nan=True)
    assert np.array_equal(error, [[1, 0.25], [nan, nan], [nan, 0]], equal_nan=True)
    for values in (lost, error):
        with pytest.raises(MetricError, match="label 0: no image has it; label 1: no image"):
            seg.mean_over_images(values, np.full_like(values, nan))


@STEADY
@given(arrays(np.float64, 30, elements=st.floats(0, 1)))
def test_worst_decile_of_30_is_the_mean_of_the_worst_3(values: npt.NDArray[np.float64]) -> None:
    reading = tail.worst_decile(values, values[:, None])
    assert reading.value == pytest.approx(np.sort(values)[:3].mean(), abs=1e-12)


def test_worst_decile_takes_the_tenth_exactly() -> None:
    values = np.arange(25.0)[::-1, None] / 25
    assert tail.worst_decile(values, values).value == pytest.approx((0 + 0.04 + 0.5 * 0.08) / 2.5)
    few = np.array([[0.9, np.nan], [0.2, np.nan], [np.nan, np.nan], [0.5, np.nan]])
    reading = tail.worst_decile(few, few)
    assert reading.labels == {0: 0.2}
    assert reading.excluded == {1: "no image has it"}


def test_worst_decile_of_resamples() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((40, 2))
    values[:5, 1] = np.nan
    weights = rng.integers(0, 4, (20, 40)).astype(float)
    macro, by_class = tail.weighted_worst_decile(values, values, weights)
    for row, weight in enumerate(weights.astype(int)):
        drawn = values[np.repeat(np.arange(40), weight)]
        plain = tail.worst_decile(drawn, drawn)
        assert macro[row] == pytest.approx(plain.value, abs=1e-12)
        assert dict(enumerate(by_class[row])) == pytest.approx(plain.labels, abs=1e-12)
