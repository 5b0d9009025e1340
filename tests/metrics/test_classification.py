"""Values against scikit-learn, ties and missing labels included."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.metrics import classification as cl

Array = npt.NDArray[np.float64]
STEADY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
CLOSE = 1e-9

# Few levels make many ties; 0.5 is among them, the threshold itself.
LEVELS = st.integers(0, 8).map(lambda i: i / 8)
ANY = st.floats(0.0, 1.0, width=32)
LABEL = st.sampled_from([0.0, 1.0, 1.0, 0.0, np.nan, -1.0])


@st.composite
def _multilabel(draw: st.DrawFn) -> tuple[Array, Array]:
    shape = (draw(st.integers(4, 40)), draw(st.integers(1, 4)))
    element = draw(st.sampled_from([LEVELS, ANY]))
    return (
        draw(arrays(np.float64, shape, elements=LABEL)),
        draw(arrays(np.float64, shape, elements=element)),
    )


@st.composite
def _multiclass(draw: st.DrawFn) -> tuple[Array, Array]:
    n, k = draw(st.integers(3, 40)), draw(st.integers(2, 5))
    raw = draw(arrays(np.float64, (n, k), elements=LEVELS)) + 1e-3
    ids = draw(arrays(np.float64, n, elements=st.integers(-1, k - 1).map(float)))
    return ids, raw / raw.sum(axis=1, keepdims=True)


def _known(y: Array, s: Array) -> tuple[npt.NDArray[np.int_], Array]:
    known = ~(np.isnan(y) | (y == -1))
    return y[known].astype(int), s[known]


@STEADY
@given(_multilabel())
def test_ranking_metrics_of_each_label(data: tuple[Array, Array]) -> None:
    y, s = data
    columns = {k: _known(y[:, k], s[:, k]) for k in range(y.shape[1])}
    both = {k: v for k, v in columns.items() if 0 < v[0].sum() < len(v[0])}
    assume(both)
    for ours, theirs in (
        (cl.auroc, sk.roc_auc_score),
        (cl.average_precision, sk.average_precision_score),
    ):
        reading = ours(y, s)
        expected = {k: theirs(*v) for k, v in both.items()}
        assert reading.labels == pytest.approx(expected, abs=CLOSE)
        assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=CLOSE)
        assert set(reading.excluded) == set(columns) - set(both)


@STEADY
@given(_multilabel())
def test_thresholded_metrics_of_each_label(data: tuple[Array, Array]) -> None:
    y, s = data
    columns = {k: _known(y[:, k], s[:, k]) for k in range(y.shape[1])}
    for ours, theirs, has in (
        (cl.accuracy, sk.accuracy_score, {k for k, v in columns.items() if len(v[0])}),
        (cl.f1, sk.f1_score, {k for k, v in columns.items() if v[0].sum()}),
    ):
        if not has:
            with pytest.raises(MetricError, match="no label is left"):
                ours(y, s)
            continue
        reading = ours(y, s)
        expected = {k: theirs(columns[k][0], columns[k][1] > 0.5) for k in has}
        assert reading.labels == pytest.approx(expected, abs=CLOSE)
        assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=CLOSE)
        assert set(reading.excluded) == set(columns) - has


@STEADY
@given(_multilabel())
def test_binary_is_one_column(data: tuple[Array, Array]) -> None:
    y, s = data[0][:, 0], data[1][:, 0]
    truth, _ = _known(y, s)
    assume(0 < truth.sum() < len(truth))
    for metric in (cl.auroc, cl.average_precision, cl.accuracy, cl.f1):
        assert metric(y, s) == metric(y[:, None], s[:, None])
        assert metric(y, s).labels == {0: metric(y, s).value}


@STEADY
@given(_multiclass())
def test_multiclass(data: tuple[Array, Array]) -> None:
    y, s = data
    truth, probability = _known(y, s)
    here = np.unique(truth)
    assume(len(here) > 1)
    hot = truth[:, None] == np.arange(s.shape[1])
    for ours, theirs in (
        (cl.auroc, sk.roc_auc_score),
        (cl.average_precision, sk.average_precision_score),
    ):
        expected = {int(k): theirs(hot[:, k], probability[:, k]) for k in here}
        assert ours(y, s).labels == pytest.approx(expected, abs=CLOSE)
        assert ours(y, s).value == pytest.approx(np.mean(list(expected.values())), abs=CLOSE)
    said = probability.argmax(axis=1)
    recall = sk.recall_score(truth, said, labels=here, average=None)
    assert cl.accuracy(y, s).value == pytest.approx(sk.accuracy_score(truth, said), abs=CLOSE)
    assert list(cl.accuracy(y, s).labels.values()) == pytest.approx(list(recall), abs=CLOSE)
    assert cl.accuracy(y, s).excluded == {}
    f1 = sk.f1_score(truth, said, labels=here, average="macro")
    assert cl.f1(y, s).value == pytest.approx(f1, abs=CLOSE)
    assert set(cl.f1(y, s).excluded) == set(range(s.shape[1])) - set(here)


def test_multiclass_macro_is_one_versus_rest() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 4, 200).astype(float)
    s = rng.dirichlet(np.ones(4), 200)
    expected = sk.roc_auc_score(y, s, multi_class="ovr", average="macro")
    assert cl.auroc(y, s).value == pytest.approx(expected, abs=CLOSE)


@STEADY
@given(_multilabel(), st.integers(0, 2**32 - 1))
def test_weights_are_repeated_samples(data: tuple[Array, Array], seed: int) -> None:
    y, s = data
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), size=3).astype(float)
    for weighted, metric in (
        (cl.weighted_auroc, cl.auroc),
        (cl.weighted_average_precision, cl.average_precision),
        (cl.weighted_accuracy, cl.accuracy),
        (cl.weighted_f1, cl.f1),
    ):
        macro, by_label = weighted(y, s, weights)
        for row in range(3):
            drawn = np.repeat(np.arange(len(y)), weights[row].astype(int))
            try:
                reading = metric(y[drawn], s[drawn])
            except MetricError:
                assert np.isnan(macro[row])
                assert np.isnan(by_label[row]).all()
                continue
            defined = {k: v for k, v in enumerate(by_label[row]) if not np.isnan(v)}
            assert defined == pytest.approx(dict(reading.labels), abs=CLOSE)
            assert macro[row] == pytest.approx(reading.value, abs=CLOSE)


@STEADY
@given(st.integers(0, 2**32 - 1))
def test_fractional_weights_as_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.r_[0.0, 1.0, rng.integers(0, 2, 30)]
    s, w = rng.integers(0, 6, 32) / 6, rng.random(32) + 1e-3
    area = sk.roc_auc_score(y, s, sample_weight=w)
    precision = sk.average_precision_score(y, s, sample_weight=w)
    assert cl.weighted_auroc(y, s, w[None])[0][0] == pytest.approx(area, abs=CLOSE)
    found = cl.weighted_average_precision(y, s, w[None])[0][0]
    assert found == pytest.approx(precision, abs=CLOSE)


def test_a_label_with_one_class_is_left_out_with_its_counts() -> None:
    y = np.array([[0, 1], [1, 1], [0, 1], [1, np.nan]], dtype=float)
    s = np.array([[0.1, 0.2], [0.9, 0.3], [0.2, 0.4], [0.8, 0.5]])
    reading = cl.auroc(y, s)
    assert (reading.value, reading.labels) == (1.0, {0: 1.0})
    assert reading.excluded == {1: "3 positive and 0 negative labelled samples, both are needed"}
    with pytest.raises(MetricError, match=r"label 0: 3 positive and 0 negative"):
        cl.auroc(y[:, 1:], s[:, 1:])


@pytest.mark.parametrize(
    ("targets", "scores", "message"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], r"got 2 \(1 such values\).*class ids"),
        ([0, 1], [0.1, 0.2, 0.3], r"\(2,\) do not fit scores of shape \(3,\)"),
        ([[0, 1]], [[0.1, 0.2, 0.3]], r"expected \(N,\) and \(N,\) for binary"),
        ([0, 3], [[0.1, 0.9], [0.2, 0.8]], "from 0 to 1"),
        ([0, 0.5], [[0.1, 0.9], [0.2, 0.8]], "whole numbers"),
        (1, 0.5, "do not fit"),
    ],
)
def test_what_does_not_fit(targets: object, scores: object, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        cl.auroc(np.asarray(targets, dtype=float), np.asarray(scores, dtype=float))


@pytest.mark.parametrize("metric", [cl.accuracy, cl.f1])
def test_logits_are_no_probabilities(metric: object) -> None:
    with pytest.raises(MetricError, match=r"got -2 to 3. Apply a sigmoid"):
        metric(np.array([0.0, 1.0]), np.array([-2.0, 3.0]))  # type: ignore[operator]


@STEADY
@given(_multilabel(), st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0]))
def test_balanced_accuracy_and_sensitivity_at_specificity(
    data: tuple[Array, Array], level: float
) -> None:
    y, s = data
    columns = {k: _known(y[:, k], s[:, k]) for k in range(y.shape[1])}
    both = {k: v for k, v in columns.items() if 0 < v[0].sum() < len(v[0])}
    assume(both)

    def at_level(truth: npt.NDArray[np.int_], scores: Array) -> float:
        false, true, _ = sk.roc_curve(truth, scores, drop_intermediate=False)
        return float(true[false <= 1 - level + 1e-9].max())

    balanced = {k: sk.balanced_accuracy_score(t, v > 0.5) for k, (t, v) in both.items()}
    sensitive = {k: at_level(t, v) for k, (t, v) in both.items()}
    for reading, expected in (
        (cl.balanced_accuracy(y, s), balanced),
        (cl.sensitivity_at_specificity(y, s, specificity_level=level), sensitive),
    ):
        assert reading.labels == pytest.approx(expected, abs=CLOSE)
        assert reading.value == pytest.approx(np.mean(list(expected.values())), abs=CLOSE)
        assert set(reading.excluded) == set(columns) - set(both)


@STEADY
@given(_multiclass())
def test_multiclass_balanced_accuracy(data: tuple[Array, Array]) -> None:
    y, s = data
    truth, probability = _known(y, s)
    assume(len(truth))
    here = np.unique(truth)
    recall = sk.recall_score(truth, probability.argmax(axis=1), labels=here, average=None)
    reading = cl.balanced_accuracy(y, s)
    assert reading.labels == pytest.approx(dict(zip(here.tolist(), recall, strict=True)), abs=CLOSE)
    assert reading.value == pytest.approx(recall.mean(), abs=CLOSE)


def test_levels_are_reached_to_the_last_sample() -> None:
    # 0.1 of 10 negatives is one, though 1 - 0.9 is a little less than 0.1.
    y = np.r_[np.zeros(10), np.ones(2)]
    s = np.r_[np.linspace(0.0, 0.5, 9), 0.8, 0.9, 0.7]
    assert cl.sensitivity_at_specificity(y, s, specificity_level=0.9).value == 1.0
    assert cl.sensitivity_at_specificity(y, s, specificity_level=0.95).value == 0.5


def test_resamples_of_the_refitted_and_the_balanced() -> None:
    rng = np.random.default_rng(0)
    y = rng.choice([0.0, 1.0, np.nan], (60, 2), p=[0.6, 0.3, 0.1])
    s = np.round(rng.random((60, 2)) + 0.2 * np.nan_to_num(y), 1).clip(0, 1)
    weights = rng.integers(0, 3, (15, 60)).astype(float)
    for name in ("sensitivity_at_specificity", "balanced_accuracy"):
        macro, by_label = getattr(cl, f"weighted_{name}")(y, s, weights)
        for row, weight in enumerate(weights.astype(int)):
            drawn = np.repeat(np.arange(60), weight)
            plain = getattr(cl, name)(y[drawn], s[drawn])
            assert macro[row] == pytest.approx(plain.value, abs=CLOSE)
            assert dict(enumerate(by_label[row])) == pytest.approx(plain.labels, abs=CLOSE)
