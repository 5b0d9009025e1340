"""``robust``: the marker in its typed form, the same as ``pytest.mark.robust``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.plugin import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    channels_last: bool | str | None = None,
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
    denoiser: str | None = None,
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
        channels_last: keep images and weights in the memory format NHWC, or ``auto``: where models
            are faster in it and give the same; overrides ``--xraynoise-channels-last``.
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
        denoiser: goes in front of the model: name of a fixture that gives an nn.Module or a
            callable (N, 1, H, W) intensities -> the same, or ``gaussian``, ``median``, ``nlm`` or
            ``dncnn:FOLDER``. The ladder runs with and without it; limits hold for the run with it.
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
        "channels_last": channels_last,
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
        "denoiser": denoiser,
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
