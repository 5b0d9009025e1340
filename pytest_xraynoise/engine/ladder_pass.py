"""The pass: each batch is loaded once, and every rung is made from it and scored there."""

from __future__ import annotations

import contextlib
import functools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.data.resize import size_of
from pytest_xraynoise.engine.addresses import address_of, everything, noise_of
from pytest_xraynoise.engine.batching import BatchSizer, regrouped
from pytest_xraynoise.engine.collectors import open_collector
from pytest_xraynoise.engine.measured import CLEAN, Address, Plan, RungRows, Samples
from pytest_xraynoise.engine.noising import Noising
from pytest_xraynoise.engine.repeats import draw_of, key_of
from pytest_xraynoise.engine.segmentation import Segmentation
from pytest_xraynoise.engine.strips import StripKeeper
from pytest_xraynoise.engine.surface import mask_spacing
from pytest_xraynoise.engine.targets import contrast_rows
from pytest_xraynoise.engine.tasks import label_names
from pytest_xraynoise.engine.transfer import Transfer
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import torch

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.data.resize import Size
    from pytest_xraynoise.engine.classification import Array, Classification
    from pytest_xraynoise.engine.measured import Outputs
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.engine.strips import Kept
    from pytest_xraynoise.models import ModelRunner

    Digests = Callable[[Batch], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the strips of one batch are made of.

    Attributes:
        lost: (N,), how much each sample lost from clean to its worst rung.
        shown: images by severity, as the model was given them.
        predicted: masks by severity, (N, K, H, W) bool; None for a classifier.
        true: masks of the targets; None for a classifier.
    """

    lost: Array
    shown: Mapping[int, torch.Tensor]
    predicted: Mapping[int, torch.Tensor] | None = None
    true: torch.Tensor | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a sample beside its scores."""

    place: int
    size: Size
    pitch: float
    digest: str


class NothingComparedError(DataError):
    """A contrast left no sample; other parts of the data may have some."""


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
        self._noising = Noising(request, source)
        self._base = base
        self._keeper = StripKeeper(strips if base is None else 0)
        self._progress = progress
        self._digests = digests
        self._foreseen = foreseen
        self._collected: Classification | Segmentation | None = None
        self._seen: dict[str, _Seen] = {}
        self._lost: dict[int, tuple[list[Array], list[Array]]] = defaultdict(lambda: ([], []))

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
        work = functools.partial(self._judged, runner)
        rungs = len({r.severity for _, rungs in self.plan for r in rungs}) + (self._base is None)
        arriving = Transfer(runner.device, self.source).ahead(self._counted(sizer))
        # Closed here, because the traceback of an interrupt keeps loader workers alive otherwise.
        with contextlib.closing(arriving):
            for loaded, batch in arriving:
                for piece, judged in sizer.pieces(batch, work, runner.name):
                    seen = (judged.lost, judged.shown, judged.predicted, judged.true)
                    unit = self.source.intensity.to_unit
                    self._keeper.offer(list(piece.ids), *seen, unit=unit)
                if self._progress is not None:
                    self._progress(loaded, total, rungs)
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
            np.concatenate(self.collected.truth),
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
                clipped, shifted = (np.concatenate(part) for part in self._lost[key])
                found[address_of(noise, rung, draw)] = RungRows(numbers[key], clipped, shifted)
        return found

    def _counted(self, sizer: BatchSizer) -> Iterator[tuple[int, Batch]]:
        """Batches without the samples that a contrast leaves out, and how many were loaded."""
        for batch in regrouped(iter(self.source), sizer):
            chosen = self._chosen(batch)
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

    def _chosen(self, batch: Batch) -> Batch:
        pair = self.request.contrast
        if pair is None or batch.targets.ndim > 2:
            return batch
        names = self.source.labels
        if names is None:
            raise DataError(
                f"contrast={pair!r} needs label names; declare them: "
                "XrayDataset(data, labels=[...])"
            )
        if batch.targets.ndim == 2 and batch.targets.shape[1] not in (1, len(names)):
            label_names(names, batch.targets.shape[1])
        return batch.rows(contrast_rows(batch.targets, names, pair))

    def _judged(self, runner: ModelRunner, batch: Batch) -> _Judged:
        """Measure a batch and add it to what was collected: both, or neither after an error."""
        clean = self._noising.clean(batch, runner.device)
        shown: dict[int, torch.Tensor] = {}
        raw: dict[int, torch.Tensor] = {}
        if self._base is None:
            shown[0] = self._clean_input(batch, clean)
            raw[0] = runner(shown[0], batch.ids, 0)
        kept: dict[int, torch.Tensor] = {}
        losses: list[tuple[int, Array, Array]] = []
        if not self.plan:
            kept |= self._reduced(batch, raw)
        for draw, rungs in self.plan:
            made = self._noising.at(batch, clean, rungs, draw)
            for severity, noisy in made.items():
                if draw == 0:
                    shown[severity] = noisy.images
                key = key_of(severity, draw)
                raw[key] = runner(noisy.images, batch.ids, severity)
                losses.append((key, noisy.clipped, noisy.shifted))
            kept |= self._reduced(batch, raw)
            raw.clear()
        judged = self._collect(batch, kept, shown)
        for key, clipped, shifted in losses:
            self._lost[key][0].append(clipped)
            self._lost[key][1].append(shifted)
        self.image_size = (clean.shape[-2], clean.shape[-1])
        return judged

    def _clean_input(self, batch: Batch, clean: torch.Tensor) -> torch.Tensor:
        """What the model is given for the clean images: untouched where nothing is resized."""
        if self.source.size is None:
            return self.source.intensity.model_input(batch.images)
        return self.source.intensity.from_unit(clean)

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
        self, batch: Batch, kept: Mapping[int, torch.Tensor], shown: dict[int, torch.Tensor]
    ) -> _Judged:
        collected, ids = self.collected, list(batch.ids)
        if isinstance(collected, Segmentation):
            device = next(iter(kept.values())).device
            true, known = collected.true_masks(batch.targets.to(device), ids)
            predicted = kept if self._draws > 1 else collected.predicted_masks(kept)
            wanted = collected.measures.distances
            spacing = mask_spacing(batch, size_of(true)) if wanted else None
            lost = collected.add(ids, true, known, predicted, spacing)
            return _Judged(lost, shown, draw_of(predicted, 0), true)
        return _Judged(collected.add(ids, batch.targets, kept), shown)
