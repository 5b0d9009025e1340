from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk

from pytest_xraynoise import stats
from pytest_xraynoise.engine.scoring import score_ladder
from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.metrics import Metric, defaults, registry

if TYPE_CHECKING:
    from pytest_xraynoise.results import Interval, MetricValue

Array = npt.NDArray[np.float64]
LABELS = ("Effusion", "Mass", "Hernia")


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _multilabel(n: int = 150, seed: int = 0) -> tuple[Array, dict[int, Array]]:
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 3)) < 0.3).astype(float)
    y[rng.random((n, 3)) < 0.1] = np.nan
    z = 1.5 * np.nan_to_num(y) + rng.normal(size=(n, 3)) - 0.7
    return y, {s: _sigmoid(z + s * rng.normal(size=(n, 3))) for s in (0, 1, 2)}


def _score(y: Array, scores: dict[int, Array], **kwargs: Any) -> Any:
    given = {"task": "multilabel", "labels": LABELS, "per_image": {}, "metrics": (), **kwargs}
    given.setdefault("resamples", 300)
    return score_ladder(targets=y, scores=scores, **given)


def _ends(value: MetricValue | Interval) -> tuple[float | None, float | None]:
    return value.low, value.high


def test_multilabel_values_drops_and_intervals() -> None:
    y, scores = _multilabel()
    values, excluded = _score(y, scores)
    assert excluded == {}
    assert list(values) == [0, 1, 2]
    assert list(values[0]) == list(defaults("multilabel"))
    known = [~np.isnan(y[:, k]) for k in range(3)]
    for severity, s in scores.items():
        areas = [sk.roc_auc_score(y[m, k], s[m, k]) for k, m in enumerate(known)]
        auroc = values[severity]["auroc"]
        assert auroc.value == pytest.approx(np.mean(areas), abs=1e-9)
        assert {k: v.value for k, v in auroc.labels.items()} == pytest.approx(
            dict(zip(LABELS, areas, strict=True)), abs=1e-9
        )
        for name, metric in values[severity].items():
            gain = metric.value - values[0][name].value
            assert metric.drop == (gain if name in ("ece", "brier") else -gain)
            for entry in (metric, *metric.labels.values()):
                if severity == 0:
                    assert (entry.drop, entry.method, *_ends(entry)) == (0.0, None, None, None)
                else:
                    assert entry.low is not None
                    assert entry.high is not None
                    assert entry.low < entry.drop < entry.high


def test_auroc_has_delong_and_the_rest_bootstrap() -> None:
    y, scores = _multilabel()
    values, _ = _score(y, scores, confidence=0.9)
    found = values[2]["auroc"]
    macro = stats.delong_macro(y, scores[0], scores[2], 0.9)
    assert _ends(found) == pytest.approx(_ends(macro), abs=1e-12)
    assert found.drop == pytest.approx(macro.estimate, abs=1e-12)
    for k, label in enumerate(LABELS):
        single = stats.delong(y[:, k], scores[0][:, k], scores[2][:, k], 0.9)
        assert _ends(found.labels[label]) == pytest.approx(_ends(single), abs=1e-12)
    methods = {m: v.method for m, v in values[2].items()}
    assert methods == {**dict.fromkeys(defaults("multilabel"), "bootstrap"), "auroc": "delong"}


def test_bootstrap_is_the_plain_one_made_fast() -> None:
    y, scores = _multilabel()
    y[np.isnan(y)] = 0.0
    values, _ = _score(y, scores, seed=4, resamples=100)

    def pooled(theirs: Any, threshold: float | None) -> Any:
        def statistic(rows: Array) -> float:
            t, s = rows[:, :3], rows[:, 3:]
            said = s if threshold is None else s > threshold
            return float(np.mean([theirs(t[:, k], said[:, k]) for k in range(3)]))

        return statistic

    for name, theirs, threshold in (
        ("average_precision", sk.average_precision_score, None),
        ("accuracy", sk.accuracy_score, 0.5),
        ("f1", sk.f1_score, 0.5),
    ):
        plain = stats.paired_bootstrap(
            pooled(theirs, threshold),
            np.column_stack([y, scores[0]]),
            np.column_stack([y, scores[1]]),
            resamples=100,
            seed=4,
        )
        assert _ends(values[1][name]) == pytest.approx(_ends(plain), abs=1e-9)
        assert values[1][name].drop == pytest.approx(plain.estimate, abs=1e-9)


