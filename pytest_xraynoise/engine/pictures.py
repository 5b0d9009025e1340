"""Pictures of the samples that lose most, made after the pass, from the same noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.engine.addresses import addresses
from pytest_xraynoise.engine.finishing import scored_of
from pytest_xraynoise.engine.measured import Picture
from pytest_xraynoise.engine.noising import Noising
from pytest_xraynoise.engine.segmentation import Segmentation
from pytest_xraynoise.engine.strips import StripKeeper
from pytest_xraynoise.engine.threads import shared_threads
from pytest_xraynoise.errors import DataError
from pytest_xraynoise.models import preserved_state

if TYPE_CHECKING:
    import torch

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.engine.measured import Measured
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.models import ModelRunner


def made_again(
    request: LadderRequest,
    measured: Measured,
    source: Source,
    runner: ModelRunner,
    count: int,
    workers: int = 1,
) -> tuple[Picture, ...]:
    """Load the samples that lose most over the rungs of a request once more, for pictures.

    A classifier is not asked again, its scores are known. A segmenter is, for the masks of these
    few samples.

    Args:
        request: whose rungs to show.
        measured: has them all.
        source: the whole dataset, as it was opened for the pass.
        runner: the model.
        count: how many samples at most.
        workers: processes that share the processors.
    """
    scored = scored_of(request, measured)
    rows = sorted(range(len(scored.ids)), key=lambda row: (-scored.lost[row], row))[:count]
    places = {place: n for n, place in enumerate(source.positions or ())}
    wanted = [int(measured.samples.positions[row]) for row in rows]
    if any(place not in places for place in wanted):
        raise DataError(
            "the data have other samples than when they were measured; does a sampler draw other "
            "ones each time?"
        )
    source.keep([places[place] for place in wanted])
    lost = {scored.ids[row]: float(scored.lost[row]) for row in rows}
    keeper, where = StripKeeper(count), addresses(request)
    with shared_threads(workers), preserved_state(runner.device), runner:
        for batch in source:
            shown = _images(request, source, batch, runner)
            masks, truth = _masks(request, measured, batch, shown, runner)
            known = np.array([lost.get(ident, 0.0) for ident in batch.ids])
            keeper.offer(batch.ids, known, shown, masks, truth, source.intensity.to_unit)
    return tuple(
        Picture(
            one.sample,
            one.lost,
            {where[severity]: image for severity, image in one.images.items()},
            {where[severity]: mask for severity, mask in one.masks.items()},
            one.truth,
        )
        for one in keeper.kept
        if one.sample in lost
    )


def _images(
    request: LadderRequest, source: Source, batch: Batch, runner: ModelRunner
) -> dict[int, torch.Tensor]:
    noising = Noising(request, source)
    clean = noising.clean(batch, runner.device)
    rungs = [rung for rung in request.rungs if rung.severity]
    plain = source.size is None
    first = source.intensity.model_input(batch.images) if plain else None
    shown = {0: source.intensity.from_unit(clean) if first is None else first.to(runner.device)}
    return shown | {s: made.images for s, made in noising.at(batch, clean, rungs).items()}


def _masks(
    request: LadderRequest,
    measured: Measured,
    batch: Batch,
    shown: dict[int, torch.Tensor],
    runner: ModelRunner,
) -> tuple[dict[int, torch.Tensor] | None, torch.Tensor | None]:
    """Predicted and true masks of a segmentation."""
    if measured.outputs.task != "segmentation":
        return None, None
    raw = {severity: runner(images, batch.ids, severity) for severity, images in shown.items()}
    outputs = measured.outputs
    collector = Segmentation(outputs.names, outputs.exclusive, request.outputs, request.labels)
    collector.logits = outputs.logits
    true, _ = collector.true_masks(batch.targets.to(raw[0].device), list(batch.ids))
    return collector.predicted_masks(raw), true
