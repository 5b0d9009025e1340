"""Everything that decides the weights, beside the data."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import noise
from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

RATE, SLOW_RATE, ATTENTION_RATE = 4e-3, 1e-3, 2e-4
_RATES = {
    **dict.fromkeys(("convnext", "segformer", "upernet", "dncnn"), SLOW_RATE),
    **dict.fromkeys(("vit", "swin"), ATTENTION_RATE),
}
"""Networks with LayerNorm learn nothing at the rate of the others; of attention, at neither."""
EPOCHS, MORE_EPOCHS = 12, 30
_SLOW = ("vit", "swin", "convnext")
"""Classifiers that are still far from their best after the epochs of the others."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained.

    Attributes:
        architecture: a name of the zoo, or ``dncnn`` for a denoiser.
        size: ``small`` or ``study``, of the zoo; a denoiser has one size.
        options: passed on to the architecture.
        epochs: times that every sample is seen; None: 12, and 30 for vit, swin and convnext.
        steps: batches in all; counts instead of ``epochs`` where it is given.
        batch_size: samples in a step.
        learning_rate: the highest of the one-cycle schedule; None: 4e-3; 1e-3 for convnext,
            segformer, upernet and denoisers; 2e-4 for vit and swin.
        weight_decay: of AdamW.
        robust: kinds of noise that are added while training, each sample one of them at a random
            rung of its ladder; none for training on clean images.
        severities: the rungs that noise is taken from; None for whole ladders.
        noise_probability: how likely a sample gets noise.
        consistency: weight of the consistency loss between an image and its noisy copy; 0 for none.
            Needs ``robust``; a step then takes two forward passes.
        seed: of weights, order, augmentation and noise.
        threads: of torch while training; weights are the same for the same number. None: 1 for
            small models on the CPU, whose layers lose by a second one that is busy, else torch's.

    Raises:
        SpecError: for a word that makes no sense.
    """

    architecture: str
    size: str = "small"
    options: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 16
    learning_rate: float | None = None
    weight_decay: float = 0.05
    robust: tuple[str, ...] = ()
    severities: tuple[int, ...] | None = None
    noise_probability: float = 0.8
    consistency: float = 0.0
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        _whole("batch_size", self.batch_size, 1)
        for word in ("epochs", "steps", "threads"):
            if getattr(self, word) is not None:
                _whole(word, getattr(self, word), 1)
        _whole("seed", self.seed, 0)
        for word, low, high in (
            ("rate", 0.0, 10.0),
            ("weight_decay", 0.0, 10.0),
            ("noise_probability", 0.0, 1.0),
            ("consistency", 0.0, 1e4),
        ):
            _number("learning_rate" if word == "rate" else word, getattr(self, word), low, high)
        for kind in self.robust:
            named = noise.get(kind)
            for severity in self.severities or ():
                noise.ladder(named).rung(severity)
        if len(set(self.robust)) != len(self.robust):
            raise SpecError(f"robust={list(self.robust)!r} names a noise twice")
        if not self.robust and (self.consistency or self.severities):
            word = "consistency" if self.consistency else "severities"
            raise SpecError(f"{word} needs noise to train with: robust=['poisson'], say")

    @property
    def rate(self) -> float:
        """The learning rate in force."""
        if self.learning_rate is not None:
            return self.learning_rate
        return _RATES.get(self.architecture, RATE)

    @property
    def passes(self) -> int:
        """The epochs in force."""
        return self.epochs or (MORE_EPOCHS if self.architecture in _SLOW else EPOCHS)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        said = dataclasses.asdict(self)
        listed = {name: list(v) for name, v in said.items() if isinstance(v, tuple)}
        return {**said, **listed, "epochs": self.passes, "learning_rate": self.rate}


def _whole(word: str, value: Any, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise SpecError(f"{word}={value!r}: expected a whole number, {low} or more")


def _number(word: str, value: Any, low: float, high: float) -> None:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or not low <= value <= high:
        raise SpecError(f"{word}={value!r}: expected a number from {low:g} to {high:g}")
