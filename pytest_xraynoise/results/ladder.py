"""What one model did on one dataset along one ladder."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.results.curve import MetricCurve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.results.breaking import BreakingPoint
    from pytest_xraynoise.results.denoising import Denoising
    from pytest_xraynoise.results.pictures import Strip
    from pytest_xraynoise.results.rungs import RungResult
    from pytest_xraynoise.results.spread import Spread


Task = Literal["binary", "multilabel", "multiclass", "segmentation"]


@dataclass(frozen=True, slots=True)
class Draw:
    """The per-sample numbers of one further draw of the noise, by severity from 1."""

    scores: Mapping[int, npt.NDArray[np.float64]]
    per_image: Mapping[str, Mapping[int, npt.NDArray[np.float64]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class LadderResult:
    """What one model did on one dataset along one ladder of noise.

    Attributes:
        noise, ladder: name of the noise kind and of its ladder.
        task: ``binary``, ``multilabel``, ``multiclass`` or ``segmentation``.
        labels: label names in the order of the score columns.
        rungs: severity 0 first.
        ids: sample ids, one for each row.
        settings: what is needed to repeat it: seed, device, batch size, confidence, samples, ...
        model, dataset: their names.
        excluded: labels left out of the macro mean, with the reason.
        strips: a few samples for pictures, worst degraded first.
        groups: the group of each sample (its patient, say), in the order of ``ids``; None where
            none were declared.
        breaking_point: where the limits break, once they were held against it.
        denoising: the same ladder without the denoiser that was before the model; None without one.
        _odds: log-odds of the first draw in the shape of the scores, where probabilities saturate.
    """

    noise: str
    ladder: str
    task: Task
    labels: tuple[str, ...]
    rungs: tuple[RungResult, ...]
    ids: tuple[str, ...]
    settings: Mapping[str, Any]
    model: str = ""
    dataset: str = ""
    excluded: Mapping[str, str] = field(default_factory=dict)
    strips: tuple[Strip, ...] = ()
    groups: tuple[str, ...] | None = None
    breaking_point: BreakingPoint | None = None
    denoising: Denoising | None = None
    _targets: npt.NDArray[np.float64] | None = None
    _scores: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    _per_image: Mapping[str, Mapping[int, npt.NDArray[np.float64]]] = field(default_factory=dict)
    _draws: tuple[Draw, ...] = ()
    _odds: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    _spreads: Mapping[str, Mapping[str, Spread]] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        """Short, for it stands in the explanation of an assertion that failed."""
        whom = f"{self.model or 'model'} on {self.dataset or 'data'}, {len(self.ids)} samples"
        return f"<{self.noise} at severities {', '.join(map(str, self.severities))}: {whom}>"

    @property
    def severities(self) -> tuple[int, ...]:
        """The severities that were run, 0 first."""
        return tuple(rung.severity for rung in self.rungs)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that were computed."""
        return tuple(self.rungs[0].metrics)

    @property
    def clean(self) -> Mapping[str, float]:
        """Each metric on the clean images."""
        return {name: value.value for name, value in self.rungs[0].metrics.items()}

    def metric(self, name: str) -> MetricCurve:
        """The curve of one metric.

        Raises:
            SpecError: if that metric was not computed.
        """
        if name not in self.metrics:
            raise SpecError(unknown("metric", name, self.metrics))
        confidence = float(self.settings.get("confidence", 0.95))
        return MetricCurve(name, {r.severity: r.metrics[name] for r in self.rungs}, confidence)

    @property
    def repeats(self) -> int:
        """How often the noise was drawn. Every draw has scores of its own."""
        return 1 + len(self._draws)

    def scores(self, *, severity: int = 0, draw: int = 0) -> npt.NDArray[np.float64]:
        """Per-sample numbers, float64, at one severity in one draw of the noise.

        Classification: probabilities, (N,) binary or (N, K). Segmentation: Dice, (N, K). The clean
        images are the same in every draw.
        """
        if severity not in self._scores:
            have = ", ".join(str(s) for s in sorted(self._scores)) or "none"
            raise SpecError(f"no scores at severity {severity}; there are scores at: {have}")
        self._check_draw(draw)
        return (self._draws[draw - 1].scores if draw and severity else self._scores)[severity]

    def per_image(self, name: str, *, severity: int = 0, draw: int = 0) -> npt.NDArray[np.float64]:
        """A per-image metric of a segmentation, (N, K) float64: ``dice`` or ``iou``."""
        if name not in self._per_image:
            raise SpecError(unknown("per-image metric", name, self._per_image))
        self._check_draw(draw)
        found = self._draws[draw - 1].per_image if draw and severity else self._per_image
        return found[name][severity]

    def spread(self, metric: str, label: str | None = None) -> Spread | None:
        """The joint uncertainty of a metric at all rungs, of the macro value without a label.

        None where the data define none, and in a result that was read from a file: files hold the
        intervals, not the resamples.
        """
        return self._spreads.get(metric, {}).get(label or "")

    def without_spreads(self) -> LadderResult:
        """A copy that holds the intervals only, and a good deal less memory."""
        return self.replace(_spreads={})

    def _check_draw(self, draw: int) -> None:
        if not 0 <= draw < self.repeats:
            raise SpecError(
                f"draw {draw} was not run; this ladder has draws 0 to {self.repeats - 1}"
            )

    @property
    def targets(self) -> npt.NDArray[np.float64]:
        """Targets, float64: (N,) class ids, (N, K) multi-hot with NaN, (N, K) mask pixels."""
        if self._targets is None:
            raise SpecError("this result was stored without its targets")
        return self._targets

    def replace(self, **changes: Any) -> LadderResult:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, ready for ``json.dumps``; NaN becomes None."""
        from pytest_xraynoise.results.serialize import ladder_to_dict

        return ladder_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LadderResult:
        """The inverse of :meth:`to_dict`."""
        from pytest_xraynoise.results.serialize import ladder_from_dict

        return ladder_from_dict(data)