@pytest.mark.parametrize("labels", [("Mass",), ("No finding", "Mass")])
def test_binary(labels: tuple[str, ...]) -> None:
    y, scores = _multilabel()
    column = {s: x[:, :1] if s else x[:, 0] for s, x in scores.items()}
    values, _ = _score(y[:, 0], column, task="binary", labels=labels)
    single = stats.delong(y[:, 0], scores[0][:, 0], scores[1][:, 0])
    found = values[1]["auroc"]
    assert _ends(found) == pytest.approx(_ends(single), abs=1e-12)
    assert list(found.labels) == ["Mass"]
    for metric in values[1].values():
        assert _ends(metric.labels["Mass"]) == pytest.approx(_ends(metric), abs=1e-12)
        assert metric.labels["Mass"].drop == metric.drop


def test_multiclass() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200).astype(float)
    z = 1.2 * np.eye(3)[y.astype(int)] + rng.normal(size=(200, 3))
    scores = {}
    for severity in (0, 1):
        raised = np.exp(z + severity * rng.normal(size=z.shape))
        scores[severity] = raised / raised.sum(axis=1, keepdims=True)
    values, excluded = _score(y, scores, task="multiclass")
    assert excluded == {}
    noisy = values[1]
    expected = sk.roc_auc_score(y, scores[1], multi_class="ovr")
    assert noisy["auroc"].value == pytest.approx(expected, abs=1e-9)
    one_hot = stats.delong_macro(np.eye(3)[y.astype(int)], scores[0], scores[1])
    assert _ends(noisy["auroc"]) == pytest.approx(_ends(one_hot), abs=1e-12)
    hit = [(scores[s].argmax(axis=1) == y).astype(float) for s in (0, 1)]
    assert noisy["accuracy"].value == hit[1].mean()
    plain = stats.paired_bootstrap(np.mean, hit[0], hit[1], resamples=300)
    assert _ends(noisy["accuracy"]) == pytest.approx(_ends(plain), abs=1e-9)


def test_multiclass_with_a_rare_class() -> None:
    rng = np.random.default_rng(0)
    y = np.r_[np.tile([0.0, 1.0], 30), 2.0]
    scores = {s: rng.dirichlet(np.ones(4), 61) for s in (0, 1)}
    values, excluded = _score(y, scores, task="multiclass", labels=("a", "b", "c", "d"))
    assert list(excluded) == ["d"]
    of = "auroc, average_precision, f1, sensitivity, specificity"
    assert f"(left out of {of})" in excluded["d"]
    assert list(values[1]["accuracy"].labels) == ["a", "b", "c"]
    # One sample of c: no interval for it, nor for a mean it is part of; top-1 is over all samples.
    for name, metric in values[1].items():
        against_the_rest = name in ("specificity", "ece", "brier")
        assert (metric.labels["c"].low is None) != against_the_rest
    assert values[1]["auroc"].low is None
    assert values[1]["f1"].low is None
    assert values[1]["accuracy"].low is not None


