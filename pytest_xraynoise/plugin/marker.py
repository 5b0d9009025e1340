"""The ``robust`` marker: its typed form, and its words parsed once into frozen values."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pytest

from pytest_xraynoise import noise as noises
from pytest_xraynoise.engine.request import LadderRequest, own_rungs
from pytest_xraynoise.errors import SpecError, nearest
from pytest_xraynoise.judge.decide import AGGREGATES
from pytest_xraynoise.judge.limits import Limit, all_words, is_limit, parse_limits
from pytest_xraynoise.plugin import options


def robust(
    *,
    noise: str | Sequence[str] | None = None,
    severities: Sequence[int] | None = None,
    ladder: str | None = None,
    labels: Sequence[str] | None = None,
    per_label: bool = False,
    contrast: tuple[str, str] | None = None,
    task: str | None = None,
    aggregate: str = "worst",
    seed: int | None = None,
    samples: int | None = None,
    confidence: float = 0.95,
    outputs: str = "auto",
    model: str = "xray_model",
    dataset: str = "xray_dataset",
    preprocess: str = "xray_preprocess",
    **limits: float | Sequence[float] | Mapping[int, float],
) -> pytest.MarkDecorator:
    """Fail a test when noise degrades the model beyond a limit. The same as ``pytest.mark.robust``.

    Args:
        noise: a kind of noise, or a list: one test item for each.
        severities: rungs to run, the whole ladder by default.
        ladder: a named ladder, ``imagenet-c`` by default for stress kinds.
        labels: the findings or classes to judge, all by default.
        per_label: hold each label against the limits too, not only the macro mean.
        contrast: two labels (A, B): samples with exactly one of them, A against B.
        task: binary, multilabel, multiclass or segmentation; inferred by default.
        aggregate: ``worst`` rung (default) or ``mean`` over the rungs.
        seed: seed of the noise; overrides ``--xraynoise-seed``.
        samples: a stratified subset; overrides ``--xraynoise-samples``.
        confidence: level of the intervals.
        outputs: ``logits``, ``probabilities`` or ``auto``.
        model: name of the fixture that gives the model.
        dataset: name of the fixture that gives the data.
        preprocess: name of the fixture that gives the model's own normalisation.
        limits: at least one of ``max_<metric>_drop``, ``max_relative_<metric>_drop``,
            ``min_<metric>``, each a number or ``{severity: number}``. Also the kind's own
            parameter for own rungs: ``photons=[1000, 200, 50]``.

    Everything is checked at collection, with the nearest match for a misspelt word.
    """
    refuse_without_plugin()
    words: dict[str, Any] = {
        "noise": noise,
        "severities": severities,
        "ladder": ladder,
        "labels": labels,
        "per_label": per_label or None,
        "contrast": contrast,
        "task": task,
        "aggregate": None if aggregate == "worst" else aggregate,
        "seed": seed,
        "samples": samples,
        "confidence": None if confidence == 0.95 else confidence,
        "outputs": None if outputs == "auto" else outputs,
        "model": None if model == "xray_model" else model,
        "dataset": None if dataset == "xray_dataset" else dataset,
        "preprocess": None if preprocess == "xray_preprocess" else preprocess,
    }
    said = {word: value for word, value in words.items() if value is not None}
    mark: pytest.MarkDecorator = pytest.mark.robust(**said, **limits)
    return mark


def refuse_without_plugin() -> None:
    """Fail the import of a test module when its limits could never be enforced.

    Raises:
        SpecError: in a pytest run that did not load the plugin.
    """
    if "PYTEST_VERSION" in os.environ and not options.was_configured():
        raise SpecError(
            "@robust cannot take effect: pytest runs without the plugin xraynoise "
            "(-p no:xraynoise or PYTEST_DISABLE_PLUGIN_AUTOLOAD); add -p pytest_xraynoise.plugin"
        )


@dataclass(frozen=True)
class RobustCase:
    """One test item's worth of a marker: one noise.

    Attributes:
        request: what to measure.
        limits: what to hold it against.
        aggregate, per_label: how.
        model, dataset, preprocess: names of the fixtures.
    """

    request: LadderRequest
    limits: tuple[Limit, ...]
    aggregate: str = "worst"
    per_label: bool = False
    model: str = "xray_model"
    dataset: str = "xray_dataset"
    preprocess: str = "xray_preprocess"

    @property
    def fixtures(self) -> tuple[str, str, str]:
        """The fixtures that an item of this case uses."""
        return self.model, self.dataset, self.preprocess


WORDS = (
    "noise",
    *(f.name for f in fields(RobustCase) if f.name not in ("request", "limits")),
    *(
        f.name
        for f in fields(LadderRequest)
        if f.name not in ("noise", "parameters", "also", "metrics")
    ),
)


def parse_marker(mark: pytest.Mark, setting: Callable[[str, Any], Any]) -> tuple[RobustCase, ...]:
    """Every case of one marker.

    Args:
        mark: a ``robust`` mark.
        setting: gives a setting by name, with the marker's word (or None) first in precedence.

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
    own = {word: words.pop(word) for word in list(words) if word in _parameters(kinds)}
    for word in words:
        if word not in WORDS:
            raise SpecError(_unknown_word(word, kinds))
    for word in ("severities", "labels", "contrast"):
        if word in words:
            words[word] = _tuple(word, words[word])
    words["seed"] = setting("seed", words.get("seed"))
    words["samples"] = setting("samples", words.get("samples"))
    return tuple(_case(kind, dict(words), own, limits) for kind in kinds)


def _case(
    kind: str, words: dict[str, Any], own: Mapping[str, Any], limits: Mapping[str, Any]
) -> RobustCase:
    how = {w: words.pop(w) for w in WORDS if w in words and w in RobustCase.__dataclass_fields__}
    if how.get("aggregate", "worst") not in AGGREGATES:
        raise SpecError(f"aggregate={how['aggregate']!r}: expected {' or '.join(AGGREGATES)}")
    if not isinstance(how.get("per_label", False), bool):
        raise SpecError(f"per_label={how['per_label']!r}: expected True or False")
    for word in ("model", "dataset", "preprocess"):
        if not isinstance(how.get(word, ""), str):
            raise SpecError(f"{word}={how[word]!r}: expected the name of a fixture, as a string")
    request = LadderRequest(noise=kind, parameters=own_rungs(own), **words)
    severities = tuple(rung.severity for rung in request.rungs)
    parsed = parse_limits(limits, severities)
    also = tuple(dict.fromkeys(limit.metric for limit in parsed))
    request = LadderRequest(noise=kind, parameters=own_rungs(own), also=also, **words)
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


def _parameters(kinds: Sequence[str]) -> set[str]:
    return {name for kind in kinds for name in noises.get(kind).keywords}


def _tuple(word: str, value: object) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SpecError(f"{word}={value!r}: expected a list, such as {word}={_EXAMPLES[word]}")
    return tuple(value)


_EXAMPLES = {
    "severities": "[1, 2, 3]",
    "labels": "['Pneumothorax']",
    "contrast": "('Pneumothorax', 'Atelectasis')",
}


def _unknown_word(word: str, kinds: Sequence[str]) -> str:
    known = [*WORDS, *sorted(_parameters(kinds)), *all_words()]
    match = nearest(word, known)
    hint = f"; did you mean {match!r}?" if match else "."
    return (
        f"unknown word {word!r}{hint} Known: {', '.join(sorted({*WORDS, *_parameters(kinds)}))}, "
        "and limits such as max_auroc_drop or min_dice"
    )
