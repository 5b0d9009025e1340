"""The pass: each batch is loaded once, and every rung is made from it and scored there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise import noise
from pytest_xraynoise.engine.collectors import open_collector
from pytest_xraynoise.engine.segmentation import Segmentation
from pytest_xraynoise.engine.strips import StripKeeper
from pytest_xraynoise.engine.targets import contrast_rows
from pytest_xraynoise.engine.tasks import label_names
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.engine.classification import Classification, Scored
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.models import ModelRunner
    from pytest_xraynoise.results import Strip


class LadderPass:
    """The state of one pass over the data.

    Attributes:
        seen: samples that were run so far.
        image_size: (height, width) of the images that the noise acted on.
    """

    def __init__(
        self,
        request: LadderRequest,
        source: Source,
        *,
        strips: int = 3,
        progress: Callable[[int, int | None, int], None] | None = None,
    ) -> None:
        self.request = request
        self.source = source
        self.rungs = request.rungs
        self.seen = 0
        self.image_size = (0, 0)
        self._keeper = StripKeeper(strips)
        self._progress = progress
        self._collected: Classification | Segmentation | None = None
        self._clipped = dict.fromkeys((rung.severity for rung in self.rungs), 0.0)
        self._shifted = dict(self._clipped)

    def run(self, runner: ModelRunner) -> None:
        """Take every batch of the source through every rung.

        Raises:
            DataError: when nothing was left to run.
        """
        total = len(self.source) if self.source.sized else None
        loaded = 0
        for batch in self.source:
            loaded += len(batch.ids)
            chosen = self._chosen(batch)
            if chosen.ids:
                self._batch(chosen, runner)
            if self._progress is not None:
                self._progress(loaded, total, len(self.rungs))
        if self.seen == 0:
            pair = " or ".join(self.request.contrast or ())
            raise DataError(f"no sample has exactly one of {pair}; nothing can be compared")

    def scored(self) -> Scored:
        """Targets and scores of everything that was run."""
        if self._collected is None:
            raise DataError("nothing was run")
        return self._collected.finish()

    def losses(self, severity: int) -> tuple[float, float]:
        """Mean clipped fraction and mean shift of the image mean at one severity."""
        return self._clipped[severity] / self.seen, self._shifted[severity] / self.seen

    def strips(self, scored: Scored) -> tuple[Strip, ...]:
        """Pictures of the worst samples."""
        return self._keeper.finish(scored)

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

    def _batch(self, batch: Batch, runner: ModelRunner) -> None:
        unit = batch.unit.to(runner.device)
        noisy = noise.prepare(unit, self.request.noise, ids=list(batch.ids), seed=self.request.seed)
        raw: dict[int, torch.Tensor] = {}
        shown: dict[int, torch.Tensor] = {}
        for rung in self.rungs:
            severity = rung.severity
            if severity == 0:
                shown[0] = unit
                inputs = self.source.intensity.model_input(batch.images)
            else:
                made = noisy.at(rung)
                shown[severity] = made.images
                inputs = self.source.intensity.from_unit(made.images)
                self._clipped[severity] += float(made.clipped.cpu().double().sum())
                self._shifted[severity] += float(made.mean_shift.cpu().double().sum())
            raw[severity] = runner(inputs, batch.ids, severity)
        self.seen += len(batch.ids)
        self.image_size = (unit.shape[-2], unit.shape[-1])
        self._collect(batch, raw, shown)

    def _collect(
        self, batch: Batch, raw: dict[int, torch.Tensor], shown: dict[int, torch.Tensor]
    ) -> None:
        if self._collected is None:
            names = self.source.labels
            self._collected = open_collector(self.request, names, batch.targets, raw[0])
        collected, ids = self._collected, list(batch.ids)
        if isinstance(collected, Segmentation):
            true, known = collected.true_masks(batch.targets.to(raw[0].device), ids)
            predicted = collected.predicted_masks(raw)
            lost = collected.add(ids, true, known, predicted)
            self._keeper.offer(ids, lost, shown, predicted, true)
        else:
            self._keeper.offer(ids, collected.add(ids, batch.targets, raw), shown)
