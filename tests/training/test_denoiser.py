"""A small DnCNN: trained, read back, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from pytest_xraynoise import training
from pytest_xraynoise.engine.denoisers import built_in
from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models.denoisers.dncnn import DnCNN
from tests.training.conftest import same_weights

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_xraynoise.data.phantom import PhantomClassification, PhantomSegmentation


def test_a_denoiser_takes_noise_away(findings: PhantomClassification, tmp_path: Path) -> None:
    words: dict[str, Any] = {
        "out": tmp_path,
        "options": {"depth": 4, "width": 16},
        "robust": ["gaussian"],
        "learning_rate": 5e-3,
        "epochs": 12,
        "batch_size": 4,
    }
    made = training.train_denoiser(findings, findings, **words)
    found = made.card["validation"]
    assert made.card["kind"] == "denoiser"
    assert found["value"] > found["noisy"] + 3, "at least 3 dB on the ladder"
    read = training.load_denoiser(tmp_path)
    assert same_weights(read, made.model)
    assert built_in(f"dncnn:{tmp_path}") is built_in(f"dncnn:{tmp_path}")
    with pytest.raises(ModelError, match="load_denoiser"):
        training.load(tmp_path)
    again = training.train_denoiser(findings, findings, resume=True, **words)
    assert again.card == made.card


def test_masks_are_no_hindrance(lungs: PhantomSegmentation) -> None:
    made = training.train_denoiser(lungs, masks=True, steps=1)
    assert isinstance(made.model, DnCNN)


def test_an_untrained_denoiser_changes_nothing() -> None:
    images = torch.rand(2, 1, 16, 16)
    assert torch.equal(DnCNN(3, 4).eval()(images), images)


def test_what_is_refused(findings: PhantomClassification, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="needs noise to learn"):
        training.train_denoiser(findings, robust=[], steps=1)
    with pytest.raises(SpecError, match="a denoiser has none"):
        training.train_denoiser(findings, consistency=1.0, steps=1)
    with pytest.raises(SpecError, match="depth=2"):
        training.train_denoiser(findings, options={"depth": 2}, steps=1)
    with pytest.raises(ModelError, match=r"expected a trained model, .*there is none"):
        built_in(f"dncnn:{tmp_path}")
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no model.json of a training run"):
        built_in(f"dncnn:{tmp_path}")
