"""The clean operating point along a ladder: one threshold for each label, kept at every rung."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
import torch
from sklearn import metrics as sk

from pytest_xraynoise import evaluate
from pytest_xraynoise.data import XrayDataset
from pytest_xraynoise.engine.operating import at_clean_operating_point
from pytest_xraynoise.engine.scoring import score_ladder
from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.judge import RobustnessFailure, check, parse_limit
from pytest_xraynoise.metrics import Metric, registry
from pytest_xraynoise.metrics.operating_point import OperatingPoint
from pytest_xraynoise.metrics.options import MetricOptions

Array = npt.NDArray[np.float64]
LABELS = ("Effusion", "Mass", "Hernia")
COUNT = 80


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _films(seed: int = 0) -> tuple[torch.Tensor, Array]:
    """Films with three bands; a finding makes its band brighter."""
    rng = np.random.default_rng(seed)
    y = (rng.random((COUNT, 3)) < 0.4).astype(float)
    bands = 0.35 + 0.1 * y + rng.normal(0, 0.05, (COUNT, 3))
    images = np.repeat(bands[:, :, None], 6, axis=1).reshape(COUNT, 1, 18, 1).repeat(18, axis=3)
    return torch.from_numpy(images.clip(0, 1)).float(), y


def _bands(images: torch.Tensor) -> torch.Tensor:
    """Logits: the brightest pixel of each band, which noise makes brighter in every film."""
    bands: torch.Tensor = images[:, 0].reshape(len(images), 3, -1).max(2).values
    return (bands - 0.4) * 20


IMAGES, TARGETS = _films()
DATA = XrayDataset((IMAGES, torch.from_numpy(TARGETS)), labels=LABELS)
LADDER: dict[str, Any] = {"noise": "gaussian", "sigma": [0.02, 0.1]}


def _thresholds(scores: Array) -> list[float]:
    found = []
    for k in range(3):
        false, true, thresholds = sk.roc_curve(TARGETS[:, k], scores[:, k])
        best = float(thresholds[np.argmax(np.round(true - false, 12))])
        odds = np.log(np.array([best, scores[scores[:, k] < best, k].max()]))
        odds -= np.log1p(-np.array([best, scores[scores[:, k] < best, k].max()]))
        found.append(float(_sigmoid(odds.mean())))  # midway in log-odds, as the outputs are logits
    return found


def test_the_threshold_of_the_clean_images_is_kept_at_every_rung() -> None:
    result = evaluate(_bands, DATA, **LADDER)
    expected = _thresholds(result.scores())
    assert result.settings["operating_point"] == "Youden index on the clean images"
    shown = result.settings["thresholds"]
    assert list(shown) == list(LABELS)
    assert list(shown.values()) == pytest.approx(expected, abs=1e-7)
    for severity in result.severities:
        said = result.scores(severity=severity) >= np.array(expected)
        for name, side in (("sensitivity", 1), ("specificity", 0)):
            each = [sk.recall_score(TARGETS[:, k], said[:, k], pos_label=side) for k in range(3)]
            at = result.metric(name).rungs[severity]
            assert at.value == pytest.approx(np.mean(each), abs=1e-12)
            assert {k: v.value for k, v in at.labels.items()} == pytest.approx(
                dict(zip(LABELS, each, strict=True)), abs=1e-12
            )
    # What AUROC hides: the order is kept, and yet nothing is left of the specificity.
    auroc, specificity = result.metric("auroc"), result.metric("specificity")
    assert auroc.drop(severity=2) < 0.2
    assert specificity.drop(severity=2) > 0.5
    assert check(result, max_auroc_drop=0.2).status == "pass"
    with pytest.raises(RobustnessFailure, match=r"specificity dropped by 0\.\d+ at severity"):
        check(result, max_auroc_drop=0.2, max_specificity_drop=0.10)
    assert json.loads(json.dumps(result.to_dict()))["settings"]["thresholds"] == shown


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"at_sensitivity": 0.95}, "sensitivity of at least 0.95 on the clean images"),
        ({"operating_point": {"sensitivity": 0.95}}, "sensitivity of at least 0.95"),
        ({"at_specificity": 0.9}, "specificity of at least 0.9"),
        ({"operating_point": 0.3}, "probability of at least 0.3"),
        ({"operating_point": dict.fromkeys(LABELS, 0.3)}, "given threshold of each label"),
    ],
)
def test_other_operating_points(said: dict[str, Any], text: str) -> None:
    result = evaluate(_bands, DATA, **LADDER, **said)
    assert str(result.settings["operating_point"]).startswith(text)
    clean = result.rungs[0].metrics
    word = text.split()[0]
    if word in clean:
        level = float(text.split()[4])
        for at in clean[word].labels.values():
            assert level <= at.value < level + 0.1  # the first threshold that reaches it
    else:
        assert result.settings["thresholds"] == dict.fromkeys(LABELS, 0.3)
        scores = result.scores(severity=1) >= 0.3
        found = sk.recall_score(TARGETS, scores, average="macro")
        assert result.metric("sensitivity").value(severity=1) == pytest.approx(found)


def test_logits_that_saturate_stay_apart() -> None:
    z = np.array([60.0, 50.0, 45.0, 40.0, -5.0])
    y = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    made = at_clean_operating_point(
        ("Mass",), y, {0: _sigmoid(z), 1: _sigmoid(z)}, OperatingPoint(), {0: z, 1: z - 8.0}
    )
    assert made.decisions[0].tolist() == [1, 1, 0, 0, 0]
    assert made.decisions[1].tolist() == [1, 0, 0, 0, 0]
    assert made.thresholds == {"Mass": 1.0}  # as a probability there is no telling them apart


def test_labels_with_one_class_have_no_threshold_and_are_left_out_by_name() -> None:
    y = TARGETS.copy()
    y[:, 2] = 0.0
    data = XrayDataset((IMAGES, torch.from_numpy(y)), labels=LABELS)
    asked: list[dict[str, Any]] = [{}, {"operating_point": 0.5}, {"at_sensitivity": 0.9}]
    for said in asked:
        result = evaluate(_bands, data, **LADDER, **said)
        assert list(result.settings["thresholds"]) == ["Effusion", "Mass"]
        assert list(result.metric("specificity").by_label) == ["Effusion", "Mass"]
        assert "0 positive and 80 negative" in result.excluded["Hernia"]
        assert "sensitivity, specificity" in result.excluded["Hernia"]


def test_what_no_threshold_reaches_is_told_by_name() -> None:
    y = TARGETS.copy()
    y[:, 1] = 0.0
    y[np.argsort(_bands(IMAGES)[:, 1].numpy())[[0, -1, -2]], 1] = 1.0  # the darkest film has one
    data = XrayDataset((IMAGES, torch.from_numpy(y)), labels=LABELS)
    with pytest.raises(
        MetricError, match=r"\(Mass: reachable is a sensitivity from 0 to 0\.667, in steps of 1/3"
    ):
        evaluate(_bands, data, at_sensitivity=0.95, **LADDER)
    assert evaluate(_bands, data, at_sensitivity=0.6, **LADDER).clean["sensitivity"] > 0.6


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"at_sensitivity": 95}, r"did you mean 0\.95"),
        ({"operating_point": "yuden"}, "did you mean 'youden'"),
        ({"operating_point": {"Mass": 0.2}}, "no threshold for Effusion, Hernia"),
        ({"operating_point": {"Mas": 0.2}}, "unknown label 'Mas'; did you mean 'Mass'"),
        ({"tolerance": 2.0}, "tolerance= is a word of a segmentation, but this task is multilabel"),
        ({"ece_bins": 0}, "whole number from 1"),
        ({"specificity_level": 1.5}, "above 0, up to 1"),
    ],
)
def test_what_makes_no_sense(said: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        evaluate(_bands, DATA, **LADDER, **said)


def test_scores_that_are_not_finite_are_no_decisions() -> None:
    scores = {0: np.array([0.2, 0.8]), 1: np.array([0.2, np.nan])}
    with pytest.raises(MetricError, match="1 of 2 scores at severity 1 are NaN or infinite"):
        at_clean_operating_point(("Mass",), np.array([0.0, 1.0]), scores, OperatingPoint())


def test_a_contrast_and_classes() -> None:
    result = evaluate(_bands, DATA, contrast=("Mass", "Effusion"), **LADDER)
    assert list(result.settings["thresholds"]) == ["Mass vs Effusion"]
    assert 0 < result.clean["ece"] < 1
    ids = torch.arange(COUNT) % 3
    hot = torch.nn.functional.one_hot(ids, 3).float()
    films = (0.3 + 0.15 * hot).repeat_interleave(6, 1)[:, None, :, None].expand(-1, 1, 18, 18)
    result = evaluate(_bands, XrayDataset((films, ids), labels=LABELS), **LADDER)
    assert result.task == "multiclass"
    assert list(result.metric("sensitivity").by_label) == list(LABELS)
    assert result.clean["sensitivity"] == result.clean["specificity"] == 1.0


def _noisy_scores(n: int = 120) -> tuple[Array, dict[int, Array]]:
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.4).astype(float)
    z = 1.5 * y + rng.normal(size=n) - 0.7
    return y, {0: _sigmoid(z), 1: _sigmoid(z + 0.8 + rng.normal(size=n))}


def test_intervals_are_those_of_scipy() -> None:
    y, scores = _noisy_scores()
    found, _ = score_ladder(
        task="binary",
        labels=("Mass",),
        targets=y,
        scores=scores,
        per_image={},
        metrics=["sensitivity", "specificity", "brier"],
        resamples=4000,
    )
    made = at_clean_operating_point(("Mass",), y, scores, OperatingPoint())
    right = {s: np.where(y == 1, d, 1 - d) for s, d in made.decisions.items()}
    gap = right[0] - right[1]
    squares = [(scores[s] - y) ** 2 for s in (0, 1)]

    one_sample = 1 / min(y.sum(), (1 - y).sum())  # the ends are on such a lattice

    def ratio(members: Array, values: Array, axis: int = 0) -> Any:
        return (members * values).sum(axis=axis) / members.sum(axis=axis)

    for name, data in (
        ("sensitivity", (y, gap)),
        ("specificity", (1 - y, gap)),
        ("brier", (np.ones_like(y), squares[1] - squares[0])),
    ):
        theirs = scipy.stats.bootstrap(
            data, ratio, paired=True, vectorized=True, n_resamples=4000, method="percentile", rng=1
        ).confidence_interval
        at = found[1][name]
        assert at.drop == pytest.approx(ratio(*data))
        assert at.low == pytest.approx(theirs.low, abs=one_sample)
        assert at.high == pytest.approx(theirs.high, abs=one_sample)


def test_levels_and_bins_reach_the_metrics() -> None:
    y, scores = _noisy_scores()
    asked: dict[str, Any] = {
        "task": "binary",
        "labels": ("Mass",),
        "targets": y,
        "scores": scores,
        "per_image": {},
        "metrics": ["sensitivity_at_specificity", "ece"],
        "resamples": 200,
    }
    options = MetricOptions(specificity_level=0.5, ece_bins=1)
    values, _ = score_ladder(**asked, options=options)
    false, true, _ = sk.roc_curve(y, scores[1], drop_intermediate=False)
    at = values[1]["sensitivity_at_specificity"]
    assert at.value == pytest.approx(true[false <= 0.5].max())
    assert values[1]["ece"].value == pytest.approx(abs(scores[1].mean() - y.mean()))
    usual, _ = score_ladder(**asked)
    assert usual[1]["sensitivity_at_specificity"].value < at.value
    assert usual[0]["ece"].value > values[0]["ece"].value + 0.01
    for entry in (at, values[1]["ece"]):
        assert entry.low is not None
        assert entry.high is not None
        assert entry.low <= entry.drop <= entry.high
    result = evaluate(_bands, DATA, metrics=["ece"], ece_bins=5, **LADDER)
    assert result.settings["ece_bins"] == 5
    assert "thresholds" not in result.settings


def test_a_metric_of_the_user_at_the_operating_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def false_alarms(targets: Array, said: Array) -> Array:
        return np.where(targets == 0, said, np.nan)

    mine = Metric.from_samples(
        name="false_alarms",
        title="False alarms",
        values=false_alarms,
        higher_is_better=False,
        lower=0.0,
        upper=1.0,
        decided=True,
    )
    monkeypatch.setattr(registry, "_METRICS", dict(registry._METRICS))
    registry.register_metric(mine)
    result = evaluate(_bands, DATA, metrics=["false_alarms", "specificity"], **LADDER)
    for severity in (1, 2):
        ours, theirs = result.metric("false_alarms"), result.metric("specificity")
        assert ours.value(severity=severity) == pytest.approx(1 - theirs.value(severity=severity))
        a, b = ours.interval(severity=severity), theirs.interval(severity=severity)
        assert (a.estimate, a.low, a.high) == pytest.approx((b.estimate, b.low, b.high))
    with pytest.raises(RobustnessFailure, match="max_false_alarms_increase"):
        check(result, max_false_alarms_increase=0.1)


@pytest.mark.parametrize(
    "word",
    [
        "max_sensitivity_drop",
        "max_specificity_drop",
        "max_relative_specificity_drop",
        "min_sensitivity_at_specificity",
        "max_sensitivity_at_specificity_drop",
        "max_balanced_accuracy_drop",
        "max_ece",
        "max_ece_increase",
        "max_brier_increase",
        "max_hd95",
        "max_hd95_increase",
        "min_nsd",
        "min_dice_worst_decile",
        "max_dice_worst_decile_drop",
        "max_empty_masks",
        "max_empty_masks_increase",
        "max_area_error",
    ],
)
def test_every_metric_is_a_limit(word: str) -> None:
    assert parse_limit(word, 0.1).word == word
    wrong = word.replace("_increase", "_drop") if "increase" in word else f"{word}s"
    with pytest.raises(SpecError, match=r"lower-is-better|unknown limit"):
        parse_limit(wrong, 0.1)


def test_limits_without_an_upper_bound() -> None:
    assert parse_limit("max_hd95", 25.0).threshold == 25.0
    assert parse_limit("max_area_error_increase", 3).threshold == 3.0
    with pytest.raises(SpecError, match="expected 0 to no upper bound"):
        parse_limit("max_hd95", -1.0)
    with pytest.raises(SpecError, match=r"did you mean 0\.1\?"):
        parse_limit("max_ece_increase", 10)
