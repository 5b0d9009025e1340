from __future__ import annotations

import math
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm, rankdata

from pytest_xraynoise import stats
from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.stats.correlated_roc import components, midranks

if TYPE_CHECKING:
    from pytest_xraynoise.results import Interval

Array = npt.NDArray[np.float64]
STEADY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
Z95 = norm.ppf(0.975)

# DeLong, DeLong and Clarke-Pearson 1988: 49 patients with ovarian cancer; albumin, total protein,
# K-G score, and whether surgery helped, of the 43 with all three tests.
OVARIAN = """
3.0 5.8 10 0   3.2 6.3  5 1   3.9 6.8  3 1   2.8 4.8  6 0   3.2 5.8  3 1   0.9 4.0  5 0
2.5 5.7  8 0   1.6 5.6  5 1   3.8 5.7  5 1   3.7 6.7  6 1   3.2 5.4  4 1   3.8 6.6  6 1
4.1 6.6  5 1   3.6 5.7  5 1   4.3 7.0  4 1   3.6 6.7  4 0   2.3 4.4  6 1   4.2 7.6  4 0
4.0 6.6  6 0   3.5 5.8  6 1   3.8 6.8  7 1   3.0 4.7  8 0   4.5 7.4  5 1   3.7 7.4  5 1
3.1 6.6  6 1   4.1 8.2  6 1   4.3 7.0  5 1   4.3 6.5  4 1   3.2 5.1  5 1   2.6 4.7  6 1
3.3 6.8  6 0   1.7 4.0  7 0   3.7 6.1  5 1   3.3 6.3  7 1   4.2 7.7  6 1   3.5 6.2  5 1
2.9 5.7  9 0   2.1 4.8  7 1   2.8 6.2  8 0   4.0 7.0  7 1   3.3 5.7  6 1   3.7 6.9  5 1
3.6 6.6  5 1
"""


def _direct(y: Array, a: Array, b: Array) -> tuple[float, float]:
    """Difference and variance from every (positive, negative) pair, as the paper writes them."""
    wins = []
    for s in (a, b):
        x, z = s[y == 1], s[y == 0]
        wins.append(np.where(x[:, None] > z, 1.0, np.where(x[:, None] == z, 0.5, 0.0)))
    s10 = np.cov([w.mean(axis=1) for w in wins])
    s01 = np.cov([w.mean(axis=0) for w in wins])
    s = s10 / (y == 1).sum() + s01 / (y == 0).sum()
    return wins[0].mean() - wins[1].mean(), s[0, 0] + s[1, 1] - 2 * s[0, 1]


def _variance(interval: Interval) -> float:
    return float(((interval.high - interval.low) / (2 * Z95)) ** 2)


