"""What a study is made of: models, trainings, noises, denoisers."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSIFIERS = ("resnet", "densenet", "efficientnet", "vit", "swin", "convnext")
SEGMENTERS = ("unet", "deeplabv3", "fpn", "segformer", "upernet")
NOISES = ("poisson", "gaussian", "poisson+gaussian", "lowdose")
STRESS = ("poisson", "gaussian")
METRIC = {"classification": "auroc", "segmentation": "dice"}
LEAST = {"classification": 0.7, "segmentation": 0.5}
"""AUROC or Dice on clean images below which a model says nothing about losses."""
TRAININGS = ("clean", "robust")
DNCNN = "dncnn"
"""The denoiser that a study trains for itself."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One ladder of the study.

    Attributes:
        task: ``classification`` or ``segmentation``.
        model: a name of the zoo.
        training: ``clean`` or ``robust``.
        noise: a noise kind.
        denoiser: in front of the model, None for none.
    """

    task: str
    model: str
    training: str
    noise: str
    denoiser: str | None = None

    @property
    def trained(self) -> str:
        """The name of the trained model, and of its folder."""
        return f"{self.model}-{self.training}"

    @property
    def key(self) -> str:
        """The name of the cell's file."""
        words = [self.trained, self.noise, *([self.denoiser] if self.denoiser else [])]
        return re.sub(r"[^\w.+-]", "_", "--".join(words))

    @property
    def nodeid(self) -> str:
        """The name of the cell in reports."""
        front = f", {self.denoiser} in front" if self.denoiser else ""
        return f"study/{self.task}.py::{self.model}[{self.training}, {self.noise}{front}]"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides a study's numbers, beside the data.

    Attributes:
        data: ``phantom``, ``folder:ROOT``, ``chestxray14:ROOT`` or ``landmark:ROOT``.
        tasks: of the models; those that the data have.
        models: names of the zoo.
        noises: kinds of noise, each on its default ladder.
        trainings: ``clean``, and ``robust`` for training with the noises of ``robust_noises``.
        denoisers: built-in names, or ``dncnn`` for one that the study trains; in front of the
            models trained on clean images, under the noises of ``denoised_noises``.
        searched_noises: noises for which the breaking point is searched for; elsewhere the rungs
            say it.
        size: ``small`` or ``study``, of the zoo.
        image_size: pixels a side.
        epochs: of each training; None for the recipe's own.
        train_samples, samples: phantoms to train on, and samples to measure on; None for all.
        consistency: weight of the consistency loss of robust training.
        limit: how much AUROC or Dice may drop.
        seed: of training and noise.

    Raises:
        SpecError: for a word that makes no sense.
    """

    data: str = "phantom"
    tasks: tuple[str, ...] = ("classification", "segmentation")
    models: tuple[str, ...] = (*CLASSIFIERS, *SEGMENTERS)
    noises: tuple[str, ...] = NOISES
    trainings: tuple[str, ...] = TRAININGS
    denoisers: tuple[str, ...] = ("median", "dncnn")
    searched_noises: tuple[str, ...] = STRESS
    denoised_noises: tuple[str, ...] = STRESS
    robust_noises: tuple[str, ...] = STRESS
    size: str = "small"
    image_size: int = 112
    epochs: int | None = None
    train_samples: int | None = None
    samples: int | None = None
    consistency: float = 0.0
    limit: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        from pytest_xraynoise import noise
        from pytest_xraynoise.engine.denoiser_words import parse_word
        from pytest_xraynoise.models import zoo

        known = {"tasks": tuple(METRIC), "models": zoo.names(), "trainings": TRAININGS}
        for word, names in known.items():
            for name in getattr(self, word):
                if name not in names:
                    raise SpecError(unknown(word[:-1], name, names))
        for word in (*known, "noises", "denoisers"):
            if len(set(getattr(self, word))) < len(getattr(self, word)):
                raise SpecError(f"{word} {', '.join(getattr(self, word))}: one is there twice")
        given = (self.noises, self.robust_noises, self.searched_noises, self.denoised_noises)
        for kind in itertools.chain(*given):
            noise.get(kind)
        for name in self.denoisers:
            if name != DNCNN:
                parse_word(name)
        if self.size not in zoo.SIZES:
            raise SpecError(unknown("size", self.size, zoo.SIZES))
        for word in ("image_size", "epochs", "train_samples", "samples"):
            value = getattr(self, word)
            if value is not None and value < 1:
                raise SpecError(f"{word}={value!r}: expected a whole number, 1 or more")
        if not self.models or not self.noises or not self.trainings:
            raise SpecError("a study needs at least one model, one noise and one training")
        if not 0 < self.limit < 1:
            raise SpecError(f"limit={self.limit!r}: expected a drop between 0 and 1, 0.05 say")
        if not self.cells():
            raise SpecError(
                f"none of the models {', '.join(self.models)} is for {' or '.join(self.tasks)}"
            )

    def cells(self) -> list[Cell]:
        """Every ladder, model by model, those without a denoiser first."""
        from pytest_xraynoise.models import zoo

        found = []
        for task in self.tasks:
            for model in (name for name in self.models if name in zoo.names(task)):
                found += [
                    Cell(task, model, training, noise)
                    for training in self.trainings
                    for noise in self.noises
                ]
                found += [
                    Cell(task, model, "clean", noise, denoiser)
                    for denoiser in self.denoisers
                    for noise in self.noises
                    if noise in self.denoised_noises and "clean" in self.trainings
                ]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON would give them back."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain


def differences(plan: Plan, before: dict[str, Any]) -> Sequence[str]:
    """In which words a plan differs from another, as read from JSON, apart from what it adds.

    Further models, noises, trainings, tasks and denoisers may be added to a study, or left out;
    they change no number that is there.
    """
    free = ("models", "noises", "trainings", "tasks", "denoisers", "denoised_noises")
    now = plan.to_dict()
    return [
        f"{word}: {before.get(word)!r} there, {now[word]!r} now"
        for word in now
        if word not in free and before.get(word) != now[word]
    ]
