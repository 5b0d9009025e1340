"""What is to be measured, validated before any image is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_args

from pytest_xraynoise import metrics, noise
from pytest_xraynoise.engine.kind_words import PITCH, configured_kind, split_words
from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.metrics.options import CLASSIFIER_WORDS, SEGMENTER_WORDS, parse_options
from pytest_xraynoise.results import Rung, Task

if TYPE_CHECKING:
    from pytest_xraynoise.metrics.options import MetricOptions
    from pytest_xraynoise.noise import Ladder, NoiseKind

OUTPUT_KINDS = ("auto", "logits", "probabilities")
NOISE_AT = ("model", "native")
MOST_REPEATS = 1000
_INTERNAL = ("parameters", "settings", "also")  # fields that no user writes


@dataclass(frozen=True)
class LadderRequest:
    """One ladder on one model and one dataset. Checked when it is made; needs no torch.

    Attributes:
        noise: name of the noise kind.
        severities: which rungs to run, all of the ladder by default.
        ladder: a named ladder, the kind's default when None.
        parameters: own rungs, ``{"photons": (1000, 200, 50)}`` = severities 1, 2, 3.
        settings: of the kind, ``{"detector": "csi-0.139", "pixel_pitch": 0.68}``.
        metrics: what to compute; the task's defaults when None.
        also: metrics that are added to the defaults, because limits name them.
        seed, repeats, confidence, samples, task, labels, contrast, outputs, noise_at: as in
            :func:`evaluate`.
        operating_point, at_sensitivity, at_specificity, specificity_level, ece_bins, tolerance: as
            in :func:`evaluate`; None where nothing was said.
    """

    noise: str
    severities: tuple[int, ...] | None = None
    ladder: str | None = None
    parameters: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    seed: int = 0
    repeats: int = 1
    confidence: float = 0.95
    samples: int | None = None
    task: Task | None = None
    labels: tuple[str, ...] | None = None
    contrast: tuple[str, str] | None = None
    outputs: str = "auto"
    noise_at: str = "model"
    operating_point: Any = None
    at_sensitivity: float | None = None
    at_specificity: float | None = None
    specificity_level: float | None = None
    ece_bins: int | None = None
    tolerance: float | None = None

    def __post_init__(self) -> None:
        kind = self.kind
        settings, _ = self.split(kind, self.parameters)
        for word in settings:
            raise SpecError(f"unknown word {word!r} for a rung: it is a setting of {kind.name!r}")
        for name in (*(self.metrics or ()), *self.also):
            metrics.get(name)
        if self.task is not None and self.task not in get_args(Task):
            raise SpecError(unknown("task", self.task, get_args(Task)))
        if self.outputs not in OUTPUT_KINDS:
            raise SpecError(unknown("outputs", self.outputs, OUTPUT_KINDS))
        if self.noise_at not in NOISE_AT:
            raise SpecError(unknown("noise_at", self.noise_at, NOISE_AT))
        if not (isinstance(self.confidence, (int, float)) and 0.5 <= self.confidence < 1):
            raise SpecError(
                f"confidence={self.confidence!r}: expected a number from 0.5 to below 1"
            )
        _whole("seed", self.seed, 0, 2**64)
        _whole("repeats", self.repeats, 1, MOST_REPEATS + 1)
        if self.samples is not None:
            _whole("samples", self.samples, 2, 2**63)
        self._check_labels()
        _ = self.options
        _ = self.rungs

    @classmethod
    def split(
        cls, kind: NoiseKind, words: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a user gave beside the fields, as (settings of the kind, own rungs).

        Raises:
            SpecError: a limit, or a word that the kind does not have, with the nearest match.
        """
        for word in words:
            if word.startswith(("min_", "max_")):
                raise SpecError(
                    f"{word} is a limit, and a ladder only measures; hold limits against its "
                    f"result: check(result, {word}=...)"
                )
        return split_words(kind, words, (f.name for f in fields(cls) if f.name not in _INTERNAL))

    def _check_labels(self) -> None:
        for word, names in (("labels", self.labels), ("contrast", self.contrast)):
            for name in names or ():
                if not isinstance(name, str):
                    raise SpecError(f"{word}: {name!r} is no name of a label (a string)")
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise SpecError(f"labels={list(self.labels)!r} names a label twice")
        if self.labels is not None and not self.labels:
            raise SpecError("labels=[] leaves nothing to judge; leave the word out for all labels")
        if self.contrast is not None:
            two = len(self.contrast) == 2 and not isinstance(self.contrast, str)
            if not two or self.contrast[0] == self.contrast[1]:
                raise SpecError(
                    f"contrast={self.contrast!r}: expected two different labels, (A, B)"
                )
            if self.labels is not None:
                raise SpecError("contrast= compares two labels already; leave labels= out")

    @property
    def options(self) -> MetricOptions:
        """How the metrics are computed.

        Raises:
            SpecError: for a value out of range, or two operating points.
        """
        words = (*CLASSIFIER_WORDS, *SEGMENTER_WORDS)
        return parse_options(**{word: getattr(self, word) for word in words})

    @property
    def kind(self) -> NoiseKind:
        """The kind of noise, with its settings."""
        return configured_kind(self.noise, self.settings)

    @property
    def pixel_pitch(self) -> float | None:
        """The pixel pitch in mm that was asked for, before the data's own; None where none was."""
        pitch = self.settings.get(PITCH, getattr(self.kind, PITCH, None))
        return None if pitch is None else float(pitch)

    @property
    def resolved_ladder(self) -> Ladder:
        """The ladder with all its rungs."""
        # Kinds that use the pitch have it as a setting; a rung of their own would hide the data's.
        kind = self.kind
        pitch = None if PITCH in kind.options else self.pixel_pitch
        if self.parameters:
            if self.ladder is not None:
                given = ", ".join(self.parameters)
                raise SpecError(
                    f"give either ladder={self.ladder!r} or own rungs ({given}), not both"
                )
            own: dict[str, Any] = dict(self.parameters)
            return noise.custom_ladder(kind, pixel_pitch=pitch, **own)
        return noise.ladder(kind, self.ladder, pixel_pitch=pitch)

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs to run, clean first, then by severity.

        Raises:
            SpecError: for a severity that the ladder lacks, or none at all.
        """
        ladder = self.resolved_ladder
        if self.severities is None:
            return (ladder.rung(0), *ladder.rungs)
        if not self.severities:
            raise SpecError("severities=[] runs nothing; leave the word out for the whole ladder")
        for severity in self.severities:
            if isinstance(severity, bool) or not isinstance(severity, int):
                raise SpecError(f"severities: {severity!r} is no whole number")
        wanted = sorted({0, *self.severities})
        if wanted == [0]:
            raise SpecError("severities=[0] is the clean image only; name a severity from 1")
        return tuple(ladder.rung(severity) for severity in wanted)


def _whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value < high:
        bound = {2**64: "2**64", 2**63: "2**63"}.get(high, str(high))
        raise SpecError(f"{name}={value!r}: expected a whole number from {low} to below {bound}")


def listed(word: str, value: Any) -> tuple[Any, ...] | None:
    """A list, range or array that a user wrote, as a tuple of plain values; None stays None.

    Raises:
        SpecError: for a string or a single value.
    """
    if value is None:
        return None
    plain = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(plain, (str, bytes, Mapping)) or not isinstance(plain, Iterable):
        raise SpecError(f"{word}={value!r}: expected a list, such as {word}=[{plain!r}]")
    return tuple(plain)


def own_rungs(parameters: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """Own rungs as tuples of floats; one number makes one rung.

    Raises:
        SpecError: for anything that is no finite number, or no rung at all.
    """
    return {name: _rung_values(name, values) for name, values in parameters.items()}


def _rung_values(name: str, values: Any) -> tuple[float, ...]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    numbers = plain if isinstance(plain, Sequence) and not isinstance(plain, str) else [plain]
    if not numbers:
        raise SpecError(f"{name}=[] has no rung; give a number for each severity")
    for value in numbers:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise SpecError(f"{name}={values!r}: expected finite numbers, got {value!r}")
    return tuple(float(value) for value in numbers)
