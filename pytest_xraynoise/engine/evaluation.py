"""Evaluate a model along a ladder of noise: the public function and the pass behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.denoising import denoised_ladder
from pytest_xraynoise.engine.engines import chosen_engine
from pytest_xraynoise.engine.execution import Execution
from pytest_xraynoise.engine.finishing import finish
from pytest_xraynoise.engine.measuring import measure_data
from pytest_xraynoise.engine.request import LadderRequest, listed, own_rungs
from pytest_xraynoise.noise import get as get_noise

if TYPE_CHECKING:
    import torch

    from pytest_xraynoise.engine.measured import Measured
    from pytest_xraynoise.results import LadderResult, Task

Measurer = Callable[..., "Measured"]

_MEASURER: ContextVar[Measurer] = ContextVar("measurer", default=measure_data)

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
    repeats: int = 1,
    confidence: float = 0.95,
    samples: int | None = None,
    task: Task | None = None,
    labels: Sequence[str] | None = None,
    contrast: tuple[str, str] | None = None,
    outputs: str = "auto",
    noise_at: str = "model",
    operating_point: str | float | Mapping[str, float] | None = None,
    at_sensitivity: float | None = None,
    at_specificity: float | None = None,
    specificity_level: float | None = None,
    ece_bins: int | None = None,
    tolerance: float | None = None,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    device: str = "auto",
    batch_size: int | str | None = None,
    precision: str = "fp32",
    channels_last: bool | str = "auto",
    compile: bool = False,  # noqa: A002  # torch's word
    loader_workers: int | None = None,
    strips: int = 3,
    progress: Progress | None = None,
    engine: str = "local",
    ray_address: str | None = None,
    ray_actors: int | None = None,
    denoiser: Any = None,
    **words: Any,
) -> LadderResult:
    """Run one ladder of rising noise against one model and one dataset.

    Args:
        model: an nn.Module or any callable, (N, C, H, W) float32 -> logits or probabilities.
        data: a map-style Dataset, a DataLoader, an (images, targets) pair, a list of items, or an
            :class:`~pytest_xraynoise.data.XrayDataset` that declares intensities, labels or ids.
        noise: a noise kind: ``poisson``, ``gaussian``, ``poisson+gaussian`` ...
        severities: which rungs, all by default; the clean images (0) are always run.
        ladder: a named ladder such as ``medmnist-c-chest``; the kind's default otherwise.
        metrics: what to compute; by default auroc, average_precision, accuracy, f1, sensitivity,
            specificity, ece and brier for classification, dice, iou, dice_worst_decile and
            empty_masks for segmentation.
        seed: of the noise and of the bootstrap, 0 <= seed < 2**64.
        repeats: how often the noise is drawn, for every sample and rung. Metrics are the mean over
            the draws, and their intervals those of the mean; the spread between draws is told
            beside them. Every draw is a pass of the noisy images through the model.
        confidence: level of the intervals.
        samples: a stratified subset of that many samples, the same every time.
        task: binary, multilabel, multiclass or segmentation; inferred when None.
        labels: which findings or classes to judge, all by default.
        contrast: two labels (A, B): only samples with exactly one of them, A against B.
        outputs: whether the model returns ``logits`` or ``probabilities``; ``auto`` looks.
        noise_at: where the noise comes when the data declare ``XrayDataset(data, resize=...)``:
            ``model``, at the model's size after the resize, or ``native``, at the images' own
            resolution before it, which averages the noise as the processing of a scanner does.
            Without a ``resize`` there is nothing to choose, and both are the same.
        operating_point: where ``sensitivity`` and ``specificity`` are read. One threshold for each
            label is fixed on the clean images and kept at every rung: ``"youden"`` (the default),
            ``{"sensitivity": 0.95}``, ``{"specificity": 0.9}``, a probability such as ``0.3``, or a
            probability for each label. A sample is called positive from the threshold on. Classes
            that exclude each other are each held against the rest.
        at_sensitivity: short for ``operating_point={"sensitivity": at_sensitivity}``.
        at_specificity: short for ``operating_point={"specificity": at_specificity}``.
        specificity_level: of the metric ``sensitivity_at_specificity``, which is fitted again at
            every rung; 0.95 by default.
        ece_bins: bins of equal mass of ``ece``, 15 by default.
        tolerance: of ``nsd``, 2 by default, in mm where the data declare a ``pixel_pitch``, else in
            pixels.
        preprocess: the model's own normalisation, applied after the noise.
        output: picks the tensor out of what the model returns.
        device: auto, cpu, cuda, cuda:N or mps.
        batch_size: images that go through the model together. ``"auto"``, the default, starts with
            a DataLoader's own batch size, else 16, and on CUDA doubles it while that brings more
            images a second and there is room; batches that a loader makes are split where they have
            to be, never joined. A number regroups them. Either way a batch that does not fit into
            memory is halved; ``settings["batch_size"]`` says what was used.
        precision: what the model computes in: fp32, or bf16 or fp16 by autocast. A model whose
            weights are half already keeps them. Noise and scores are float32 whatever it is.
        channels_last: keep images and weights in the memory format NHWC. ``"auto"``, the default,
            does so for models with convolutions on a CPU with oneDNN and in half precision on CUDA,
            where they are faster, if the model gives the same for the first two images;
            ``settings["channels_last"]`` says what was done.
        compile: run the model through ``torch.compile``.
        loader_workers: processes that load and decode samples while the model runs. None leaves a
            DataLoader its own, and loads everything else in this process.
        strips: how many samples to keep pictures of, the worst degraded ones.
        progress: called after each batch with the samples done, the samples in all (None: not
            known) and the rungs that each goes through.
        engine: ``local``, this process, or ``ray``: the samples are cut into blocks that actors of
            a Ray cluster measure, with the same noise and so the same numbers. Model and data have
            to be picklable; files have to lie where every node finds them. Needs the extra ``ray``.
        ray_address: of the cluster: ``HOST:PORT`` of its head, ``ray://HOST:PORT``, ``auto`` (the
            one that this machine belongs to) or ``local``. By default what ``RAY_ADDRESS`` says,
            else a local one that is started for the run.
        ray_actors: how many actors at most; by default one for each GPU, else for each CPU.
        denoiser: goes in front of the model: an nn.Module or a callable (N, 1, H, W) intensities in
            [0, 1] -> the same, or ``"gaussian"`` (``"gaussian:1.5"``, sigma in pixels),
            ``"median"`` (``"median:5"``, side), ``"nlm"`` or ``"dncnn:FOLDER"``. The ladder is
            measured with and without it, on the same noise; the result is that with it, and its
            ``denoising`` holds the other. Drops of both are from the clean images through the bare
            model.
        words: own rungs by the kind's parameter, ``photons=[1000, 200, 50]`` = severities 1, 2, 3
            in that order; for ``quantum`` and ``lowdose`` in one of ``dose`` (fraction of the
            reference), ``deviation_index``, ``exposure_index`` and ``air_kerma`` (uGy at the
            detector). And settings of the kind: for the clinical ones ``detector`` (name of a
            profile, path of a profile file, or a :class:`~pytest_xraynoise.noise.Detector`),
            ``pixel_pitch`` (mm), ``response`` (``"log"``, ``"linear"`` or a response), ``latitude``
            (decades of exposure of ``"log"``), ``kerma`` (uGy of the reference dose), and
            ``correlate``; for ``lowdose`` ``source_noise`` (``"detector"`` or ``"none"``); for
            ``electronic`` the ``dose`` at which it is read out. ``pixel_pitch`` goes with every
            kind, for the clinical reading.

    Returns:
        A :class:`~pytest_xraynoise.results.LadderResult`.

    Raises:
        SpecError: for a request that makes no sense.
        DataError: for data that cannot be used as they are.
        ModelError: for a model that cannot be evaluated.
        MetricError: when the data define a metric nowhere.
    """
    pair: Any = listed("contrast", contrast)
    settings, own = LadderRequest.split(get_noise(noise), words)
    request = LadderRequest(
        noise=noise,
        severities=listed("severities", severities),
        ladder=ladder,
        parameters=own_rungs(own),
        settings=settings,
        metrics=listed("metrics", metrics),
        seed=seed,
        repeats=repeats,
        confidence=confidence,
        samples=samples,
        task=task,
        labels=listed("labels", labels),
        contrast=pair,
        outputs=outputs,
        noise_at=noise_at,
        operating_point=operating_point,
        at_sensitivity=at_sensitivity,
        at_specificity=at_specificity,
        specificity_level=specificity_level,
        ece_bins=ece_bins,
        tolerance=tolerance,
    )
    return run_request(
        request,
        model,
        data,
        preprocess=preprocess,
        output=output,
        device=device,
        batch_size=batch_size,
        precision=precision,
        channels_last=channels_last,
        compile=compile,
        loader_workers=loader_workers,
        strips=strips,
        progress=progress,
        engine=engine,
        ray_address=ray_address,
        ray_actors=ray_actors,
        denoiser=denoiser,
    )


@contextlib.contextmanager
def measured_by(measurer: Measurer) -> Iterator[None]:
    """Have every evaluation inside measured by something else than a pass of its own."""
    token = _MEASURER.set(measurer)
    try:
        yield
    finally:
        _MEASURER.reset(token)


def current_measurer() -> Measurer | None:
    """What :func:`measured_by` has measure every evaluation here; None outside of one."""
    measurer = _MEASURER.get()
    return None if measurer is measure_data else measurer


def run_request(
    request: LadderRequest,
    model: Any,
    data: Any,
    *,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    device: str = "auto",
    batch_size: int | str | None = None,
    precision: str = "fp32",
    channels_last: bool | str = "auto",
    compile: bool = False,  # noqa: A002  # torch's word
    loader_workers: int | None = None,
    strips: int = 3,
    progress: Progress | None = None,
    workers: int = 1,
    measurer: Measurer | None = None,
    engine: str = "local",
    ray_address: str | None = None,
    ray_actors: int | None = None,
    denoiser: Any = None,
) -> LadderResult:
    """:func:`evaluate` for a request that is made already; the plugin calls this one.

    ``workers`` processes run ladders at the same time and share the processors. ``measurer`` runs
    the rungs; one that knows some of them already has the signature of
    :func:`~pytest_xraynoise.engine.measuring.measure_data`. That one does it by default, or what
    :func:`measured_by` says. It gets a word ``engine`` as well where that is not the local one.
    """
    how = Execution(
        device,
        batch_size,
        precision,
        channels_last=channels_last,
        compile=compile,
        loader_workers=loader_workers,
    )
    other = chosen_engine(engine, ray_address, ray_actors)
    elsewhere = {} if other is None else {"engine": other}
    words: dict[str, Any] = {
        "preprocess": preprocess,
        "output": output,
        "strips": strips,
        "progress": progress,
        "workers": workers,
        **elsewhere,
    }
    runs = measurer or _MEASURER.get()
    if denoiser is not None:
        return denoised_ladder(request, model, data, how, denoiser, runs, **words)
    return finish(request, runs(request, model, data, how, **words), strips=strips)
