"""Training: what comes out, that it repeats, and that it goes on after a kill."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch

from pytest_xraynoise import XrayDataset, evaluate, training
from pytest_xraynoise.errors import DataError, ModelError, SpecError
from pytest_xraynoise.models import zoo
from tests.training.conftest import same_weights

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_xraynoise.data.phantom import PhantomClassification, PhantomSegmentation

ROBUST: dict[str, Any] = {"robust": ("poisson", "gaussian"), "consistency": 1.0}


@pytest.mark.parametrize(
    ("name", "words", "epochs", "rate"),
    [
        ("resnet", {}, 12, 4e-3),
        ("vit", {}, 30, 2e-4),
        ("swin", {"epochs": 3}, 3, 2e-4),
        ("convnext", {"learning_rate": 5e-3}, 30, 5e-3),
        ("segformer", {}, 12, 1e-3),
        ("dncnn", {}, 12, 1e-3),
    ],
)
def test_a_recipe_says_what_is_in_force(
    name: str, words: dict[str, Any], epochs: int, rate: float
) -> None:
    said = training.Recipe(name, **words).to_dict()
    assert (said["epochs"], said["learning_rate"]) == (epochs, rate)


def test_a_bar_tells_how_far_it_is(
    findings: PhantomClassification, capsys: pytest.CaptureFixture[str]
) -> None:
    training.train("resnet", findings, steps=3, batch_size=8, bar=True)
    shown = capsys.readouterr().err
    assert "reading:" in shown
    assert "3/3" in shown
    assert "loss=" in shown
    training.train("resnet", findings, steps=1, batch_size=8)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("words", [{}, ROBUST, {"robust": ("lowdose",)}])
def test_a_classifier_is_trained_and_read_back(
    findings: PhantomClassification, tmp_path: Path, words: dict[str, Any]
) -> None:
    made = training.train(
        "resnet", findings, findings, out=tmp_path, steps=2, batch_size=8, **words
    )
    card = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert card == made.card == training.load_card(tmp_path)
    assert card["labels"] == list(findings.labels)
    assert (card["task"], card["image_size"], card["steps"]) == ("multilabel", [40, 40], 2)
    assert card["training"]["robust"] == list(words.get("robust", ()))
    assert card["validation"]["metric"] == "auroc"
    assert made.metric == card["validation"]["value"]
    assert card["versions"]["torch"].startswith("2.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    read = training.load(tmp_path)
    assert not read.training
    assert same_weights(read, made.model)
    assert evaluate(read, findings, noise="gaussian", severities=[1]).labels == findings.labels


def test_a_segmenter_is_trained_and_read_back(lungs: PhantomSegmentation, tmp_path: Path) -> None:
    made = training.train("unet", lungs, lungs, out=tmp_path, steps=2, batch_size=8, **ROBUST)
    assert made.card["validation"]["metric"] == "dice"
    assert set(made.card["validation"]["labels"]) == set(lungs.labels)
    assert same_weights(training.load(tmp_path), made.model)


@pytest.mark.parametrize("name", zoo.names())
def test_every_model_of_the_zoo_takes_a_step(
    name: str, findings: PhantomClassification, lungs: PhantomSegmentation
) -> None:
    data = lungs if training.task_of(name) == "segmentation" else findings
    made = training.train(name, data, steps=1, batch_size=2)
    assert made.metric is None
    with torch.no_grad():
        assert torch.isfinite(made.model(torch.rand(1, 1, 40, 40))).all()


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("kill", [1, 3, 4, 5])
def test_a_run_that_was_killed_goes_on_to_the_same_bits(
    findings: PhantomClassification, tmp_path: Path, kill: int
) -> None:
    words: dict[str, Any] = {"epochs": 2, "batch_size": 8, "seed": 5, **ROBUST}
    whole = training.train("resnet", findings, findings, **words)

    def die(done: int, total: int, loss: float) -> None:
        assert total == 6
        if done == kill:
            raise _KilledError

    with pytest.raises(_KilledError):
        training.train("resnet", findings, findings, out=tmp_path, watch=die, **words)
    done: list[int] = []
    went_on = training.train(
        "resnet",
        findings,
        findings,
        out=tmp_path,
        resume=True,
        watch=lambda step, *_: done.append(step),
        **words,
    )
    assert done[0] == (1 if kill < 3 else 4 if kill < 6 else 7), "it went on from its checkpoint"
    assert same_weights(went_on.model, whole.model)
    assert went_on.card["validation"] == whole.card["validation"]


def test_the_checkpoint_is_tensors_and_plain_values(
    findings: PhantomClassification, tmp_path: Path
) -> None:
    with pytest.raises(_KilledError):
        training.train("resnet", findings, out=tmp_path, steps=3, batch_size=4, watch=_die)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert {"model", "optimiser", "schedule", "random", "step", "card"} <= state.keys()


def _die(*_: object) -> None:
    raise _KilledError


def test_the_seed_decides_and_nothing_else_is_touched(findings: PhantomClassification) -> None:
    before = torch.get_rng_state()
    one, two, other = (
        training.train("resnet", findings, steps=2, batch_size=8, seed=seed).model
        for seed in (1, 1, 2)
    )
    assert same_weights(one, two)
    assert not same_weights(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_folder_with_a_run_is_not_overwritten(
    findings: PhantomClassification, tmp_path: Path
) -> None:
    words: dict[str, Any] = {"out": tmp_path, "steps": 1, "batch_size": 4}
    first = training.train("resnet", findings, **words)
    with pytest.raises(SpecError, match=r"holds a finished run.*--resume.*--out"):
        training.train("resnet", findings, **words)
    again = training.train("resnet", findings, resume=True, **words)
    assert again.card == first.card
    with pytest.raises(SpecError, match=r"another run: training.steps: 1 there, 2 now"):
        training.train("resnet", findings, resume=True, **{**words, "steps": 2})
    with pytest.raises(ModelError, match=r"'resnet' there, 'vit' now.*weights do not fit"):
        training.train("vit", findings, resume=True, **words)
    few = XrayDataset([findings[n] for n in range(8)], labels=findings.labels)
    with pytest.raises(SpecError, match=r"another run: data.training.fingerprint"):
        training.train("resnet", few, resume=True, **words)


def test_an_unfinished_run_is_not_overwritten(
    findings: PhantomClassification, tmp_path: Path
) -> None:
    words: dict[str, Any] = {"out": tmp_path, "steps": 2, "batch_size": 4}
    with pytest.raises(_KilledError):
        training.train("resnet", findings, watch=_die, **words)
    with pytest.raises(SpecError, match="holds an unfinished run"):
        training.train("resnet", findings, **words)
    with pytest.raises(ModelError, match="not finished: go on with --resume"):
        training.load(tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match=r"cannot be read.*remove it to begin anew"):
        training.train("resnet", findings, resume=True, **words)


def test_weights_of_another_architecture_are_refused(
    findings: PhantomClassification, tmp_path: Path
) -> None:
    training.train("resnet", findings, out=tmp_path / "a", steps=1, batch_size=2)
    training.train("vit", findings, out=tmp_path / "b", steps=1, batch_size=2)
    (tmp_path / "a" / "model.safetensors").replace(tmp_path / "b" / "model.safetensors")
    with pytest.raises(ModelError, match=r"does not fit.*resnet"):
        training.load(tmp_path / "b")
    with pytest.raises(ModelError, match="holds a model"):
        training.load_denoiser(tmp_path / "b")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"robust": ["poison"]}, "did you mean 'poisson'"),
        ({"robust": "poisson"}, "expected a list"),
        ({"robust": ["poisson"], "severities": [9]}, "9"),
        ({"consistency": 1.0}, "consistency needs noise"),
        ({"epoch": 3}, "unknown word 'epoch'; did you mean 'epochs'"),
        ({"epochs": 0}, "epochs=0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"noise_probability": 2.0}, "noise_probability=2.0"),
        ({"size": "huge"}, "unknown size 'huge'"),
    ],
)
def test_words_that_make_no_sense(
    findings: PhantomClassification, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        training.train("resnet", findings, **{"steps": 1, **words})


def test_data_that_cannot_be_trained_on(
    findings: PhantomClassification, lungs: PhantomSegmentation
) -> None:
    with pytest.raises(SpecError, match="unknown model 'resnt'; did you mean 'resnet'"):
        training.train("resnt", findings)
    with pytest.raises(DataError, match="trained on a class, or a vector"):
        training.train("resnet", lungs, steps=1)
    with pytest.raises(DataError, match="trained on masks"):
        training.train("unet", findings, steps=1)
    with pytest.raises(DataError, match="name 2 labels"):
        training.train("resnet", findings, labels=["a", "b"], steps=1)
    mixed = [(torch.rand(1, 40, 40), 0), (torch.rand(1, 48, 48), 1)]
    with pytest.raises(DataError, match="images differ in shape"):
        training.train("resnet", mixed, steps=1)
    training.train("resnet", mixed, steps=1, image_size=40)


def test_a_loss_that_is_no_number_ends_the_run(
    findings: PhantomClassification, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverged(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return logits.sum() * math.nan

    monkeypatch.setattr("pytest_xraynoise.training.run.loss_for", lambda *_: diverged)
    with pytest.raises(ModelError, match=r"became nan at step 1 of 5.*lower learning_rate"):
        training.train("resnet", findings, steps=5, batch_size=4)


def test_images_that_do_not_fit_into_memory_are_read_again(
    findings: PhantomClassification, lungs: PhantomSegmentation
) -> None:
    for name, data in (("resnet", findings), ("unet", lungs)):
        kept, read = (
            training.train(name, data, data, steps=3, batch_size=4, memory=memory)
            for memory in (2**30, 4 * 40 * 40 * 4)
        )
        assert same_weights(kept.model, read.model)
        assert kept.card["data"] == read.card["data"]
