"""What is to be measured, validated before any image is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_args

from pytest_xraynoise import metrics, noise
from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.results import Rung, Task

if TYPE_CHECKING:
    from pytest_xraynoise.noise import Ladder

OUTPUT_KINDS = ("auto", "logits", "probabilities")
_INTERNAL = ("parameters", "also")  # fields that no user writes


@dataclass(frozen=True)
class LadderRequest:
    """One ladder on one model and one dataset. Checked when it is made; needs no torch.

    Attributes:
        noise: name of the noise kind.
        severities: which rungs to run, all of the ladder by default.
        ladder: a named ladder, the kind's default when None.
        parameters: own rungs, ``{"photons": (1000, 200, 50)}`` = severities 1, 2, 3.
        metrics: what to compute; the task's defaults when None.
        also: metrics that are added to the defaults, because limits name them.
        seed, confidence, samples, task, labels, contrast, outputs: as in :func:`evaluate`.
    """

    noise: str
    severities: tuple[int, ...] | None = None
    ladder: str | None = None
    parameters: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    metrics: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    seed: int = 0
    confidence: float = 0.95
    samples: int | None = None
    task: Task | None = None
    labels: tuple[str, ...] | None = None
    contrast: tuple[str, str] | None = None
    outputs: str = "auto"

    def __post_init__(self) -> None:
        self._check_parameters(noise.get(self.noise).keywords)
        for name in (*(self.metrics or ()), *self.also):
            metrics.get(name)
        if self.task is not None and self.task not in get_args(Task):
            raise SpecError(unknown("task", self.task, get_args(Task)))
        if self.outputs not in OUTPUT_KINDS:
            raise SpecError(unknown("outputs", self.outputs, OUTPUT_KINDS))
        if not (isinstance(self.confidence, (int, float)) and 0.5 <= self.confidence < 1):
            raise SpecError(
                f"confidence={self.confidence!r}: expected a number from 0.5 to below 1"
            )
        _whole("seed", self.seed, 0, 2**64)
        if self.samples is not None:
            _whole("samples", self.samples, 2, 2**63)
        self._check_labels()
        _ = self.rungs

    def _check_parameters(self, keywords: tuple[str, ...]) -> None:
        for word in self.parameters:
            if word.startswith(("min_", "max_")):
                raise SpecError(
                    f"{word} is a limit, and a ladder only measures; hold limits against its "
                    f"result: check(result, {word}=...)"
                )
            if word not in keywords:
                known = (*keywords, *(f.name for f in fields(self) if f.name not in _INTERNAL))
                raise SpecError(unknown("word", word, known))

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
    def resolved_ladder(self) -> Ladder:
        """The ladder with all its rungs."""
        if self.parameters:
            if self.ladder is not None:
                given = ", ".join(self.parameters)
                raise SpecError(
                    f"give either ladder={self.ladder!r} or own rungs ({given}), not both"
                )
            own: dict[str, Any] = dict(self.parameters)
            return noise.custom_ladder(self.noise, **own)
        return noise.ladder(self.noise, self.ladder)

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
        bound = "2**64" if high == 2**64 else "2**63"
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
