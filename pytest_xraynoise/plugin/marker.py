"""The words of the ``robust`` marker, parsed once into frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import noise as noises
from pytest_xraynoise.engine.denoiser_words import is_word, parse_word
from pytest_xraynoise.engine.execution import Execution
from pytest_xraynoise.engine.request import LadderRequest, own_rungs
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.decide import AGGREGATES
from pytest_xraynoise.judge.limits import Limit, is_limit, parse_limits
from pytest_xraynoise.judge.modes import check_mode, check_policy
from pytest_xraynoise.judge.requirement import REQUIREMENT_WORDS, Requirement
from pytest_xraynoise.plugin import baseline_words, kind_words

if TYPE_CHECKING:
    import pytest

    from pytest_xraynoise.judge.expression import Rule


@dataclass(frozen=True)
class RobustCase:
    """One test item's worth of a marker: one noise.

    Attributes:
        request: what to measure.
        limits: what to hold it against.
        aggregate, per_label, decide, inconclusive: how.
        batch_size, precision, channels_last, compile: how to use the machine; None where the marker
            does not say.
        fail_fast: whether to stop the ladder at a broken limit; None where the marker does not say.
        min_dose, min_severity, breaking_point: how much noise the limits must stand.
        compare, compare_fail: the baseline to compare with, None for none; how much may be lost.
        model, dataset, preprocess: names of the fixtures.
        denoiser: name of the fixture, or the word of a denoiser that comes along; None for none.
    """

    request: LadderRequest
    limits: tuple[Limit, ...]
    aggregate: str = "worst"
    per_label: bool = False
    decide: str = "point"
    inconclusive: str | None = None
    batch_size: int | str | None = None
    precision: str | None = None
    channels_last: bool | str | None = None
    compile: bool | None = None
    fail_fast: bool | None = None
    min_dose: float | None = None
    min_severity: int | None = None
    breaking_point: bool | float | None = None
    compare: str | None = None
    compare_fail: tuple[Rule, ...] = ()
    model: str = "xray_model"
    dataset: str = "xray_dataset"
    preprocess: str = "xray_preprocess"
    denoiser: str | None = None

    def __post_init__(self) -> None:
        if self.denoiser is not None and is_word(self.denoiser):
            parse_word(self.denoiser)
        check_policy(self.inconclusive, check_mode(self.decide))
        Execution(**{word: value for word, value in self.machine.items() if value is not None})

    @property
    def machine(self) -> Mapping[str, Any]:
        """What the marker says about how to use the machine."""
        return {
            "batch_size": self.batch_size,
            "precision": self.precision,
            "channels_last": self.channels_last,
            "compile": self.compile,
        }

    @property
    def requirement(self) -> Requirement:
        """How much noise the limits must stand, and whether the breaking point is searched for."""
        return Requirement(self.min_dose, self.min_severity, self.breaking_point)

    @property
    def limit_texts(self) -> tuple[str, ...]:
        """The limits as written, and down or up to where they must hold."""
        words = (*(limit.text for limit in self.limits), self.requirement.text)
        return tuple(word for word in words if word)

    @property
    def metrics(self) -> tuple[str, ...]:
        """What the limits name."""
        return tuple(dict.fromkeys(limit.metric for limit in self.limits))

    @property
    def fixtures(self) -> tuple[str, ...]:
        """The fixtures that an item of this case uses."""
        own = self.denoiser
        denoiser = () if own is None or is_word(own) else (own,)
        return self.model, self.dataset, self.preprocess, *denoiser


WORDS = (
    "noise",
    *(f.name for f in fields(RobustCase) if f.name not in ("request", "limits")),
    *(
        f.name
        for f in fields(LadderRequest)
        if f.name not in ("noise", "parameters", "settings", "also", "metrics")
    ),
)


def parse_marker(
    mark: pytest.Mark, setting: Callable[[str, Any], Any], *, saves: bool = False
) -> tuple[RobustCase, ...]:
    """Every case of one marker.

    Args:
        mark: a ``robust`` mark.
        setting: gives a setting by name, with the marker's word (or None) first in precedence.
        saves: whether this run saves a baseline, so that a marker needs no limit.

    Raises:
        SpecError: for anything wrong with its words.
    """
    if mark.args:
        raise SpecError(
            f"robust takes keywords only, got {mark.args[0]!r}; write "
            "robust(noise='poisson', max_auroc_drop=0.05)"
        )
    words = dict(mark.kwargs)
    kinds = _kinds(words.pop("noise", None))
    limits = {word: words.pop(word) for word in list(words) if is_limit(word)}
    own = {word: words.pop(word) for word in list(words) if word not in WORDS}
    shares = kind_words.shared(kinds, own, WORDS)
    for word in ("severities", "labels", "contrast"):
        if word in words:
            words[word] = _tuple(word, words[word])
    words["decide"] = setting("decide", words.get("decide"))
    words["inconclusive"] = setting("inconclusive", words.get("inconclusive"))
    words["seed"] = setting("seed", words.get("seed"))
    words["repeats"] = setting("repeats", words.get("repeats"))
    words["samples"] = setting("samples", words.get("samples"))
    words["noise_at"] = setting("noise_at", words.get("noise_at"))
    named = words.get("compare_fail") is not None
    words |= baseline_words.words_of_marker(words, setting)
    also = tuple(rule.metric for rule in words["compare_fail"]) if named else ()
    optional = words["compare"] is not None or saves
    cases = []
    for kind, (settings, rungs) in shares.items():
        of_kind = {"noise": kind, "settings": settings, "parameters": own_rungs(rungs)}
        cases.append(_case({**words, **of_kind}, None if optional and not limits else limits, also))
    return tuple(cases)


def _case(
    words: dict[str, Any], limits: Mapping[str, Any] | None, also: Sequence[str] = ()
) -> RobustCase:
    """One case; without limits (None) where it compares with a baseline only."""
    how = {w: words.pop(w) for w in WORDS if w in words and w in RobustCase.__dataclass_fields__}
    if how.get("aggregate", "worst") not in AGGREGATES:
        raise SpecError(f"aggregate={how['aggregate']!r}: expected {' or '.join(AGGREGATES)}")
    if not isinstance(how.get("fail_fast", False), bool):
        raise SpecError(f"fail_fast={how['fail_fast']!r}: expected True or False")
    if not isinstance(how.get("per_label", False), bool):
        raise SpecError(f"per_label={how['per_label']!r}: expected True or False")
    for word in ("model", "dataset", "preprocess", "denoiser"):
        if not isinstance(how.get(word) or "", str):
            raise SpecError(f"{word}={how[word]!r}: expected the name of a fixture, as a string")
    requirement = Requirement(*(how.get(word) for word in REQUIREMENT_WORDS))
    requirement.check_has(limits or {})
    request = LadderRequest(**words)
    severities = tuple(rung.severity for rung in request.rungs)
    parsed = () if limits is None else parse_limits(limits, severities)
    requirement.check(request.kind, request.rungs, parsed, how.get("aggregate", "worst"))
    names = (*(limit.metric for limit in parsed), *also)
    request = LadderRequest(also=tuple(dict.fromkeys(names)), **words)
    return RobustCase(request, parsed, **how)


def _kinds(value: object) -> tuple[str, ...]:
    if value is None:
        raise SpecError(
            f"robust needs noise=; write robust(noise='poisson', ...). Known: "
            f"{', '.join(noises.names())}"
        )
    kinds = (value,) if isinstance(value, str) else value
    if not isinstance(kinds, (list, tuple)) or not all(isinstance(k, str) for k in kinds):
        raise SpecError(f"noise={value!r}: expected the name of a noise, or a list of names")
    if not kinds:
        raise SpecError("noise=[] runs nothing; name at least one noise")
    for kind in kinds:
        noises.get(kind)
    if len(set(kinds)) != len(kinds):
        raise SpecError(f"noise={list(kinds)!r} names a noise twice")
    return tuple(kinds)


def _tuple(word: str, value: object) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SpecError(f"{word}={value!r}: expected a list, such as {word}={_EXAMPLES[word]}")
    return tuple(value)


_EXAMPLES = {
    "severities": "[1, 2, 3]",
    "labels": "['Pneumothorax']",
    "contrast": "('Pneumothorax', 'Atelectasis')",
}
