"""The one step that has the model: a pass over the data for a set of rungs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.data import Source, XrayDataset, open_source
from pytest_xraynoise.data.subset import stratified
from pytest_xraynoise.engine.addresses import addresses, view_of
from pytest_xraynoise.engine.batching import BatchSizer
from pytest_xraynoise.engine.classification import Classification
from pytest_xraynoise.engine.device import choose_device, device_label
from pytest_xraynoise.engine.fitting import fitting
from pytest_xraynoise.engine.ladder_pass import LadderPass
from pytest_xraynoise.engine.measured import Measured, Outputs, Picture
from pytest_xraynoise.engine.threads import shared_threads
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.models import ModelRunner, model_name, preserved_state
from pytest_xraynoise.models.labels import declared_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.engine.engines import Engine
    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.ladder_pass import Digests
    from pytest_xraynoise.engine.measured import Plan
    from pytest_xraynoise.engine.request import LadderRequest

    Progress = Callable[[int, int | None, int], None]

SUBSET_SEED = 0
"""One subset for all: another seed of the noise must not mean other patients."""


def opened(request: LadderRequest, model: Any, data: Any, how: Execution) -> Source:
    """The data of a request, before any subset is taken.

    Raises:
        DataError: for data that cannot be opened.
    """
    if data is None:
        raise DataError("the dataset is None; did the fixture forget its return?")
    return open_source(
        _named(data, model),
        task=request.task,
        batch_size=how.fixed_batch,
        workers=how.loader_workers,
    )


def runner_of(
    model: Any,
    how: Execution,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    source: Source | None = None,
) -> ModelRunner:
    """The model where ``how`` puts it, fitted to the data where they are given.

    Raises:
        DataError: for a label of the data that the model does not have.
        ModelError: for something that is no model.
        SpecError: for a device that is not there, or a precision that it does not have.
    """
    if source is not None:
        preprocess, output = fitting(model, source, preprocess, output)
    return ModelRunner(
        model,
        _placement(model, how.device),
        preprocess,
        output,
        precision=how.precision,
        channels_last=how.channels_last,
        compile=how.compile,
    )


def take_subset(request: LadderRequest, source: Source) -> None:
    """Restrict a source to the subset that a request names; reads every target for it.

    Raises:
        DataError: for a stream.
    """
    if request.samples is None:
        return
    if not source.sized:
        raise DataError(
            f"samples={request.samples}: an iterable dataset cannot be subset; use a map-style "
            "dataset"
        )
    if request.samples < len(source):
        targets, groups = source.survey()
        if request.samples < len(targets):  # some may not have loaded
            source.keep(stratified(targets, request.samples, SUBSET_SEED, groups))


def measure_data(
    request: LadderRequest,
    model: Any,
    data: Any,
    how: Execution,
    *,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    strips: int = 3,
    progress: Progress | None = None,
    workers: int = 1,
    engine: Engine | None = None,
) -> Measured:
    """Open the data, take the subset that the request names, and run every rung of it.

    ``engine`` runs them elsewhere than in this process.

    Raises:
        DataError, ModelError, SpecError: as :func:`measure` does.
    """
    check_strips(strips)
    here = how if engine is None else engine.here(how)
    place = _placement(model, here.device)
    source = opened(request, model, data, how)
    runner_of(model, here, preprocess, output)  # what is no model is refused before data are read
    with preserved_state(place):
        take_subset(request, source)
        return (measure if engine is None else engine.measure)(
            request,
            model,
            source,
            how,
            preprocess=preprocess,
            output=output,
            strips=strips,
            progress=progress,
            workers=workers,
        )


def check_strips(strips: object) -> None:
    """Refuse a number of strips that is none.

    Raises:
        SpecError: for anything but a whole number from 0.
    """
    if isinstance(strips, bool) or not isinstance(strips, int) or strips < 0:
        raise SpecError(f"strips={strips!r}: expected a whole number from 0")


def measure(
    request: LadderRequest,
    model: Any,
    source: Source,
    how: Execution,
    *,
    rungs: Plan | None = None,
    base: Measured | None = None,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    strips: int = 3,
    progress: Progress | None = None,
    workers: int = 1,
    digests: Digests | None = None,
    foreseen: Sequence[str] = (),
) -> Measured:
    """Run one pass over the data.

    Args:
        request: what was asked for. Its ``samples`` is not looked at: see :func:`take_subset`.
        model: an nn.Module or any callable.
        source: the samples to run, all of them or a shard.
        how: how the machine is used.
        rungs: the noisy rungs to run, draw by draw; all of the request by default.
        base: an earlier pass over the same samples. The clean images are then not run again, and
            no pictures are kept; join both with :func:`~pytest_xraynoise.engine.joining.extended`.
        preprocess: the model's own normalisation, applied after the noise.
        output: picks the tensor out of what the model returns.
        strips: how many samples to keep pictures of.
        progress: called after each batch with the samples done, the samples in all (None: not
            known) and the rungs that each goes through.
        workers: processes that run ladders at the same time and share the processors.
        digests: makes a digest of each sample of a batch, kept in ``Measured.samples``.
        foreseen: metrics that other requests will read of the same pass.

    Raises:
        DataError: for data that cannot be used as they are.
        ModelError: for a model that cannot be evaluated.
        SpecError: for metrics, labels or a contrast that this task does not have.
    """
    check_strips(strips)
    runner = runner_of(model, how, preprocess, output, source)
    with shared_threads(workers), preserved_state(runner.device):
        sizer = sizer_of(source, runner.device, how)
        ladder = LadderPass(
            request,
            source,
            plan=rungs,
            base=None if base is None else base.outputs,
            strips=strips,
            progress=progress,
            sizer=sizer,
            digests=digests,
            foreseen=foreseen,
        )
        with runner:
            ladder.run(runner)
    positions = source.positions
    return Measured(
        outputs=_outputs(ladder, request),
        samples=ladder.samples(),
        rungs=ladder.rungs(),
        loaded=None if positions is None else tuple(positions),
        pictures=_pictures(ladder, request),
        pictured=view_of(request) if rungs is None and base is None else "",
        resize=source.size,
        skipped=source.skipped,
        settings={
            "device": device_label(runner.device),
            "intensity": source.intensity.describe(),
            "image_size": list(ladder.image_size),
            "batch_size": sizer.size,
            "precision": runner.precision,
            "channels_last": runner.channels_last,
            "compile": how.compile,
            "loader_workers": how.loader_workers,
        },
        model=model_name(model),
        dataset=source.name,
    )


def _outputs(ladder: LadderPass, request: LadderRequest) -> Outputs:
    collected = ladder.collected
    if isinstance(collected, Classification):
        return Outputs(collected.task, collected.names)
    return Outputs(
        "segmentation",
        collected.names,
        collected.labels or collected.names,
        collected.exclusive,
        collected.logits,
        collected.measures.unit,
        request.options.tolerance,
    )


def _pictures(ladder: LadderPass, request: LadderRequest) -> tuple[Picture, ...]:
    where = addresses(request)
    return tuple(
        Picture(
            one.sample,
            one.lost,
            {where[severity]: image for severity, image in one.images.items()},
            {where[severity]: mask for severity, mask in one.masks.items()},
            one.truth,
        )
        for one in ladder.pictures
    )


def _placement(model: Any, device: str) -> torch.device:
    """A module goes where ``device`` says; a callable under ``auto`` gets its images on the CPU."""
    chosen = choose_device(device)
    if device == "auto" and not isinstance(model, torch.nn.Module):
        return torch.device("cpu")
    return chosen


def sizer_of(source: Source, device: torch.device, how: Execution) -> BatchSizer:
    """Who decides how many samples go through the model together.

    A model that is compiled is compiled for a shape, so its batches do not grow.
    """
    grows = how.fixed_batch is None and not source.in_batches and not how.compile
    most = len(source) if source.sized else None
    return BatchSizer(source.batch_size, device, grows=grows, most=most)


def _named(data: Any, model: Any) -> Any:
    """Take label names from the model where the data have none."""
    names = declared_labels(model)
    if names is None or open_source(data).labels is not None:
        return data
    declared = data if isinstance(data, XrayDataset) else XrayDataset(data)
    return declared.named(names)
