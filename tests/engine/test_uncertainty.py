"""Intervals of values and of draws, from the resamples and components that drops use."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from pytest_xraynoise import stats
from pytest_xraynoise.engine.repeats import key_of, severities_of
from pytest_xraynoise.engine.scoring import LadderScore, score_ladder, score_with_spreads
from pytest_xraynoise.metrics import registry
from pytest_xraynoise.metrics.operating_point import OperatingPoint
from pytest_xraynoise.metrics.options import MetricOptions

Array = npt.NDArray[np.float64]


def binary(
    n: int = 120, seed: int = 0, draws: int = 1, rungs: int = 2, noise: float = 0.5
) -> tuple[Array, dict[int, Array]]:
    """Targets, and probabilities by key: every draw has noise of its own."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(float)
    z = 1.5 * y - 0.7 + rng.normal(size=n)
    scores = {0: z}
    for draw in range(draws):
        field = rng.normal(size=n)
        scores |= {key_of(s, draw): z + noise * s * field for s in range(1, rungs + 1)}
    return y, {key: 1 / (1 + np.exp(-values)) for key, values in scores.items()}


def scored(y: Array, scores: dict[int, Array], *metrics: str, **words: Any) -> LadderScore:
    return score_with_spreads(
        task="binary", labels=("x",), targets=y, scores=scores, per_image={}, metrics=metrics,
        **words,
    )  # fmt: skip


def test_value_intervals_come_from_the_resamples_of_the_drops() -> None:
    y, scores = binary()
    at = scored(y, scores, "accuracy", resamples=500, seed=3).values
    weights = np.concatenate(list(stats.resampling_weights(120, 500, seed=3)))
    for severity in (0, 1, 2):
        values = [accuracy_score(y, scores[severity] > 0.5, sample_weight=w) for w in weights]
        found = at[severity]["accuracy"]
        expected = np.percentile(values, [2.5, 97.5])
        assert (found.value_low, found.value_high) == pytest.approx(tuple(expected), abs=1e-12)
    assert at[0]["accuracy"].low is None


def test_the_value_of_an_auroc_has_delongs_standard_error() -> None:
    y, scores = binary()
    for severity, at in scored(y, scores, "auroc").values.items():
        s = scores[severity]
        wins = (s[y == 1][:, None] > s[y == 0]).astype(float)
        m, n = wins.shape
        error = math.sqrt(wins.mean(1).var(ddof=1) / m + wins.mean(0).var(ddof=1) / n)
        found = at["auroc"]
        assert found.value == pytest.approx(roc_auc_score(y, s))
        assert found.value_low == pytest.approx(found.value - 1.959963985 * error)
        assert found.value_high == pytest.approx(found.value + 1.959963985 * error)
        assert found.labels["x"].value_low == found.value_low


def test_one_positive_leaves_values_without_an_interval() -> None:
    y, scores = binary(40)
    y[:] = 0
    y[3] = 1
    found = scored(y, scores, "auroc", "brier").values[1]
    assert found["auroc"].value_low is None
    assert found["auroc"].low is None
    assert found["brier"].value_low is not None


def test_one_draw_is_the_ladder_without_draws() -> None:
    y, scores = binary()
    assert severities_of(scores) == [0, 1, 2]
    assert list(scores) == [0, 1, 2]  # keys of the first draw are severities
    assert scored(y, scores, "auroc", "brier").values[1]["brier"].draw_sd is None


@pytest.mark.parametrize("metric", ["auroc", "brier", "accuracy"])
def test_values_are_means_over_draws_and_their_spread_is_told(metric: str) -> None:
    y, scores = binary(draws=3)
    together = scored(y, scores, metric).values
    alone = [
        scored(y, {s: scores[key_of(s, draw)] for s in (0, 1, 2)}, metric).values
        for draw in range(3)
    ]
    for severity in (1, 2):
        values = [each[severity][metric].value for each in alone]
        drops = [each[severity][metric].drop for each in alone]
        found = together[severity][metric]
        assert found.value == pytest.approx(np.mean(values), abs=1e-12)
        assert found.drop == pytest.approx(np.mean(drops), abs=1e-12)
        assert found.draw_sd == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        assert found.labels["x"].draw_sd == found.draw_sd
    assert together[0][metric].value == alone[0][0][metric].value
    assert together[0][metric].draw_sd is None


