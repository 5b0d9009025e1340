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

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.engine.cache.data import DataDigest, digest_by_reading, offered_digest
from pytest_xraynoise.engine.classification import RAW
from pytest_xraynoise.engine.collectors import measured_names
from pytest_xraynoise.engine.device import device_label
from pytest_xraynoise.engine.identity import Held, fingerprint, opaque
from pytest_xraynoise.engine.measured import CLEAN, difference, extended, missing, view_of
from pytest_xraynoise.engine.measuring import (
    check_strips,
    measure,
    opened,
    runner_of,
    take_subset,
)
from pytest_xraynoise.engine.pictures import made_again
from pytest_xraynoise.models import preserved_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.data import Batch, Source
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
        run = _Run(request, things, how, strips, progress, workers, self.foreseen, engine)
        settings = tuple(opaque(request.settings))
        entry = self._entry(things, (*_way(request, how), *map(id, settings)), settings)
        if entry.signs != _signs(things):
            entry.known.clear()
            entry.pictures.clear()
            entry.data = None
        measured = self._measured(entry, run)
        entry.signs = _signs(things)
        return measured

    def _measured(self, entry: _Entry, run: _Run) -> Measured:
        fitting = [one for one in entry.known if _serves(one, run.request)]
        before = min(fitting, key=lambda one: _count(run.request, one), default=None)
        if self._cache is not None and (before is None or missing(run.request, before)):
            return self._kept(self._cache, entry, run, before)
        return self._pictured(entry, run, self._known(entry, run, before))

    def _kept(
        self, cache: KeptMeasurements, entry: _Entry, run: _Run, before: Measured | None
    ) -> Measured:
        """As without a cache, but for what earlier runs measured; and for later ones to find."""
        callables = (run.things[0], *run.things[2:])
        place = cache.place(run.request, callables, run.how, run.device, entry.kept)
        if place is None:
            return self._pictured(entry, run, self._known(entry, run, before))
        run.hashing, place.data = True, entry.data
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
        place.data = offered_digest(run.source) or run.data_digest or place.data
        entry.data = place.data
        measured = self._pictured(entry, run, measured)
        if place.data is not None:
            cache.keep(place, measured, earlier, view_of(run.request))
        return measured

    def _known(self, entry: _Entry, run: _Run, before: Measured | None) -> Measured:
        """Every rung, in the entry too."""
        measured = run.everything() if before is None else run.completed(before)
        if measured is not before:
            entry.known = [one for one in entry.known if one is not before]
            entry.known.append(measured)
        return measured

    def _pictured(self, entry: _Entry, run: _Run, measured: Measured) -> Measured:
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


@dataclass
class _Run:
    """One request with all that is needed to measure it.

    Attributes:
        hashing: whether passes make digests of the data that hold from run to run.
        data_digest: the digest of what the last pass read; None without ``hashing``.
    """

    request: LadderRequest
    things: tuple[Any, Any, Any, Any]
    how: Execution
    strips: int
    progress: Progress | None
    workers: int
    foreseen: tuple[str, ...]
    engine: Engine | None = None
    hashing: bool = False
    data_digest: str | None = None

    @functools.cached_property
    def placement(self) -> torch.device:
        """What the model runs on."""
        return runner_of(self.things[0], self._here).device

    @property
    def _here(self) -> Execution:
        """How this process uses the machine, beside an engine that has others."""
        return self.how if self.engine is None else self.engine.here(self.how)

    @property
    def device(self) -> str:
        """What the model runs on, as reports name it."""
        return device_label(self.placement)

    @functools.cached_property
    def source(self) -> Source:
        """The samples of the request."""
        source = self._opened()
        with preserved_state(self.placement):
            take_subset(self.request, source)
        return source

    def everything(self) -> Measured:
        """Every rung, whatever is known."""
        return self._pass(self.request, self.source, strips=self.strips, foreseen=self.foreseen)

    def completed(self, before: Measured) -> Measured:
        """What is known, with the missing rungs; all anew where the samples do not hold still."""
        plan = missing(self.request, before)
        if not plan:
            return before
        source = self._opened()
        if before.loaded is None or not _has_kept(source, before.loaded):
            return self.everything()
        numbers = tuple(n for n in before.rungs[CLEAN].numbers if n != RAW)
        further = self._pass(
            # Of a segmenter the same numbers for the same labels, whoever reads them.
            replace(self.request, labels=before.outputs.judged or self.request.labels),
            source,
            rungs=plan,
            base=before,
            strips=0,
            foreseen=(*self.foreseen, *numbers),
        )
        return self.everything() if difference(before, further) else extended(before, further)

    def pictures(self, measured: Measured) -> tuple[Picture, ...]:
        """Pictures of the samples that lose most over the rungs of this request."""
        if measured.loaded is None:
            return ()
        model, _, preprocess, output = self.things
        runner = runner_of(model, self._here, preprocess, output)
        source = self._opened()
        return made_again(self.request, measured, source, runner, self.strips, self.workers)

    def _opened(self) -> Source:
        return opened(self.request, self.things[0], self.things[1], self.how)

    def _pass(self, request: LadderRequest, source: Source, **words: Any) -> Measured:
        model, _, preprocess, output = self.things
        digest = DataDigest() if self.hashing else None
        with preserved_state(self.placement):
            measured = (measure if self.engine is None else self.engine.measure)(
                request,
                model,
                source,
                self.how,
                preprocess=preprocess,
                output=output,
                progress=self.progress,
                workers=self.workers,
                digests=digest or checksums,
                **words,
            )
        self.data_digest = None if digest is None else self._total(digest, measured, source)
        return measured

    def _total(self, digest: DataDigest, measured: Measured, source: Source) -> str:
        """The digest of all samples that were read, wherever that was."""
        if self.engine is None:
            return digest.total(source)
        if self.request.contrast is not None:  # the samples that it left out are not known here
            return digest_by_reading(self.source)
        samples = measured.samples
        return DataDigest(samples.ids, samples.digests).total(source, samples.groups)


def _has_kept(source: Source, loaded: Sequence[int]) -> bool:
    """Restrict a source to the samples of before; False where it lacks one by now."""
    places = source.positions
    if places is None:
        return False
    at = {place: n for n, place in enumerate(places)}
    if any(place not in at for place in loaded):
        return False
    source.keep([at[place] for place in loaded])
    return True


def checksums(batch: Batch) -> list[str]:
    """Sums over the pixels and the target of each sample, exact and in no order.

    They tell augmentation and edits from the same sample read again, at memory speed.
    """
    found = [""] * len(batch.ids)
    for part in batch.parts:
        for row, image in zip(part.rows, part.unit, strict=True):
            bits = image.contiguous().view(torch.int32).sum(dtype=torch.int64)
            target = batch.targets[row].double().nan_to_num(-1.0).sum()
            found[row] = f"{int(bits)} {float(target)!r}"
    return found


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
