"""Evaluate a model along a ladder of noise: the public function and the pass behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from pytest_xraynoise.data import Source, XrayDataset, open_source
from pytest_xraynoise.data.subset import stratified
from pytest_xraynoise.engine.device import choose_device, device_label
from pytest_xraynoise.engine.ladder_pass import LadderPass
from pytest_xraynoise.engine.request import LadderRequest, listed, own_rungs
from pytest_xraynoise.engine.scoring import score_ladder
from pytest_xraynoise.engine.threads import one_blas_thread, shared_threads
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.metrics import defaults
from pytest_xraynoise.models import ModelRunner, model_name
from pytest_xraynoise.results import LadderResult, RungResult, Task

SUBSET_SEED = 0
"""One subset for all: another seed of the noise must not mean other patients."""

Progress = Callable[[int, int | None, int], None]
"""Called after each batch with samples done, samples in all (None: unknown), rungs in all."""


def evaluate(
    model: Any,
    data: Any,
    *,
    noise: str = "poisson",
    severities: Sequence[int] | None = None,
    ladder: str | None = None,
    metrics: Sequence[str] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    samples: int | None = None,
    task: Task | None = None,
    labels: Sequence[str] | None = None,
    contrast: tuple[str, str] | None = None,
    outputs: str = "auto",
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    device: str = "auto",
    batch_size: int | None = None,
    strips: int = 3,
    **parameters: float | Sequence[float],
) -> LadderResult:
    """Run one ladder of rising noise against one model and one dataset.

    Args:
        model: an nn.Module or any callable, (N, C, H, W) float32 -> logits or probabilities.
        data: a map-style Dataset, a DataLoader, an (images, targets) pair, a list of items, or an
            :class:`~pytest_xraynoise.data.XrayDataset` that declares intensities, labels or ids.
        noise: a noise kind: ``poisson``, ``gaussian``, ``poisson+gaussian`` ...
        severities: which rungs, all by default; the clean images (0) are always run.
        ladder: a named ladder such as ``medmnist-c-chest``; the kind's default otherwise.
        metrics: what to compute; by default auroc, average_precision, accuracy and f1 for
            classification, dice and iou for segmentation.
        seed: of the noise and of the bootstrap, 0 <= seed < 2**64.
        confidence: level of the intervals.
        samples: a stratified subset of that many samples, the same every time.
        task: binary, multilabel, multiclass or segmentation; inferred when None.
        labels: which findings or classes to judge, all by default.
        contrast: two labels (A, B): only samples with exactly one of them, A against B.
        outputs: whether the model returns ``logits`` or ``probabilities``; ``auto`` looks.
        preprocess: the model's own normalisation, applied after the noise.
        output: picks the tensor out of what the model returns.
        device: auto, cpu, cuda, cuda:N or mps.
        batch_size: images that go through the model together; None takes the loader's, else 16.
        strips: how many samples to keep pictures of, the worst degraded ones.
        parameters: own rungs by the kind's parameter, ``photons=[1000, 200, 50]`` = severities
            1, 2, 3 in that order.

    Returns:
        A :class:`~pytest_xraynoise.results.LadderResult`.

    Raises:
        SpecError: for a request that makes no sense.
        DataError: for data that cannot be used as they are.
        ModelError: for a model that cannot be evaluated.
        MetricError: when the data define a metric nowhere.
    """
    pair: Any = listed("contrast", contrast)
    request = LadderRequest(
        noise=noise,
        severities=listed("severities", severities),
        ladder=ladder,
        parameters=own_rungs(parameters),
        metrics=listed("metrics", metrics),
        seed=seed,
        confidence=confidence,
        samples=samples,
        task=task,
        labels=listed("labels", labels),
        contrast=pair,
        outputs=outputs,
    )
    return run_request(
        request,
        model,
        data,
        preprocess=preprocess,
        output=output,
        device=device,
        batch_size=batch_size,
        strips=strips,
    )


def run_request(
    request: LadderRequest,
    model: Any,
    data: Any,
    *,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    device: str = "auto",
    batch_size: int | None = None,
    strips: int = 3,
    progress: Progress | None = None,
    workers: int = 1,
) -> LadderResult:
    """:func:`evaluate` for a request that is made already; the plugin calls this one.

    ``workers`` processes run ladders at the same time and share the processors.
    """
    if isinstance(strips, bool) or not isinstance(strips, int) or strips < 0:
        raise SpecError(f"strips={strips!r}: expected a whole number from 0")
    place = _placement(model, device)
    if data is None:
        raise DataError("the dataset is None; did the fixture forget its return?")
    source = open_source(_named(data, model), task=request.task, batch_size=batch_size)
    if request.samples is not None:
        _subset(source, request.samples)
    ladder = LadderPass(request, source, strips=strips, progress=progress)
    with shared_threads(workers), ModelRunner(model, place, preprocess, output) as runner:
        ladder.run(runner)
    scored = ladder.scored()
    names = tuple(dict.fromkeys((*(request.metrics or defaults(scored.task)), *request.also)))
    with one_blas_thread():
        values, excluded = score_ladder(
            task=scored.task,
            labels=scored.labels,
            targets=scored.targets,
            scores=scored.scores,
            per_image=scored.per_image,
            ranks=scored.ranks,
            metrics=names,
            confidence=request.confidence,
            seed=request.seed,
        )
    return LadderResult(
        noise=request.noise,
        ladder=request.resolved_ladder.name,
        task=scored.task,
        labels=scored.labels,
        rungs=tuple(
            RungResult(rung, values[rung.severity], *ladder.losses(rung.severity))
            for rung in request.rungs
        ),
        ids=scored.ids,
        settings=_settings(request, source, ladder, device_label(place)),
        model=model_name(model),
        dataset=source.name,
        excluded=excluded,
        strips=ladder.strips(scored),
        _targets=scored.targets,
        _scores=scored.scores,
        _per_image=scored.per_image,
    )


def _placement(model: Any, device: str) -> torch.device:
    """A module goes where ``device`` says; a callable under ``auto`` gets its images on the CPU."""
    chosen = choose_device(device)
    if device == "auto" and not isinstance(model, torch.nn.Module):
        return torch.device("cpu")
    return chosen


def _subset(source: Source, samples: int) -> None:
    if not source.sized:
        raise DataError(
            f"samples={samples}: an iterable dataset cannot be subset; use a map-style dataset"
        )
    if samples < len(source):
        source.keep(stratified(source.targets(), samples, SUBSET_SEED))


def _named(data: Any, model: Any) -> Any:
    """Take label names from the model (``pathologies``) where the data have none.

    A blank stands for an output that was not trained (torchxrayvision); it is named by its place.
    """
    found = getattr(model, "pathologies", None)
    if not isinstance(found, (list, tuple)) or open_source(data).labels is not None:
        return data
    names = [str(name) or f"label {index}" for index, name in enumerate(found)]
    declared = data if isinstance(data, XrayDataset) else XrayDataset(data)
    return replace(declared, labels=tuple(names))


def _settings(
    request: LadderRequest, source: Source, ladder: LadderPass, device: str
) -> Mapping[str, Any]:
    return {
        "seed": request.seed,
        "confidence": request.confidence,
        "samples": ladder.seen,
        "subset": request.samples,
        "batch_size": source.batch_size,
        "device": device,
        "precision": "fp32",
        "outputs": request.outputs,
        "contrast": None if request.contrast is None else list(request.contrast),
        "intensity": source.intensity.describe(),
        "image_size": list(ladder.image_size),
        "noise_applied": "after the dataset's transforms, before xray_preprocess",
        "clip": True,
    }
