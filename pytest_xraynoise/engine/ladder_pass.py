"""The pass: each batch is loaded once, and every rung is made from it and scored there."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from pytest_xraynoise.data.resize import size_of
from pytest_xraynoise.engine.addresses import address_of, everything, noise_of
from pytest_xraynoise.engine.backlog import Backlog
from pytest_xraynoise.engine.batching import BatchSizer, regrouped
from pytest_xraynoise.engine.collectors import open_collector
from pytest_xraynoise.engine.launching import Judged, Launched, Launching
from pytest_xraynoise.engine.measured import CLEAN, Address, Plan, RungRows, Samples
from pytest_xraynoise.engine.repeats import draw_of, key_of
from pytest_xraynoise.engine.rows import GrowingRows
from pytest_xraynoise.engine.segmentation import Segmentation
from pytest_xraynoise.engine.strips import StripKeeper
from pytest_xraynoise.engine.surface import mask_spacing
from pytest_xraynoise.engine.targets import NothingComparedError, compared
from pytest_xraynoise.engine.transfer import Transfer, known_there
from pytest_xraynoise.errors import DataError
from pytest_xraynoise.models import is_out_of_memory, release_memory
from pytest_xraynoise.models.returned import check_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.data.resize import Size
    from pytest_xraynoise.engine.classification import Classification
    from pytest_xraynoise.engine.measured import Outputs
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.engine.strips import Kept
    from pytest_xraynoise.models import ModelRunner

    Digests = Callable[[Batch], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a sample beside its scores."""

    place: int
    size: Size
    pitch: float
    digest: str