@st.composite
def _paired(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    n = draw(st.integers(4, 40))
    scores = arrays(np.float64, n, elements=st.integers(0, 6).map(lambda i: i / 6))
    y = draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    assume(2 <= y.sum() <= n - 2)
    return y, draw(scores), draw(scores)


@STEADY
@given(_paired())
def test_fast_is_direct(data: tuple[Array, Array, Array]) -> None:
    found = stats.delong(*data)
    estimate, variance = _direct(*data)
    assert found.estimate == pytest.approx(estimate, abs=1e-12)
    assert _variance(found) == pytest.approx(variance, abs=1e-12)
    assert found.low - found.estimate == pytest.approx(found.estimate - found.high, abs=1e-12)
    assert found.method == "delong"


@pytest.mark.parametrize(
    ("column", "area", "estimate", "error", "chi_square"),
    [(0, 0.7366, 0.0108, 0.0953, 0.0127), (1, 0.6478, -0.0780, 0.1046, 0.5554)],
)
def test_published_values(
    column: int, area: float, estimate: float, error: float, chi_square: float
) -> None:
    # SAS/STAT User's Guide, PROC LOGISTIC, "Comparing Receiver Operating Characteristic Curves":
    # albumin and total protein against the K-G score (area 0.7258).
    data = np.array(OVARIAN.split(), dtype=float).reshape(-1, 4)
    y, score = data[:, 3], 10 - data[:, 2]
    found = stats.delong(y, data[:, column], score)
    assert components(y, score).auroc == pytest.approx(0.7258, abs=5e-5)
    assert components(y, data[:, column]).auroc == pytest.approx(area, abs=5e-5)
    assert found.estimate == pytest.approx(estimate, abs=5e-5)
    assert math.sqrt(_variance(found)) == pytest.approx(error, abs=5e-5)
    assert found.estimate**2 / _variance(found) == pytest.approx(chi_square, abs=5e-5)


@STEADY
@given(arrays(np.float64, st.integers(1, 50), elements=st.integers(0, 9).map(float)))
def test_midranks_as_scipy(values: Array) -> None:
    assert np.array_equal(midranks(values), rankdata(values))


@STEADY
@given(_paired())
def test_invariances(data: tuple[Array, Array, Array]) -> None:
    y, a, b = data
    found, swapped = stats.delong(y, a, b), stats.delong(y, b, a)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-12)
    warped = stats.delong(y, np.exp(3 * a), b)
    assert (warped.low, warped.high) == pytest.approx((found.low, found.high), abs=1e-12)
    turned = stats.delong(1 - y, -a, -b)
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high), abs=1e-12)


@STEADY
@given(_paired())
def test_same_scores_have_no_width(data: tuple[Array, Array, Array]) -> None:
    y, a, _ = data
    found = stats.delong(y, a, a)
    assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_perfect_separation_has_no_variance() -> None:
    y = np.array([0.0, 0, 0, 1, 1])
    found = stats.delong(y, [0, 1, 2, 3, 4], [4, 3, 2, 1, 0])
    assert (found.estimate, found.low, found.high) == (1.0, 1.0, 1.0)


def test_unlabelled_samples_do_not_count() -> None:
    rng = np.random.default_rng(0)
    y, a, b = np.tile([0.0, 1.0], 20), rng.random(40), rng.random(40)
    gaps = np.r_[y, np.nan, -1], np.r_[a, 0.5, np.nan], np.r_[b, 0.5, np.nan]
    assert stats.delong(*gaps) == stats.delong(y, a, b)


def test_confidence_is_the_level() -> None:
    rng = np.random.default_rng(0)
    y, a, b = np.tile([0.0, 1.0], 20), rng.random(40), rng.random(40)
    wide, narrow = stats.delong(y, a, b, 0.99), stats.delong(y, a, b, 0.8)
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert ratio == pytest.approx(norm.ppf(0.995) / norm.ppf(0.9), rel=1e-9)
    for bad in (0.0, 1.0, 95.0, math.nan):
        with pytest.raises(SpecError, match="confidence must be between 0 and 1"):
            stats.delong(y, a, b, bad)


@pytest.mark.parametrize(
    ("y", "a", "message"),
    [
        ([0, 0, 1], [0.1, 0.2, 0.3], "1 positive and 2 negative"),
        ([0, 1, 1], [0.1, 0.2, 0.3], "2 positive and 1 negative"),
        ([1, 1, 1], [0.1, 0.2, 0.3], "both classes; got 3 positive and 0 negative"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "got 2"),
        ([0, 1], [0.1, 0.2, 0.3], "one shape"),
        ([0, 1, 1], [0.1, math.nan, math.inf], "2 scores are NaN or infinite"),
    ],
)
def test_what_is_not_defined(y: list[float], a: list[float], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        stats.delong(y, a, a)


def _labels(seed: int, n: int = 200, k: int = 3) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 1))
    y = (shared + rng.normal(size=(n, k)) > 0.7).astype(float)
    y[rng.random((n, k)) < 0.1] = np.nan
    clean = np.nan_to_num(y) + shared + rng.normal(size=(n, k))
    return y, clean, clean + rng.normal(size=(n, k))


