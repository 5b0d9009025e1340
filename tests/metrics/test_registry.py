from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from pytest_xraynoise import metrics
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.metrics import registry


def test_names_by_task() -> None:
    assert metrics.names("segmentation") == ("dice", "iou")
    assert metrics.names("multilabel") == ("auroc", "average_precision", "accuracy", "f1")
    assert set(metrics.names()) == {*metrics.names("binary"), *metrics.names("segmentation")}
    assert metrics.defaults("multiclass") == metrics.names("multiclass")
    assert metrics.defaults("segmentation") == ("dice", "iou")


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