def test_segmentation() -> None:
    rng = np.random.default_rng(0)
    dice = {s: rng.beta(8 - 2 * s, 2, (80, 3)) for s in (0, 1, 2)}
    for values in dice.values():
        values[:10, 1] = np.nan
        values[:, 2] = np.nan
    per_image = {"dice": dice, "iou": {s: v / (2 - v) for s, v in dice.items()}}
    scored, excluded = _score(
        np.zeros((80, 3)),
        dice,
        task="segmentation",
        per_image=per_image,
        metrics=["dice", "iou"],
        resamples=500,
    )
    assert excluded == {"Hernia": "no image has it (left out of dice, iou)"}
    assert list(scored[1]) == ["dice", "iou"]
    found = scored[2]["dice"]
    assert found.value == pytest.approx(np.nanmean(dice[2][:, :2], axis=0).mean())
    gap = dice[0] - dice[2]
    assert found.drop == pytest.approx(np.nanmean(gap[:, :2], axis=0).mean())
    plain = stats.paired_bootstrap(np.mean, dice[0][:, 0], dice[2][:, 0], resamples=500)
    assert _ends(found.labels["Effusion"]) == pytest.approx(_ends(plain), abs=1e-12)
    assert _ends(found.labels["Mass"]) != _ends(found.labels["Effusion"])


def test_one_class_labels_are_left_out_by_name() -> None:
    y, scores = _multilabel()
    y[:, 2] = 0.0
    values, excluded = _score(y, scores)
    assert excluded == {
        "Hernia": "0 positive and 150 negative labelled samples, both are needed "
        "(left out of auroc, average_precision, f1, sensitivity, specificity)"
    }
    for severity in values:
        assert list(values[severity]["auroc"].labels) == ["Effusion", "Mass"]
        assert list(values[severity]["accuracy"].labels) == list(LABELS)
        mean = np.mean([v.value for v in values[severity]["auroc"].labels.values()])
        assert values[severity]["auroc"].value == pytest.approx(mean)


def test_no_label_left_names_all() -> None:
    y, scores = _multilabel()
    y[:] = 1.0
    with pytest.raises(MetricError, match=r"auroc: no label is left.*Effusion: 150 positive and 0"):
        _score(y, scores)
    assert _score(y, scores, metrics=["accuracy"])[0][0]["accuracy"].value > 0


def test_one_positive_has_a_value_without_an_interval() -> None:
    y, scores = _multilabel()
    y[:, 1] = 0.0
    y[7, 1] = 1.0
    values, _ = _score(y, scores)
    for name in ("auroc", "average_precision", "f1"):
        found = values[1][name]
        assert np.isfinite(found.labels["Mass"].value)
        assert (found.labels["Mass"].method, *_ends(found.labels["Mass"])) == (None, None, None)
        assert _ends(found) == (None, None)
        assert found.labels["Effusion"].low is not None
    assert values[1]["accuracy"].low is not None


def test_one_sample() -> None:
    values, _ = _score(np.ones((1, 3)), {0: np.ones((1, 3)), 1: np.zeros((1, 3))}, metrics=["f1"])
    assert (values[1]["f1"].drop, *_ends(values[1]["f1"])) == (1.0, None, None)


def test_identical_scores_have_no_width() -> None:
    y, scores = _multilabel()
    values, _ = _score(y, {0: scores[0], 1: scores[0].copy()})
    for metric in values[1].values():
        for entry in (metric, *metric.labels.values()):
            assert (entry.drop, entry.low, entry.high) == (0.0, 0.0, 0.0)


def test_deterministic_whatever_else_is_asked() -> None:
    y, scores = _multilabel()
    whole, _ = _score(y, scores, seed=9)
    assert _score(y, scores, seed=9)[0] == whole
    assert _score(y, scores, seed=8)[0] != whole
    alone, _ = _score(y, {0: scores[0], 2: scores[2]}, metrics=["f1"], seed=9)
    assert alone[2]["f1"] == whole[2]["f1"]


def test_clean_alone() -> None:
    y, scores = _multilabel()
    values, _ = _score(y, {0: scores[0]})
    assert list(values) == [0]
    assert values[0]["f1"].low is None


