"""A ladder with a denoiser before the model, beside the same ladder without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.results.curve import MetricCurve

if TYPE_CHECKING:
    from pytest_xraynoise.results.rungs import RungResult


@dataclass(frozen=True, slots=True)
class Denoising:
    """What a ladder with a denoiser is compared with; noise and samples are the same.

    All drops, here and in the ladder itself, are from one reference: the clean images through the
    bare model.

    Attributes:
        name: of the denoiser.
        without: the rungs without the denoiser, severity 0 first.
        clean: the clean images through the denoiser; its drop is what the denoiser costs where
            there is no noise.
        confidence: level of the intervals.
    """

    name: str
    without: tuple[RungResult, ...]
    clean: RungResult
    confidence: float = 0.95

    def metric(self, name: str) -> MetricCurve:
        """The curve of one metric without the denoiser.

        Raises:
            SpecError: if that metric was not computed.
        """
        if name not in self.clean.metrics:
            raise SpecError(unknown("metric", name, self.clean.metrics))
        rungs = {rung.severity: rung.metrics[name] for rung in self.without}
        return MetricCurve(name, rungs, self.confidence)
