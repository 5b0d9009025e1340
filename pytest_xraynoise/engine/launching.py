"""A batch through the model at every rung, all of it made from what is on the device already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from pytest_xraynoise.data.resize import size_of
from pytest_xraynoise.engine.noising import Noising
from pytest_xraynoise.engine.repeats import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.data.resize import Size
    from pytest_xraynoise.engine.measured import Plan
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.engine.rows import Array
    from pytest_xraynoise.models import ModelRunner
    from pytest_xraynoise.models.returned import Returned

    Outputs = Mapping[int, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Launched:
    """A batch that the model was given at every rung.

    Attributes:
        batch: its samples.
        shown: images by severity, as the model was given them.
        kept: what is kept of the outputs, by severity and draw.
        lost: by severity and draw what clipping did, (2, N): pixels cut, and shift of the mean.
        outputs: what was returned and has not been looked at.
        image_size: of what the model was given.
    """

    batch: Batch
    shown: Mapping[int, torch.Tensor]
    kept: Mapping[int, torch.Tensor]
    lost: Mapping[int, torch.Tensor]
    outputs: Sequence[Returned]
    image_size: Size


@dataclass(frozen=True, slots=True)
class Judged:
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


class Launching:
    """How the batches of one run go through the model.

    Attributes:
        runner: the model, to be set before the first batch.

    Args:
        request: what was asked for.
        source: where the samples come from.
        plan: noisy rungs by draw.
        clean: whether the clean images are run too.
    """

    def __init__(self, request: LadderRequest, source: Source, plan: Plan, *, clean: bool) -> None:
        self.runner: ModelRunner
        self._noising = Noising(request, source)
        self._intensity = source.intensity
        self._resizes = source.size is not None
        self._plan = plan
        self._clean = clean

    def __call__(
        self, batch: Batch, reduced: Callable[[Batch, Outputs], Outputs], *, look: bool
    ) -> Launched:
        """Give the model a batch at every rung.

        Args:
            batch: on the model's device.
            reduced: what is kept of the outputs of one draw.
            look: whether the outputs are looked at on the way. Without it nothing here waits for a
                GPU, if ``reduced`` does not.
        """
        runner = self.runner
        clean = self._noising.clean(batch, runner.device)
        shown: dict[int, torch.Tensor] = {}
        raw: dict[int, torch.Tensor] = {}
        outputs: list[Returned] = []

        def given(images: torch.Tensor, severity: int) -> torch.Tensor:
            if look:
                return runner(images, batch.ids, severity)
            outputs.append(runner.launch(images, batch.ids, severity))
            return outputs[-1].values

        if self._clean:
            shown[0] = self._clean_input(batch, clean)
            raw[0] = given(shown[0], 0)
        kept: dict[int, torch.Tensor] = {}
        lost: dict[int, torch.Tensor] = {}
        if not self._plan:
            kept |= reduced(batch, raw)
        for draw, rungs in self._plan:
            for severity, made in self._noising.at(batch, clean, rungs, draw).items():
                key = key_of(severity, draw)
                if draw == 0:
                    shown[severity] = made.images
                raw[key] = given(made.images, severity)
                lost[key] = torch.stack((made.clipped, made.shifted))
            kept |= reduced(batch, raw)
            raw.clear()
        return Launched(batch, shown, kept, lost, outputs, size_of(clean))

    def _clean_input(self, batch: Batch, clean: torch.Tensor) -> torch.Tensor:
        """What the model is given for the clean images: untouched where nothing is resized."""
        if not self._resizes:
            return self._intensity.model_input(batch.images)
        return self._intensity.from_unit(clean)
