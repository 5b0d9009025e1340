"""What a session has measured already: two requests that need the same rungs run them once.

A :class:`SharedMeasurements` is called in the place of
:func:`~pytest_xraynoise.engine.measuring.measure_data`. It remembers what was measured for a model,
its data, and the way both are used, and addresses rungs by how their noise is made. So

* limits, metrics, confidence and labels make no difference: they come after the measuring;
* a request that needs further rungs, severities, draws or another kind of noise runs those only,
  in one pass, and never the clean images again;
* nothing is shared once the model, its preprocessing or the data have changed
  (:func:`~pytest_xraynoise.engine.identity.fingerprint`), or when a further pass meets a sample
  whose image or target is not what it was;
* data that are read as a stream are shared whole or not at all.

Kept are scores: 8 bytes for each sample, output and rung, for as long as the model lives. Images
are not kept. The pictures of a result that several passes contributed to are made again for the few
samples that they show, from the same noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.addresses import missing, view_of
from pytest_xraynoise.engine.cache.data import offered_digest
from pytest_xraynoise.engine.collectors import measured_names
from pytest_xraynoise.engine.identity import Held, fingerprint, opaque
from pytest_xraynoise.engine.joining import difference, extended
from pytest_xraynoise.engine.measured import CLEAN
from pytest_xraynoise.engine.measuring import (
    check_strips,
    runner_of,
)
from pytest_xraynoise.engine.run import Run
from pytest_xraynoise.models import preserved_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from pytest_xraynoise.engine.cache import KeptMeasurements
    from pytest_xraynoise.engine.engines import Engine
    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured, Picture
    from pytest_xraynoise.engine.measuring import Progress
    from pytest_xraynoise.engine.request import LadderRequest

MOST = 64
"""Entries that are kept, the latest ones: pairs of a model and data, each used in one way."""

HELD = 2
"""Entries of those that keep data alive, because they are lists or tuples."""


@dataclass
class _Entry:
    """What was measured for one model and one dataset, used in one way.

    ``kept`` are settings of the noise that only their identity tells apart, ``data`` the digest of
    the data for the cache, which is made once while nothing changes.
    """

    parts: tuple[Held, ...]
    way: tuple[Any, ...]
    kept: tuple[Any, ...] = ()
    signs: tuple[Any, ...] = ()
    data: str | None = None
    known: list[Measured] = field(default_factory=list)
    pictures: dict[str, tuple[int, tuple[Picture, ...]]] = field(default_factory=dict)

    def is_for(self, things: Sequence[Any], way: tuple[Any, ...]) -> bool:
        same = all(part.holds(thing) for part, thing in zip(self.parts, things, strict=True))
        return same and self.way == way


class SharedMeasurements:
    """The measurements of one session in one process.

    Attributes:
        foreseen: metrics that requests to come will read; the numbers of a segmenter that they need
            are then kept by the first pass already.
    """

    def __init__(self, cache: KeptMeasurements | None = None) -> None:
        """Begin with nothing known, but for what earlier runs left in ``cache``."""
        self.foreseen: tuple[str, ...] = ()
        self._cache = cache
        self._entries: list[_Entry] = []

    def __call__(
        self,
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
        """Every rung of a request, measured now or before, by ``engine`` where there is one.

        Raises:
            DataError, ModelError, SpecError: as
                :func:`~pytest_xraynoise.engine.measuring.measure` does.
        """
        check_strips(strips)
        runner_of(model, how if engine is None else engine.here(how), preprocess, output)
        things = (model, data, preprocess, output)
        run = Run(request, things, how, strips, progress, workers, self.foreseen, engine)
        settings = tuple(opaque(request.settings))
        entry = self._entry(things, (*_way(request, how), *map(id, settings)), settings)
        signs = _signs(things)
        if entry.signs != signs:
            entry.known.clear()
            entry.pictures.clear()
            entry.data = None
        measured = self._measured(entry, run)
        entry.signs = _signs(things) if run.touched else signs
        return measured

    def _measured(self, entry: _Entry, run: Run) -> Measured:
        fitting = [one for one in entry.known if _serves(one, run.request)]
        before = min(fitting, key=lambda one: _count(run.request, one), default=None)
        if self._cache is not None and (before is None or missing(run.request, before)):
            return self._kept(self._cache, entry, run, before)
        return self._pictured(entry, run, self._known(entry, run, before))

    def _kept(
        self, cache: KeptMeasurements, entry: _Entry, run: Run, before: Measured | None
    ) -> Measured:
        """As without a cache, but for what earlier runs measured; and for later ones to find."""
        callables = (run.things[0], *run.things[2:])
        place = cache.place(run.request, callables, run.how, run.device, entry.kept)
        if place is None:
            return self._pictured(entry, run, self._known(entry, run, before))
        offered = offered_digest(run.source)
        run.hashing, place.data = True, entry.data or offered
        run.touched |= place.data is None
        with preserved_state(run.placement):
            earlier = cache.find(place, run.request, run.source)
        if earlier is not None and not _serves(earlier, run.request):
            earlier = None
        if earlier is not None and before is not None:
            earlier = None if difference(earlier, before) else extended(earlier, before)
        if earlier is not None:
            entry.known = [one for one in entry.known if one is not before]
            entry.known.append(earlier)
        measured = self._known(entry, run, earlier or before)
        # What a pass has read is what it measured, also where data differ from reading to reading.
        place.data = offered or run.data_digest or place.data
        entry.data = place.data
        measured = self._pictured(entry, run, measured)
        if place.data is not None:
            cache.keep(place, measured, earlier, view_of(run.request))
        return measured

    def _known(self, entry: _Entry, run: Run, before: Measured | None) -> Measured:
        """Every rung, in the entry too."""
        measured = run.everything() if before is None else run.completed(before)
        if measured is not before:
            entry.known = [one for one in entry.known if one is not before]
            entry.known.append(measured)
        return measured

    def _pictured(self, entry: _Entry, run: Run, measured: Measured) -> Measured:
        view = view_of(run.request)
        wanted = min(run.strips, len(measured.samples.ids))
        if measured.pictured == view and len(measured.pictures) >= wanted:
            return measured
        count, pictures = entry.pictures.get(view, (-1, ()))
        if count < wanted:
            pictures = run.pictures(measured) if wanted else ()
            entry.pictures[view] = wanted, pictures
        return measured.replace(pictures=pictures, pictured=view)

    def _entry(
        self, things: Sequence[Any], way: tuple[Any, ...], settings: tuple[Any, ...]
    ) -> _Entry:
        self._entries = [e for e in self._entries if not any(part.gone for part in e.parts)]
        found = [entry for entry in self._entries if entry.is_for(things, way)]
        entry = found[0] if found else _Entry(tuple(map(Held, things)), way, settings)
        others = [one for one in self._entries if one is not entry][-MOST + 1 :]
        strong = [one for one in others if _keeps(one)]
        dropped = strong[: max(0, len(strong) - HELD + _keeps(entry))]
        self._entries = [*(one for one in others if one not in dropped), entry]
        return entry


def _way(request: LadderRequest, how: Execution) -> tuple[Any, ...]:
    """What the pass of a request depends on beside model, data and noise."""
    return (request.samples, request.task, request.outputs, request.contrast, how)


def _signs(things: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(fingerprint(thing) for thing in things)


def _keeps(entry: _Entry) -> bool:
    return any(part.strong for part in entry.parts)


def _count(request: LadderRequest, measured: Measured) -> int:
    return sum(len(rungs) for _, rungs in missing(request, measured))


def _serves(measured: Measured, request: LadderRequest) -> bool:
    """Whether what was measured has the numbers that a request reads."""
    outputs = measured.outputs
    if outputs.task != "segmentation":
        return True
    if measured.loaded is None and missing(request, measured):
        return False
    wanted = set(request.labels or outputs.names)
    if not wanted <= {*outputs.judged, *(wanted - set(outputs.names))}:
        return False  # a name that the model lacks is refused when the result is made
    numbers = measured_names(request)
    if outputs.tolerance != request.options.tolerance and "nsd" in numbers:
        return False
    return set(numbers) <= set(measured.rungs[CLEAN].numbers)
