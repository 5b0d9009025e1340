from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pytest_xraynoise import metrics
from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.metrics import Reading, registry
from pytest_xraynoise.metrics.options import MetricOptions


def test_names_by_task() -> None:
    assert metrics.names("segmentation") == (
        "dice",
        "iou",
        "dice_worst_decile",
        "empty_masks",
        "area_error",
        "hd95",
        "nsd",
    )
    assert metrics.names("multilabel") == (
        "auroc",
        "average_precision",
        "accuracy",
        "f1",
        "sensitivity",
        "specificity",
        "ece",
        "brier",
        "balanced_accuracy",
        "sensitivity_at_specificity",
    )
    assert set(metrics.names()) == {*metrics.names("binary"), *metrics.names("segmentation")}
    assert metrics.defaults("multiclass") == metrics.names("multiclass")[:8]
    assert metrics.defaults("segmentation") == metrics.names("segmentation")[:4]


def test_get_names_the_nearest() -> None:
    assert metrics.get("auroc").title == "AUROC"
    with pytest.raises(SpecError, match="unknown metric 'aurok'; did you mean 'auroc'"):
        metrics.get("aurok")
    with pytest.raises(SpecError, match="unknown task 'segmentatoin'; did you mean"):
        metrics.names("segmentatoin")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="unknown task"):
        metrics.defaults("regression")  # type: ignore[arg-type]


def _constant(targets: Any, scores: Any) -> float:
    return 0.5


def test_register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_METRICS", dict(registry._METRICS))
    mine = metrics.Metric(name="coin", title="Coin", compute=_constant, tasks=frozenset({"binary"}))
    metrics.register_metric(mine)
    assert metrics.get("coin") is mine
    assert "coin" in metrics.names("binary")
    assert "coin" not in metrics.names("multilabel")
    assert "coin" not in metrics.defaults("binary")
    with pytest.raises(SpecError, match="exists already"):
        metrics.register_metric(mine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "auroc"}, "exists already"),
        ({"name": "My Metric"}, "lower-case"),
        ({"name": "relative_f1"}, "told apart"),
        ({"name": "ece_increase"}, "told apart"),
        ({"lower": 1.0, "upper": 0.0}, "must be below"),
        ({"tasks": frozenset()}, "no task"),
        ({"tasks": frozenset({"binry"})}, "did you mean 'binary'"),
    ],
)
def test_register_refuses(change: dict[str, Any], message: str) -> None:
    mine = metrics.Metric(name="mine", title="Mine", compute=_constant)
    with pytest.raises(SpecError, match=message):
        metrics.register_metric(replace(mine, **change))
    assert "mine" not in metrics.names()


def test_a_metric_from_samples_is_a_mean_with_a_fast_bootstrap() -> None:
    targets, scores = np.array([0.0, 1.0, 1.0, np.nan]), np.array([0.2, 0.9, 0.5, 0.3])
    mine = metrics.Metric.from_samples(
        name="absolute_error",
        title="Absolute error",
        values=lambda y, p: np.abs(p - y),
        higher_is_better=False,
        lower=0.0,
    )
    reading = mine.compute(targets, scores)
    assert isinstance(reading, Reading)
    assert reading.value == reading.labels[0] == pytest.approx(0.8 / 3)
    assert mine.weighted is not None
    macro, by_label = mine.weighted(targets, scores, np.array([[1.0, 1, 1, 1], [2, 0, 0, 1]]))
    assert macro == pytest.approx([0.8 / 3, 0.2])
    assert by_label[:, 0] == pytest.approx(macro)

    def constantly(value: Any) -> Any:
        return lambda targets, scores: value

    for wrong, message in ((np.zeros(3), r"\(N,\) or \(N, K\)"), (np.full(4, np.inf), "infinite")):
        bad = metrics.Metric.from_samples(name="x", title="X", values=constantly(wrong))
        with pytest.raises(MetricError, match=message):
            bad.compute(targets, scores)
    empty = metrics.Metric.from_samples(name="x", title="X", values=lambda y, p: y * np.nan)
    with pytest.raises(MetricError, match="no sample counts for it"):
        empty.compute(targets, scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reads": "dice"}, "add per_image=True"),
        ({"per_image": True}, "only a segmentation has per-image numbers"),
        (
            {"per_image": True, "tasks": frozenset({"segmentation"})},
            "is made from masks .* or reads the numbers of another .*; got reads='', known: dice",
        ),
        (
            {"per_image": True, "tasks": frozenset({"segmentation"}), "reads": "dise"},
            "got reads='dise'",
        ),
    ],
)
def test_per_image_numbers_must_come_from_somewhere(change: dict[str, Any], message: str) -> None:
    mine = metrics.Metric(name="mine", title="Mine", compute=_constant)
    with pytest.raises(SpecError, match=message):
        metrics.register_metric(replace(mine, **change))


def test_options_are_bound_where_a_metric_has_them() -> None:
    options = MetricOptions(ece_bins=1).all
    assert metrics.get("auroc").bound(options) is metrics.get("auroc")
    targets, scores = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.6, 0.9])
    one = metrics.get("ece").bound(options)
    assert one.compute(targets, scores) != metrics.get("ece").compute(targets, scores)
    assert one.weighted is not None
    assert one.weighted(targets, scores, np.ones((1, 4)))[0] == pytest.approx([0.0])


def test_register_wants_a_metric() -> None:
    with pytest.raises(SpecError, match=r"expects a pytest_xraynoise\.metrics\.Metric"):
        metrics.register_metric(_constant)  # type: ignore[arg-type]


def test_import_is_light() -> None:
    code = (
        "import sys, pytest_xraynoise.metrics as m, pytest_xraynoise.stats\n"
        "m.names('binary'), m.get('auroc'), m.defaults('segmentation')\n"
        "heavy = {'torch', 'numpy', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