def test_groups_are_resampled_whole() -> None:
    y, scores = _multilabel()
    patients = np.tile(np.arange(150), 2)
    twice = {s: np.concatenate([x, x]) for s, x in scores.items()}
    four = {s: np.concatenate([x, x]) for s, x in twice.items()}
    many = {"resamples": 4000}  # so that widths are told to a few hundredths
    double, _ = _score(np.concatenate([y, y]), twice, groups=patients, **many)
    fourfold, _ = _score(np.concatenate([y] * 4), four, groups=np.tile(patients, 2), **many)
    plain, _ = _score(np.concatenate([y, y]), twice, **many)
    for name, metric in double[1].items():
        assert metric.method == "bootstrap by group"
        assert _ends(fourfold[1][name]) == pytest.approx(_ends(metric), abs=1e-9)
        (low, high), (lower, upper) = _ends(plain[1][name]), _ends(metric)
        assert low is not None
        assert high is not None
        assert lower is not None
        assert upper is not None
        assert (upper - lower) / (high - low) == pytest.approx(np.sqrt(2), rel=0.15), name


def test_groups_of_one_sample_change_nothing() -> None:
    y, scores = _multilabel()
    alone, _ = _score(y, scores, groups=[f"patient {n}" for n in range(150)])
    assert alone == _score(y, scores)[0]


def _brier(targets: Array, scores: Array) -> float:
    return float(np.nanmean((scores - targets) ** 2))


def test_a_metric_of_the_user_that_is_lower_when_better(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Metric(name="error", title="Error", higher_is_better=False, compute=_brier)
    monkeypatch.setitem(registry._METRICS, "error", mine)
    y, scores = _multilabel()
    values, _ = _score(y, scores, metrics=["error"], resamples=200)
    found = values[2]["error"]
    assert found.drop == pytest.approx(_brier(y, scores[2]) - _brier(y, scores[0]))
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < found.drop < found.high


@pytest.mark.parametrize(
    ("metric", "task", "message"),
    [
        ("dice", "multilabel", "'dice' is not a metric for multilabel; multilabel has: auroc"),
        ("auroc", "segmentation", "segmentation has: dice, iou"),
        ("aurok", "binary", "unknown metric for binary 'aurok'; did you mean 'auroc'"),
    ],
)
def test_a_metric_that_the_task_has_not(metric: str, task: str, message: str) -> None:
    y, scores = _multilabel()
    with pytest.raises(SpecError, match=message):
        _score(y, scores, task=task, metrics=[metric])


def test_scores_that_are_not_finite() -> None:
    y, scores = _multilabel()
    scores[2][:4, 0] = [np.nan, np.nan, np.inf, -np.inf]
    with pytest.raises(MetricError, match="4 of 450 scores at severity 2 are NaN or infinite"):
        _score(y, scores)
    dice = {0: np.ones((5, 3)), 1: np.ones((5, 3))}
    dice[1][0, 0] = np.nan  # ignored in the noisy run only: not like with like
    with pytest.raises(MetricError, match="1 of 15 scores at severity 1"):
        _score(y, dice, task="segmentation", per_image={"dice": dice}, metrics=["dice"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": {1: np.zeros((150, 3))}}, r"severity 0 \(clean\) is missing; got \[1\]"),
        ({"scores": {0: np.zeros((150, 3)), 1: np.zeros((9, 3))}}, r"severity 1 have shape \(9, 3"),
        ({"labels": ("Mass",)}, r"1 labels do not fit scores of shape \(150, 3\)"),
        ({"task": "segmentation"}, "dice needs per-image values"),
    ],
)
def test_what_does_not_fit(change: dict[str, Any], message: str) -> None:
    y, scores = _multilabel()
    with pytest.raises(MetricError, match=message):
        _score(y, **{"scores": scores, **change})


def test_confidence_out_of_range() -> None:
    y, scores = _multilabel()
    with pytest.raises(SpecError, match="confidence must be between 0 and 1"):
        _score(y, scores, confidence=95)
