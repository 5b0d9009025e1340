"""The models that the examples train on the phantom: their cache, and how hard the phantom is."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from pytest_xraynoise.data.phantom import ChestPhantom
from pytest_xraynoise.training import words as words_of_training
from pytest_xraynoise.training.loop import Loop

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "phantom_models.py"


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example's module with recipes of seconds instead of minutes."""
    spec = importlib.util.spec_from_file_location("phantom_models_under_test", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def quick(models: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("CLASSIFIER", "SEGMENTER"):
        words = {"epochs": 1, "batch_size": 4}
        recipe = replace(getattr(models, name), samples=8, words=words)
        monkeypatch.setattr(models, name, recipe)
    monkeypatch.setattr(models, "SIZE", 64)
    monkeypatch.setattr(words_of_training, "HELD_OUT", {"classification": 8, "segmentation": 8})
    return models


def _train(module: ModuleType, folder: Path) -> tuple[torch.nn.Module, list[str]]:
    said: list[str] = []
    return module.trained_segmenter(folder, said.append), said


def test_the_second_call_reads_what_the_first_trained(quick: ModuleType, tmp_path: Path) -> None:
    first, said = _train(quick, tmp_path)
    assert "training" in said[0]
    second, said = _train(quick, tmp_path)
    assert said == []
    assert not second.training
    assert str(second.xraynoise_name).endswith("trained on phantoms")
    images = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        assert torch.equal(first(images), second(images))
    (card,) = tmp_path.glob("*/model.json")
    read = json.loads(card.read_text())["validation"]
    assert 0 <= read["value"] <= 1
    assert set(read["labels"]) == {"left lung", "right lung", "heart"}


def test_the_caller_keeps_its_random_state(quick: ModuleType, tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    quick.trained_classifier(tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("harm", ["truncated weights", "no weights", "broken card"])
def test_a_damaged_cache_is_trained_again(quick: ModuleType, tmp_path: Path, harm: str) -> None:
    first, _ = _train(quick, tmp_path)
    (card,) = tmp_path.glob("*/model.json")
    (weights,) = tmp_path.glob("*/*.safetensors")
    if harm == "truncated weights":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif harm == "no weights":
        weights.unlink()
    else:
        card.write_text("{")
    again, said = _train(quick, tmp_path)
    assert "training again" in said[0]
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    )
    assert _train(quick, tmp_path)[1] == []


def test_another_recipe_is_another_model(
    quick: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _train(quick, tmp_path)
    other = replace(quick.SEGMENTER, words={**quick.SEGMENTER.words, "seed": 1})
    monkeypatch.setattr(quick, "SEGMENTER", other)
    _, said = _train(quick, tmp_path)
    assert "training" in said[0]
    assert len(list(tmp_path.glob("*/model.json"))) == 2


def test_what_was_interrupted_goes_on(
    quick: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, steps = Loop._take, []

    def stop(self: Any, places: Any) -> float:
        steps.append(self.step)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return take(self, places)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_take", stop)
        with pytest.raises(KeyboardInterrupt):
            _train(quick, tmp_path)
    assert not list(tmp_path.glob("*/model.json"))
    model, said = _train(quick, tmp_path)
    assert "training" in said[0]
    whole, _ = _train(quick, tmp_path / "another")
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.state_dict().values(), whole.state_dict().values(), strict=True)
    )


def test_held_out_phantoms_are_not_those_of_training(models: ModuleType) -> None:
    training_seed, held_out_seed = words_of_training.TRAIN_SEED, words_of_training.VALIDATION_SEED
    assert training_seed != held_out_seed
    assert models.validation_classification(3)[0]["id"] == f"phantom-{held_out_seed}-0"
    assert models.validation_segmentation(3)[0]["mask"].shape == (3, models.SIZE, models.SIZE)


def test_the_findings_take_more_than_a_linear_look() -> None:
    """A cheap stand-in for training: far from chance for some, far from solved for most."""
    phantom = ChestPhantom(300, size=32, seed=21)
    items = [phantom[k] for k in range(300)]
    images = np.stack([i["image"].reshape(16, 2, 16, 2).mean((1, 3)).ravel() for i in items])
    targets = np.stack([i["target"] for i in items])
    images = (images - images[:200].mean(0)) / images[:200].std(0)
    aurocs = []
    for k in range(6):
        model = LogisticRegression(C=0.01, max_iter=500).fit(images[:200], targets[:200, k])
        aurocs.append(roc_auc_score(targets[200:, k], model.decision_function(images[200:])))
    assert max(aurocs) > 0.65
    assert np.mean(aurocs) < 0.85


@pytest.mark.slow
def test_a_small_classifier_is_good_but_not_perfect(models: ModuleType, tmp_path: Path) -> None:
    models.trained_classifier(tmp_path)
    (card,) = tmp_path.glob("*/model.json")
    read = json.loads(card.read_text())["validation"]
    assert 0.85 <= read["value"] <= 0.97
    assert all(0.75 <= value <= 0.995 for value in read["labels"].values())


@pytest.mark.slow
def test_a_small_segmenter_finds_lungs_and_heart(models: ModuleType, tmp_path: Path) -> None:
    models.trained_segmenter(tmp_path)
    (card,) = tmp_path.glob("*/model.json")
    read = json.loads(card.read_text())["validation"]
    assert read["value"] > 0.9
    assert all(value > 0.85 for value in read["labels"].values())
