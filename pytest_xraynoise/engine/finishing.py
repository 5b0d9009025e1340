"""From what was measured to a result: metrics, drops and intervals. No model and no image here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.addresses import addresses, view_of
from pytest_xraynoise.engine.classification import RAW, Classification
from pytest_xraynoise.engine.collectors import check_metrics, measured_names
from pytest_xraynoise.engine.operating import decided_at, reading_settings
from pytest_xraynoise.engine.outputs import saturates
from pytest_xraynoise.engine.overlap import Measures
from pytest_xraynoise.engine.repeats import draw_of, keys_at, one_draw
from pytest_xraynoise.engine.resolution import Resolution
from pytest_xraynoise.engine.rows import GrowingRows
from pytest_xraynoise.engine.scoring import score_with_spreads
from pytest_xraynoise.engine.segmentation import Segmentation
from pytest_xraynoise.engine.strips import Kept, StripKeeper
from pytest_xraynoise.engine.threads import one_blas_thread
from pytest_xraynoise.errors import DataError
from pytest_xraynoise.metrics import defaults
from pytest_xraynoise.noise.describe import described
from pytest_xraynoise.results import LadderResult, RungResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.engine.classification import Scored
    from pytest_xraynoise.engine.measured import Address, Measured
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.results import Strip


def finish(request: LadderRequest, measured: Measured, *, strips: int = 3) -> LadderResult:
    """Score the rungs of a request.

    Args:
        request: what was asked for.
        measured: has every rung of it; others are not looked at.
        strips: how many samples to show pictures of, where there are pictures of these rungs.

    Raises:
        DataError: for a rung that was not measured.
        SpecError: for metrics, labels or words that the task does not have.
        MetricError: when the data define a metric nowhere.
    """
    where = addresses(request)
    for key, address in where.items():
        if address not in measured.rungs:
            raise DataError(f"rung {key} of noise {request.noise!r} was not measured: {address}")
    scored = scored_of(request, measured)
    samples = measured.samples
    names = tuple(dict.fromkeys((*(request.metrics or defaults(scored.task)), *request.also)))
    decided = decided_at(scored, names, request.options)
    with one_blas_thread():
        score = score_with_spreads(
            task=scored.task,
            labels=scored.labels,
            targets=scored.targets,
            scores=scored.scores,
            per_image=scored.per_image,
            ranks=scored.ranks,
            decisions=None if decided is None else decided.decisions,
            options=request.options,
            metrics=names,
            confidence=request.confidence,
            seed=request.seed,
            groups=samples.groups,
        )
    first = one_draw(scored, 0)
    resolution = Resolution(request, measured.resize, samples.sizes, samples.pitches)
    return LadderResult(
        noise=request.noise,
        ladder=request.resolved_ladder.name,
        task=scored.task,
        labels=scored.labels,
        rungs=tuple(
            RungResult(rung, score.values[rung.severity], *_losses(measured, where, rung.severity))
            for rung in resolution.read(request.rungs)
        ),
        ids=scored.ids,
        settings={
            **_settings(request, measured, resolution),
            **reading_settings(scored, names, request.options, decided),
        },
        model=measured.model,
        dataset=measured.dataset,
        excluded=score.excluded,
        strips=_strips(request, measured, where, scored, strips),
        groups=samples.groups,
        _targets=scored.targets,
        _scores=first.scores,
        _per_image=first.per_image,
        _draws=tuple(one_draw(scored, draw) for draw in range(1, request.repeats)),
        _odds=draw_of(scored.ranks, 0) if saturates(scored.ranks.values()) else {},
        _spreads=score.spreads,
    )


def scored_of(request: LadderRequest, measured: Measured) -> Scored:
    """Targets and scores of the rungs of a request, for its labels or its contrast.

    Raises:
        SpecError: for metrics, labels or words that the task does not have.
    """
    check_metrics(request, measured.outputs.task)
    if measured.outputs.task == "segmentation":
        return _segmentation(request, measured).finish()
    return _classification(request, measured).finish()


def _classification(request: LadderRequest, measured: Measured) -> Classification:
    outputs, samples = measured.outputs, measured.samples
    rungs = addresses(request).items()
    return Classification(
        outputs.task,
        outputs.names,
        request.outputs,
        request.labels,
        request.contrast,
        list(samples.ids),
        GrowingRows(samples.targets),
        {key: GrowingRows(measured.rungs[address].numbers[RAW]) for key, address in rungs},
    )


def _segmentation(request: LadderRequest, measured: Measured) -> Segmentation:
    """The numbers of the labels asked for; those that no metric of this request reads stay out."""
    outputs, samples = measured.outputs, measured.samples
    judged = Segmentation(outputs.names, outputs.exclusive, request.outputs, request.labels)
    wanted = judged.labels or judged.names
    columns = [outputs.judged.index(name) for name in wanted]
    measures = Measures(measured_names(request), request.options.tolerance)
    measures.unit = outputs.unit if measures.distances else ""
    judged.measures = measures
    judged.ids, judged.areas = list(samples.ids), GrowingRows(samples.targets[:, columns])
    for name in dict.fromkeys(("dice", "iou", *measures.names)):
        judged.numbers[name] = {
            key: GrowingRows(measured.rungs[address].numbers[name][:, columns])
            for key, address in addresses(request).items()
        }
    return judged


def _losses(measured: Measured, where: Mapping[int, Address], severity: int) -> tuple[float, float]:
    """Mean clipped fraction and mean shift of the image mean at one severity, over all draws."""
    rows = [measured.rungs[where[key]] for key in keys_at(where, severity)]
    count = len(rows) * len(measured.samples.ids)
    clipped = sum(float(one.clipped.sum()) for one in rows)
    return clipped / count, sum(float(one.shifted.sum()) for one in rows) / count


def _strips(
    request: LadderRequest,
    measured: Measured,
    where: Mapping[int, Address],
    scored: Scored,
    count: int,
) -> tuple[Strip, ...]:
    if measured.pictured != view_of(request):
        return ()
    first = draw_of(where, 0)
    kept = [
        Kept(
            one.sample,
            one.lost,
            {severity: one.images[at] for severity, at in first.items()},
            {severity: one.masks[at] for severity, at in first.items() if at in one.masks},
            one.truth,
        )
        for one in measured.pictures
    ]
    return StripKeeper(count, kept).finish(scored)[:count]


def _settings(request: LadderRequest, measured: Measured, resolution: Resolution) -> dict[str, Any]:
    settings, groups = measured.settings, measured.samples.groups
    machine = ("batch_size", "precision", "channels_last", "compile", "loader_workers")
    return {
        "seed": request.seed,
        "repeats": request.repeats,
        "confidence": request.confidence,
        "samples": len(measured.samples.ids),
        "subset": request.samples,
        "device": settings["device"],
        "outputs": request.outputs,
        "contrast": None if request.contrast is None else list(request.contrast),
        "intensity": settings["intensity"],
        "image_size": list(settings["image_size"]),
        **resolution.settings(),
        "noise_settings": described(request.kind),
        "clip": True,
        "groups": None if groups is None else len(set(groups)),
        **({"skipped": dict(measured.skipped)} if measured.skipped else {}),
        **{word: settings[word] for word in machine},
    }