def test_macro_of_one_label_is_delong() -> None:
    y, a, b = _labels(0)
    one = stats.delong(y[:, 0], a[:, 0], b[:, 0])
    assert stats.delong_macro(y[:, :1], a[:, :1], b[:, :1]) == one
    y3, a3, b3 = (np.repeat(v[:, :1], 3, axis=1) for v in (y, a, b))
    thrice = stats.delong_macro(y3, a3, b3)
    assert (thrice.low, thrice.high) == pytest.approx((one.low, one.high), abs=1e-12)


def test_macro_of_separate_samples_adds_variances() -> None:
    y, a, b = _labels(1)
    apart = np.full((400, 2), np.nan)
    apart[:200, 0], apart[200:, 1] = y[:, 0], y[:, 1]
    clean, noisy = (np.concatenate([v[:, :2], v[:, :2]]) for v in (a, b))
    found = stats.delong_macro(apart, clean, noisy)
    parts = [stats.delong(y[:, k], a[:, k], b[:, k]) for k in (0, 1)]
    assert found.estimate == pytest.approx(np.mean([p.estimate for p in parts]), abs=1e-12)
    assert _variance(found) == pytest.approx(sum(map(_variance, parts)) / 4, abs=1e-12)


def test_macro_has_the_covariance_of_labels() -> None:
    # The variance from the spread of macro drops over resampled samples, labels kept together.
    y, a, b = _labels(2, n=400)
    from pytest_xraynoise.metrics.classification import weighted_auroc

    weights = next(stats.resampling_weights(400, 3000, seed=1, chunk=3000 * 400))
    drops = weighted_auroc(y, a, weights)[0] - weighted_auroc(y, b, weights)[0]
    error = math.sqrt(_variance(stats.delong_macro(y, a, b)))
    assert error == pytest.approx(drops.std(), rel=0.06)
    separate = [_variance(stats.delong(y[:, k], a[:, k], b[:, k])) for k in range(3)]
    assert math.sqrt(sum(separate)) / 3 != pytest.approx(error, rel=0.001)


def test_macro_names_the_label_that_is_too_small() -> None:
    y, a, b = _labels(3)
    y[:, 1] = 0
    y[0, 1] = 1
    with pytest.raises(MetricError, match="label 1 has 1 positive and 199 negative"):
        stats.delong_macro(y, a, b)
    with pytest.raises(MetricError, match=r"one shape \(N, K\)"):
        stats.delong_macro(y[:, 0], a[:, 0], b[:, 0])


def test_coverage() -> None:
    # Binormal scores: AUROC = Phi(shift / sqrt(2 var)), so the true drop is known.
    rng = np.random.default_rng(7)
    y = np.repeat([0.0, 1.0], [90, 30])
    true = norm.cdf(1.5 / math.sqrt(2)) - norm.cdf(1.5 / math.sqrt(2 * 1.5))
    runs = 500
    hits = 0
    for _ in range(runs):
        clean = 1.5 * y + rng.normal(size=len(y))
        found = stats.delong(y, clean, clean + math.sqrt(0.5) * rng.normal(size=len(y)))
        hits += found.low <= true <= found.high
    # 95 % +- 3 standard errors of a share of 500, and the small-sample error of a normal interval.
    assert 0.91 <= hits / runs <= 0.98


def test_fast_means_n_log_n() -> None:
    # A matrix of all pairs of these samples would take 80 GB.
    rng = np.random.default_rng(0)
    y = (rng.random(200_000) < 0.5).astype(float)
    clean = y + rng.normal(size=len(y))
    found = stats.delong(y, clean, clean + rng.normal(size=len(y)))
    true = norm.cdf(1 / math.sqrt(2)) - norm.cdf(0.5)
    assert found.low < true < found.high
    assert found.high - found.low < 0.01


def test_no_torch_is_needed() -> None:
    code = (
        "import sys; from pytest_xraynoise import stats\n"
        "stats.delong([0, 0, 1, 1], [1, 2, 3, 4], [1, 3, 2, 4])\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'delng'"):
        _ = stats.delng
    assert "delong" in dir(stats)
