"""A ladder with a denoiser before the model, measured beside the same ladder without.

Both are measured by the same measurer, so that the bare ladder is shared with tests that have no
denoiser, and comes from the cache where it is known. Noise depends on seed and sample id alone:
both see the same noisy images, and what was read is held against each other. One reference serves
all drops: the clean images through the bare model, which is what is in use today.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.addresses import addresses
from pytest_xraynoise.engine.denoisers import built_in
from pytest_xraynoise.engine.finishing import finish
from pytest_xraynoise.engine.joining import aligned, difference
from pytest_xraynoise.engine.measured import CLEAN, RungRows
from pytest_xraynoise.engine.measuring import measure_data, opened
from pytest_xraynoise.errors import DataError, ModelError
from pytest_xraynoise.models.denoisers import Front
from pytest_xraynoise.results.denoising import Denoising

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.results import LadderResult, RungResult

_SHA256 = 64


def denoised_ladder(
    request: LadderRequest,
    model: Any,
    data: Any,
    how: Execution,
    denoiser: Any,
    measurer: Callable[..., Measured],
    *,
    preprocess: Callable[..., Any] | None,
    strips: int,
    **words: Any,
) -> LadderResult:
    """The ladder with a denoiser; ``denoising`` of the result has the one without.

    Args:
        request: what was asked for.
        model: as a measurer takes it, and so are the words without a line here.
        data: the samples.
        how: how the machine is used.
        denoiser: an nn.Module, a callable, or the word of a denoiser that comes along.
        measurer: runs the rungs.
        preprocess: the model's own; it comes after the denoiser.
        strips: how many samples to keep pictures of.
        **words: further ones of a measurer.

    Raises:
        ModelError: something that is no denoiser, or does not return intensities.
        DataError: data that differ from reading to reading.
    """
    named = denoiser if isinstance(denoiser, str) else None
    found = built_in(denoiser) if isinstance(denoiser, str) else denoiser
    if not callable(found) or isinstance(found, type):
        raise ModelError(
            f"the denoiser is {found!r}; expected an nn.Module or a callable (N, 1, H, W) "
            "intensities -> the same, or the word of one that comes along"
        )
    measurer = _with_digests(measurer)
    bare = measurer(request, model, data, how, preprocess=preprocess, strips=0, **words)
    front = Front(found, preprocess, opened(request, model, data, how).intensity)
    behind = measurer(request, model, data, how, preprocess=front, strips=strips, **words)
    if (reason := difference(*_alike(bare, behind))) is not None:
        raise DataError(
            f"the ladders without and with the denoiser are not over the same data: {reason}"
        )
    clean = aligned(bare, behind)[CLEAN]
    whole = behind.replace(rungs={**behind.rungs, CLEAN: clean})
    result = finish(request, whole, strips=strips)
    name = named or front.name
    denoising = Denoising(
        name,
        finish(request, bare, strips=0).rungs,
        _clean(request, clean, behind),
        request.confidence,
    )
    return result.replace(denoising=denoising, settings={**result.settings, "denoiser": name})


def _clean(request: LadderRequest, bare: RungRows, behind: Measured) -> RungResult:
    """The clean images through the denoiser, in the place of a rung so that it has intervals."""
    first = next(rung.severity for rung in request.rungs if rung.severity)
    asked = replace(request, severities=(first,), repeats=1)
    rung = addresses(asked)[first]
    rows = {CLEAN: bare, rung: behind.rungs[CLEAN]}
    reference, made = finish(asked, behind.replace(rungs=rows), strips=0).rungs
    return replace(made, rung=reference.rung)


def _alike(one: Measured, other: Measured) -> tuple[Measured, Measured]:
    """Without their digests where those are of two sorts: a cache keeps other ones than a run."""
    sorts = {
        len(part.samples.digests[0]) == _SHA256 for part in (one, other) if part.samples.digests
    }
    if len(sorts) < 2:
        return one, other
    bare = [part.replace(samples=replace(part.samples, digests=())) for part in (one, other)]
    return bare[0], bare[1]


def _with_digests(measurer: Callable[..., Measured]) -> Callable[..., Measured]:
    """One that tells the same samples from others; a single pass does not."""
    from pytest_xraynoise.engine.sharing import SharedMeasurements

    return SharedMeasurements() if measurer is measure_data else measurer