def test_more_draws_narrow_the_interval_where_noise_is_what_is_uncertain() -> None:
    y, scores = binary(n=200, draws=8, rungs=1, noise=3.0)
    first = {key: scores[key] for key in (0, 1)}
    for metric in ("auroc", "brier"):
        one, eight = (scored(y, s, metric).values[1][metric] for s in (first, scores))
        assert None not in (one.low, one.high, eight.low, eight.high)
        widths = [(x.high or 0) - (x.low or 0) for x in (one, eight)]
        assert widths[1] < 0.85 * widths[0]


def _covered(metric: str, trials: int, samples: int, draws: int) -> tuple[float, float]:
    """How often the intervals hold the true drop and the true value of averaged draws."""
    truth_y, truth = binary(n=200_000, seed=999, draws=1, rungs=1, noise=1.5)
    read = {"auroc": roc_auc_score, "brier": lambda y, s: float(np.mean((y - s) ** 2))}[metric]
    value = read(truth_y, truth[1])
    drop = (read(truth_y, truth[0]) - value) * (1 if metric == "auroc" else -1)
    hits = np.zeros(2)
    for trial in range(trials):
        y, scores = binary(samples, 1000 + trial, draws, 1, noise=1.5)
        at = scored(y, scores, metric, resamples=400, seed=trial).values[1][metric]
        assert at.low is not None
        assert at.high is not None
        assert at.value_low is not None
        assert at.value_high is not None
        hits += (at.low <= drop <= at.high, at.value_low <= value <= at.value_high)
    return hits[0] / trials, hits[1] / trials


@pytest.mark.parametrize("metric", ["auroc", "brier"])
def test_coverage_of_drops_and_values_of_averaged_draws(metric: str) -> None:
    # 300 trials of 95%: three standard errors are 3.8 points.
    for covered in _covered(metric, 300, 150, draws=3):
        assert 0.912 <= covered <= 0.988


@pytest.mark.slow
@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("samples", [150, 600])
@pytest.mark.parametrize("metric", ["auroc", "brier"])
def test_coverage_in_many_trials(metric: str, samples: int, draws: int) -> None:
    for covered in _covered(metric, 2000, samples, draws):
        assert 0.93 <= covered <= 0.97


def test_ece_has_the_basic_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Percentiles turned around the estimate, because resampling alone makes ECE larger."""
    draw = np.random.default_rng(0)
    clean = draw.uniform(0.3, 0.6, 200)
    targets = (draw.random(200) < clean).astype(float)
    words: dict[str, Any] = {
        "task": "binary",
        "labels": ("Nodule",),
        "targets": targets,
        "scores": {0: clean, 1: clean + 0.2},
        "per_image": {},
        "metrics": ("ece",),
        "resamples": 300,
    }
    turned = score_ladder(**words)[0]
    known = dict(registry._METRICS)
    monkeypatch.setattr(
        registry, "_METRICS", {**known, "ece": replace(known["ece"], shifted=False)}
    )
    plain = score_ladder(**words)[0]
    for severity in (0, 1):
        ours, theirs = turned[severity]["ece"], plain[severity]["ece"]
        assert (ours.value, ours.drop) == (theirs.value, theirs.drop)
        assert theirs.value_low is not None
        assert theirs.value_high is not None
        assert ours.value_low == pytest.approx(max(0.0, 2 * ours.value - theirs.value_high))
        assert ours.value_high == pytest.approx(max(0.0, 2 * ours.value - theirs.value_low))
    ours, theirs = turned[1]["ece"], plain[1]["ece"]
    assert theirs.low is not None
    assert theirs.high is not None
    assert ours.low is not None
    assert ours.high is not None
    assert ours.low == pytest.approx(2 * ours.drop - theirs.high)
    assert ours.high == pytest.approx(2 * ours.drop - theirs.low)
    truth = 0.2
    assert abs((ours.low + ours.high) / 2 - truth) < abs((theirs.low + theirs.high) / 2 - truth)


def test_a_macro_mean_is_over_the_same_labels_in_every_resample() -> None:
    """A with nothing lost, B with two positives, both lost: the mean drop is 0.5 or not defined."""
    targets = np.zeros((100, 2))
    targets[:50, 0] = 1
    targets[:2, 1] = 1
    clean = np.where(targets == 1, 0.9, 0.1)
    noisy = clean.copy()
    noisy[:2, 1] = 0.2
    found = score_ladder(
        task="multilabel",
        labels=("A", "B"),
        targets=targets,
        scores={0: clean, 1: noisy},
        per_image={},
        metrics=("sensitivity",),
        options=MetricOptions(operating_point=OperatingPoint("threshold", 0.5)),
    )[0][1]["sensitivity"]
    assert found.drop == 0.5
    assert (found.low, found.high) == (0.5, 0.5)