class LadderPass:
    """The state of one pass over the data.

    Attributes:
        image_size: (height, width) of the images that the model is given.
        loaded: samples that were read so far, those that a contrast left out too.
    """

    def __init__(
        self,
        request: LadderRequest,
        source: Source,
        *,
        plan: Plan | None = None,
        base: Outputs | None = None,
        strips: int = 3,
        progress: Callable[[int, int | None, int], None] | None = None,
        sizer: BatchSizer | None = None,
        digests: Digests | None = None,
        foreseen: Sequence[str] = (),
    ) -> None:
        """Get ready.

        Args:
            request: what was asked for.
            source: where the samples come from.
            plan: noisy rungs by draw; all of the request by default.
            base: what an earlier pass over the same samples found the outputs to be. The clean
                images are then left out, and nothing is kept for pictures.
            strips: how many samples to keep pictures of.
            progress: called after each batch.
            sizer: how many samples go through the model together.
            digests: makes a digest of each sample of a batch.
            foreseen: metrics that other requests will read.
        """
        self.request = request
        self.source = source
        self.plan = everything(request) if plan is None else plan
        self.image_size = (0, 0)
        self.loaded = 0
        self.sizer = sizer
        self._launching = Launching(request, source, self.plan, clean=base is None)
        self._base = base
        self._keeper = StripKeeper(strips if base is None else 0)
        self._progress = progress
        self._digests = digests
        self._foreseen = foreseen
        self._collected: Classification | Segmentation | None = None
        self._again: list[Batch] = []
        self._seen: dict[str, _Seen] = {}
        self._lost: dict[int, tuple[GrowingRows, GrowingRows]] = {}

    @property
    def _draws(self) -> int:
        return len(self.plan)

    def run(self, runner: ModelRunner) -> None:
        """Take every batch of the source through every rung.

        Raises:
            DataError: when nothing was left to run.
        """
        total = len(self.source) if self.source.sized else None
        sizer = self.sizer or BatchSizer(self.source.batch_size, runner.device)
        rungs = len({r.severity for _, rungs in self.plan for r in rungs}) + (self._base is None)
        self._launching.runner = runner
        backlog = Backlog(runner.device, self._read)
        work = functools.partial(self._work, sizer, backlog, runner.name)
        arriving = Transfer(runner.device, self.source).ahead(self._counted(sizer))
        # Closed here, because the traceback of an interrupt keeps loader workers alive otherwise.
        with contextlib.closing(arriving):
            for loaded, batch in arriving:
                for piece, done in sizer.pieces(batch, work, runner.name):
                    if isinstance(done, Launched):
                        backlog.add(done)
                        del done
                        self._settle(sizer, backlog, runner.name, leave=1)
                    else:
                        self._offer(piece, done)
                if self._progress is not None:
                    self._progress(loaded, total, rungs)
            self._settle(sizer, backlog, runner.name)
        if self._collected is None:
            pair = " or ".join(self.request.contrast or ())
            raise NothingComparedError(
                f"no sample has exactly one of {pair}; nothing can be compared"
            )

    @property
    def collected(self) -> Classification | Segmentation:
        """Targets and outputs of everything that was run.

        Raises:
            DataError: when nothing was.
        """
        if self._collected is None:
            raise DataError("nothing was run")
        return self._collected

    @property
    def pictures(self) -> tuple[Kept, ...]:
        """Pictures of the samples that lost most."""
        return tuple(self._keeper.kept)

    def samples(self) -> Samples:
        """The rows of what was run."""
        ids = tuple(self.collected.ids)
        seen = [self._seen[ident] for ident in ids]
        order = self.source.positions
        return Samples(
            ids,
            self.collected.truth.copy(),
            np.array([o.place if order is None else order[o.place] for o in seen], dtype=np.int64),
            np.array([one.size for one in seen], dtype=np.int64).reshape(-1, 2),
            np.array([one.pitch for one in seen], dtype=np.float64),
            self.source.groups(ids),
            tuple(one.digest for one in seen) if self._digests is not None else (),
        )

    def rungs(self) -> dict[Address, RungRows]:
        """What each rung gave."""
        noise, found = noise_of(self.request), {}
        numbers = self.collected.rows()
        if self._base is None:
            none = np.zeros(len(self.collected.ids))
            found[CLEAN] = RungRows(numbers[0], none, none)
        for draw, rungs in self.plan:
            for rung in rungs:
                key = key_of(rung.severity, draw)
                clipped, shifted = (part.array.copy() for part in self._lost[key])
                found[address_of(noise, rung, draw)] = RungRows(numbers[key], clipped, shifted)
        return found

    def _counted(self, sizer: BatchSizer) -> Iterator[tuple[int, Batch]]:
        """Batches without the samples that a contrast leaves out, and how many were loaded."""
        for batch in regrouped(iter(self.source), sizer):
            chosen = compared(batch, self.request.contrast, self.source.labels)
            self._note(batch)
            self.loaded += len(batch.ids)
            yield self.loaded, chosen

    def _note(self, batch: Batch) -> None:
        sizes = {row: part.size for part in batch.parts for row in part.rows}
        digests = [""] * len(batch.ids) if self._digests is None else self._digests(batch)
        for row, ident in enumerate(batch.ids):
            pitch = batch.pixel_pitch[row]
            self._seen[ident] = _Seen(
                self.loaded + row, sizes[row], np.nan if pitch is None else pitch, digests[row]
            )

    def _work(
        self, sizer: BatchSizer, backlog: Backlog[Launched], name: str, piece: Batch
    ) -> Launched | Judged:
        """Launch a piece and go on; or measure it at once where somebody has to wait for it."""
        if backlog.overlaps and sizer.settled and self._collected is not None:
            try:
                masks = isinstance(self._collected, Segmentation)
                return self._launching(piece, self._reduced, look=masks and self._draws > 1)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # It may fit when nothing else is held.
            sizer.short = True
            release_memory(piece.parts[0].unit.device)
        self._settle(sizer, backlog, name)
        return self._judged_at_once(piece)

    def _settle(
        self, sizer: BatchSizer, backlog: Backlog[Launched], name: str, leave: int = 0
    ) -> None:
        """Read what was launched, and run again what there was no memory to read."""
        while len(backlog) > leave:
            backlog.read_next()
            while self._again:
                batch = self._again.pop()
                sizer.short = True
                release_memory(batch.parts[0].unit.device)
                for piece, judged in sizer.pieces(batch, self._judged_at_once, name):
                    self._offer(piece, judged)

    def _judged_at_once(self, batch: Batch) -> Judged:
        """Measure a batch and add it to what was collected: both, or neither after an error."""
        return self._judged(self._launching(batch, self._reduced, look=True))

    def _read(self, held: list[Launched]) -> None:
        launched = held.pop()
        batch = launched.batch
        try:
            judged = self._judged(launched)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._again.append(batch)
        else:
            self._offer(batch, judged)

    def _offer(self, piece: Batch, judged: Judged) -> None:
        seen = (judged.lost, judged.shown, judged.predicted, judged.true)
        unit = self.source.intensity.to_unit
        try:
            self._keeper.offer(list(piece.ids), *seen, unit=unit)
        except Exception as error:  # the numbers are kept by now: rather go on without a picture
            if not is_out_of_memory(error):
                raise

    def _judged(self, launched: Launched) -> Judged:
        """Add what was launched to what was collected."""
        check_finite(launched.outputs)
        lost = np.zeros((0, 2, 0))
        if launched.lost:
            lost = torch.stack(list(launched.lost.values())).cpu().double().numpy()
        judged = self._collect(launched.batch, launched.kept, launched.shown)
        self.image_size = launched.image_size
        for key, both in zip(launched.lost, lost, strict=True):
            kept = self._lost.setdefault(key, (GrowingRows(), GrowingRows()))
            for rows, values in zip(kept, both, strict=True):
                rows.add(values)
        return judged

    def _reduced(self, batch: Batch, raw: Mapping[int, torch.Tensor]) -> Mapping[int, torch.Tensor]:
        """What is kept of the outputs of one draw: masks of a segmentation are 32 times smaller."""
        if self._collected is None:
            names, first = self.source.labels, next(iter(raw.values()))
            self._collected = open_collector(
                self.request, names, batch.targets, first, self._foreseen
            )
            if isinstance(self._collected, Segmentation) and self._base is not None:
                self._collected.logits = self._base.logits
        if isinstance(self._collected, Segmentation) and self._draws > 1:
            return self._collected.predicted_masks(raw)
        return dict(raw)

    def _collect(
        self, batch: Batch, kept: Mapping[int, torch.Tensor], shown: Mapping[int, torch.Tensor]
    ) -> Judged:
        collected, ids = self.collected, list(batch.ids)
        if isinstance(collected, Segmentation):
            device = next(iter(kept.values())).device
            true, known = collected.true_masks(known_there(batch.targets, device).to(device), ids)
            predicted = kept if self._draws > 1 else collected.predicted_masks(kept)
            wanted = collected.measures.distances
            spacing = mask_spacing(batch, size_of(true)) if wanted else None
            lost = collected.add(ids, true, known, predicted, spacing)
            return Judged(lost, shown, draw_of(predicted, 0), true)
        return Judged(collected.add(ids, batch.targets, kept), shown)
