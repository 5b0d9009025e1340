"""The ``robust`` marker: its typed form, and its words parsed once into frozen values."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise import noise as noises
from pytest_xraynoise.engine.execution import Execution
from pytest_xraynoise.engine.request import LadderRequest, own_rungs
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.decide import AGGREGATES
from pytest_xraynoise.judge.limits import Limit, is_limit, parse_limits
from pytest_xraynoise.judge.modes import check_mode, check_policy
from pytest_xraynoise.judge.requirement import REQUIREMENT_WORDS, Requirement
from pytest_xraynoise.plugin import baselines, kind_words, options

if TYPE_CHECKING:
    from pytest_xraynoise.judge.expression import Rule
    from pytest_xraynoise.noise import Detector
    from pytest_xraynoise.noise.response import Response


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
    decide: str | None = None,
    inconclusive: str | None = None,
    seed: int | None = None,
    repeats: int | None = None,
    samples: int | None = None,
    confidence: float = 0.95,
    outputs: str = "auto",
    noise_at: str | None = None,
    operating_point: str | float | Mapping[str, float] | None = None,
    at_sensitivity: float | None = None,
    at_specificity: float | None = None,
    specificity_level: float | None = None,
    ece_bins: int | None = None,
    tolerance: float | None = None,
    batch_size: int | str | None = None,
    precision: str | None = None,
    compile: bool | None = None,  # noqa: A002  # torch's word
    fail_fast: bool | None = None,
    min_dose: float | None = None,
    min_severity: int | None = None,
    breaking_point: bool | float | None = None,
    compare: bool | str | None = None,
    compare_fail: str | Sequence[str] | None = None,
    model: str = "xray_model",
    dataset: str = "xray_dataset",
    preprocess: str = "xray_preprocess",
    dose: float | Sequence[float] | None = None,
    deviation_index: float | Sequence[float] | None = None,
    exposure_index: float | Sequence[float] | None = None,
    air_kerma: float | Sequence[float] | None = None,
    detector: str | os.PathLike[str] | Detector | None = None,
    pixel_pitch: float | None = None,
    response: str | Response | None = None,
    latitude: float | None = None,
    kerma: float | None = None,
    source_noise: str | None = None,
    correlate: bool | None = None,
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
        decide: ``point`` (default) holds the measured numbers against the limits;
            ``confident-fail`` fails only when a whole interval is beyond its limit,
            ``confident-pass`` passes only when every whole interval is within; overrides
            ``--xraynoise-decide``.
        inconclusive: what a test that neither can decide does: ``fail``, ``pass`` or ``skip``; by
            default pass under ``confident-fail`` and fail under ``confident-pass``; overrides
            ``--xraynoise-inconclusive``.
        repeats: how often the noise is drawn; metrics are the mean over the draws; overrides
            ``--xraynoise-repeats``.
        seed: seed of the noise; overrides ``--xraynoise-seed``.
        samples: a stratified subset; overrides ``--xraynoise-samples``.
        confidence: level of the intervals.
        outputs: ``logits``, ``probabilities`` or ``auto``.
        noise_at: where noise is added when the data declare a ``resize``: ``model`` (after it) or
            ``native`` (before it); overrides ``--xraynoise-noise-at``.
        operating_point: where ``sensitivity`` and ``specificity`` are read, fixed on the clean
            images: ``"youden"`` (default), ``{"sensitivity": 0.95}``, ``{"specificity": 0.9}``, a
            probability, or a probability for each label.
        at_sensitivity: short for ``operating_point={"sensitivity": at_sensitivity}``.
        at_specificity: short for ``operating_point={"specificity": at_specificity}``.
        specificity_level: of the metric ``sensitivity_at_specificity``; 0.95 by default.
        ece_bins: bins of the metric ``ece``; 15 by default.
        tolerance: of the metric ``nsd``, 2 by default; mm where a pixel pitch is declared, else
            pixels.
        batch_size: images that go through the model together, or ``auto``; overrides
            ``--xraynoise-batch-size``.
        precision: what the model computes in, fp32, bf16 or fp16; overrides
            ``--xraynoise-precision``.
        compile: run the model through ``torch.compile``; overrides ``--xraynoise-compile``.
        fail_fast: run the rungs one by one, the most severe first, and leave out the others once
            a limit is broken; overrides ``--xraynoise-fail-fast``.
        min_dose: the limits must hold down to this fraction of the reference dose, whether it is a
            rung or not; rungs of less dose are run and shown, and decide nothing.
        min_severity: the limits must hold up to this rung; more severe ones decide nothing.
        breaking_point: search for the noise at which the first limit breaks: True to 5%, or a
            tolerance such as 0.01. ``min_dose`` and ``min_severity`` search too, unless it is
            False.
        compare: the baseline to compare with: a name, or True for the one of
            ``--xraynoise-compare`` (else ``baseline``); False for none. A test that compares needs
            no limit.
        compare_fail: how much may be lost against the baseline, ``"auroc:0.01"`` or a list of
            such; overrides ``--xraynoise-compare-fail``.
        model: name of the fixture that gives the model.
        dataset: name of the fixture that gives the data.
        preprocess: name of the fixture that gives the model's own normalisation.
        dose: own rungs of ``quantum`` and ``lowdose``, as fractions of the reference dose; for
            ``electronic`` the one dose at which it is read out.
        deviation_index: the same rungs as DI = 10 log10(EI / target EI), 0 the reference.
        exposure_index: the same rungs as EI = 100 times the detector air kerma in uGy.
        air_kerma: the same rungs in uGy at the detector.
        detector: name of a detector profile (``csi-0.139`` by default), path of a profile file
            (``*.toml``), or a ``Detector``.
        pixel_pitch: mm at the resolution where noise is added; for stress kinds it sets the
            clinical reading.
        response: how display values stand for exposure: ``log`` (default), ``linear``, or a
            response.
        latitude: decades of exposure of the ``log`` response, 2 by default.
        kerma: detector air kerma of the reference dose in uGy, 2.5 by default.
        source_noise: ``lowdose``: ``detector`` (default) when the images carry the noise of the
            reference dose, ``none`` for phantoms and denoised images.
        correlate: pass quantum noise through the scintillator's MTF, True by default.
        limits: at least one (but where ``compare`` is said) of ``max_<metric>_drop``,
            ``max_relative_<metric>_drop``, ``min_<metric>`` (where lower is better
            ``max_<metric>_increase``, ``max_<metric>``), each a number or ``{severity: number}``.
            Also the kind's own parameter for own rungs: ``photons=[1000, 200, 50]``.

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
        "decide": decide,
        "inconclusive": inconclusive,
        "seed": seed,
        "repeats": repeats,
        "samples": samples,
        "confidence": None if confidence == 0.95 else confidence,
        "outputs": None if outputs == "auto" else outputs,
        "noise_at": noise_at,
        "operating_point": operating_point,
        "at_sensitivity": at_sensitivity,
        "at_specificity": at_specificity,
        "specificity_level": specificity_level,
        "ece_bins": ece_bins,
        "tolerance": tolerance,
        "batch_size": batch_size,
        "precision": precision,
        "compile": compile,
        "fail_fast": fail_fast,
        "min_dose": min_dose,
        "min_severity": min_severity,
        "breaking_point": breaking_point,
        "compare": compare,
        "compare_fail": compare_fail,
        "model": None if model == "xray_model" else model,
        "dataset": None if dataset == "xray_dataset" else dataset,
        "preprocess": None if preprocess == "xray_preprocess" else preprocess,
        "dose": dose,
        "deviation_index": deviation_index,
        "exposure_index": exposure_index,
        "air_kerma": air_kerma,
        "detector": detector,
        "pixel_pitch": pixel_pitch,
        "response": response,
        "latitude": latitude,
        "kerma": kerma,
        "source_noise": source_noise,
        "correlate": correlate,
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
        aggregate, per_label, decide, inconclusive: how.
        batch_size, precision, compile: how to use the machine; None where the marker does not say.
        fail_fast: whether to stop the ladder at a broken limit; None where the marker does not say.
        min_dose, min_severity, breaking_point: how much noise the limits must stand.
        compare, compare_fail: the baseline to compare with, None for none; how much may be lost.
        model, dataset, preprocess: names of the fixtures.
    """

    request: LadderRequest
    limits: tuple[Limit, ...]
    aggregate: str = "worst"
    per_label: bool = False
    decide: str = "point"
    inconclusive: str | None = None
    batch_size: int | str | None = None
    precision: str | None = None
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

    def __post_init__(self) -> None:
        check_policy(self.inconclusive, check_mode(self.decide))
        Execution(**{word: value for word, value in self.machine.items() if value is not None})

    @property
    def machine(self) -> Mapping[str, Any]:
        """What the marker says about how to use the machine."""
        return {
            "batch_size": self.batch_size,
            "precision": self.precision,
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
    def fixtures(self) -> tuple[str, str, str]:
        """The fixtures that an item of this case uses."""
        return self.model, self.dataset, self.preprocess


WORDS = (
    "noise",
    *(f.name for f in fields(RobustCase) if f.name not in ("request", "limits")),
    *(
        f.name
        for f in fields(LadderRequest)
        if f.name not in ("noise", "parameters", "settings", "also", "metrics")
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
    words |= baselines.words_of_marker(words, setting)
    also = tuple(rule.metric for rule in words["compare_fail"]) if named else ()
    optional = words["compare"] is not None or setting("save", None) is not None
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
    for word in ("model", "dataset", "preprocess"):
        if not isinstance(how.get(word, ""), str):
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
