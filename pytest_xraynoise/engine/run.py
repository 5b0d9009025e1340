"""One request that is to be measured, wholly or in part, with what that needs."""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.engine.addresses import missing
from pytest_xraynoise.engine.cache.data import DataDigest, digest_by_reading
from pytest_xraynoise.engine.classification import RAW
from pytest_xraynoise.engine.device import device_label
from pytest_xraynoise.engine.joining import difference, extended
from pytest_xraynoise.engine.measured import CLEAN
from pytest_xraynoise.engine.measuring import measure, opened, runner_of, take_subset
from pytest_xraynoise.engine.pictures import made_again
from pytest_xraynoise.models import preserved_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.engine.engines import Engine
    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured, Picture
    from pytest_xraynoise.engine.measuring import Progress
    from pytest_xraynoise.engine.request import LadderRequest


@dataclass
class Run:
    """One request with all that is needed to measure it.

    Attributes:
        hashing: whether passes make digests of the data that hold from run to run.
        data_digest: the digest of what the last pass read; None without ``hashing``.
        touched: whether the model ran or samples were read, which may change what either is.
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
    touched: bool = False

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
        self.touched |= self.request.samples is not None
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
        self.touched = True
        model, _, preprocess, output = self.things
        source = self._opened()
        runner = runner_of(model, self._here, preprocess, output, source)
        return made_again(self.request, measured, source, runner, self.strips, self.workers)

    def _opened(self) -> Source:
        return opened(self.request, self.things[0], self.things[1], self.how)

    def _pass(self, request: LadderRequest, source: Source, **words: Any) -> Measured:
        self.touched = True
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
    """Checksums of the rows and columns of each sample's image and target, exact.

    They tell augmentation (flips too) and edits from the same sample read again, at memory speed.
    """
    found = [""] * len(batch.ids)
    for part in batch.parts:
        for row, image in zip(part.rows, part.unit, strict=True):
            bits = image.contiguous().view(torch.int32).to(torch.int64)
            target = batch.targets[row].double().nan_to_num(-1.0)
            found[row] = f"{_checksum(bits)} {_checksum(target)}"
    return found


def _checksum(values: torch.Tensor) -> int:
    """CRC-32 of the sums along the last axis and along the one before it; of fewer axes as is."""
    sums = [values] if values.ndim < 2 else [values.sum(-1), values.sum(-2)]
    found = 0
    for one in sums:
        found = zlib.crc32(one.cpu().contiguous().numpy().tobytes(), found)
    return found
