"""What a ladder measured, as frozen values without behaviour beyond reading them.

Only the standard library is imported here, so that reports, the command line and the pytest
controller can read results without torch. Per-sample numbers are NumPy arrays where they are read.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

SCHEMA_VERSION = 1
"""Version of the JSON that ``to_dict`` writes; raised on every incompatible change."""

Task = Literal["binary", "multilabel", "multiclass", "segmentation"]
Status = Literal["pass", "fail", "error"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A drop with its two-sided confidence interval.

    Attributes:
        estimate: the drop itself, metric on clean minus metric at the rung (increase for
            lower-is-better metrics).
        low, high: ends of the interval.
        confidence: its level, 0.95 by default.
        method: how it was made: ``delong`` or ``bootstrap``.
    """

    estimate: float
    low: float
    high: float
    confidence: float = 0.95
    method: str = "bootstrap"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder.

    Attributes:
        severity: 0 is the clean image, 1 the mildest noise.
        parameter: the main parameter in ``unit``; None at severity 0.
        unit: what the parameter counts: ``photons at white``, ``of full scale``.
        reading: the clinical reading of the rung, a sentence for people.
        parameters: every parameter by its keyword (``{"photons": 60.0}``).
    """

    severity: int
    parameter: float | None
    unit: str
    reading: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The rung in words: ``60 photons at white``; ``clean`` at severity 0."""
        return "clean" if self.parameter is None else f"{self.parameter:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric at one rung, macro value first, then label by label.

    ``drop`` is clean minus noisy for higher-is-better metrics and noisy minus clean for the others,
    so that a positive drop is always a loss. ``low`` and ``high`` bound the drop; they are None at
    severity 0 and where the data define no interval.
    """

    value: float
    drop: float
    low: float | None = None
    high: float | None = None
    method: str | None = None
    labels: Mapping[str, MetricValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StripFrame:
    """One sample at one severity, for pictures. Images are base64 PNG (grey, at most 160 px).

    ``prediction`` maps labels to scores in [0, 1] (classification) or to Dice (segmentation).
    ``mask`` is a base64 PNG of the predicted label map (0 = background, k = label k), or None.
    """

    severity: int
    image: str
    prediction: Mapping[str, float] = field(default_factory=dict)
    mask: str | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """One sample through the whole ladder. ``degradation`` orders strips, worst first."""

    sample_id: str
    truth: str
    degradation: float
    frames: tuple[StripFrame, ...]
    truth_mask: str | None = None


@dataclass(frozen=True, slots=True)
class RungResult:
    """Everything measured at one rung.

    ``clipped`` is the mean fraction of pixels cut to the intensity range, ``mean_shift`` the mean
    change of the image mean that this caused, in units of full scale.
    """

    rung: Rung
    metrics: Mapping[str, MetricValue]
    clipped: float = 0.0
    mean_shift: float = 0.0

    @property
    def severity(self) -> int:
        """The rung's severity."""
        return self.rung.severity


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """One metric along the ladder: ``value``, ``drop``, ``interval`` at a severity; ``by_label``.

    ``rungs`` maps severities to values, 0 being clean.
    """

    name: str
    rungs: Mapping[int, MetricValue]
    confidence: float = 0.95

    def _at(self, severity: int) -> MetricValue:
        if severity not in self.rungs:
            have = ", ".join(str(s) for s in sorted(self.rungs))
            raise SpecError(f"severity {severity} was not run; this ladder has severities {have}")
        return self.rungs[severity]

    def value(self, *, severity: int) -> float:
        """The metric at ``severity`` (0 = clean)."""
        return self._at(severity).value

    def drop(self, *, severity: int) -> float:
        """Clean minus noisy (the increase for lower-is-better metrics); positive is a loss."""
        return self._at(severity).drop

    def interval(self, *, severity: int) -> Interval:
        """The paired interval of the drop.

        Raises:
            SpecError: at severity 0, or where the data define no interval.
        """
        at = self._at(severity)
        if at.low is None or at.high is None:
            raise SpecError(f"{self.name} has no interval at severity {severity}")
        return Interval(at.drop, at.low, at.high, self.confidence, at.method or "bootstrap")

    @property
    def worst_severity(self) -> int:
        """The severity with the largest drop (the mildest such one); 0 when only clean was run."""
        noisy = [s for s in self.rungs if s > 0 and not math.isnan(self.rungs[s].drop)]
        return max(sorted(noisy), key=lambda s: self.rungs[s].drop, default=0)

    @property
    def by_label(self) -> Mapping[str, MetricCurve]:
        """The same curve for each label."""
        names = {label: None for value in self.rungs.values() for label in value.labels}
        return {
            label: MetricCurve(
                label,
                {s: v.labels[label] for s, v in self.rungs.items() if label in v.labels},
                self.confidence,
            )
            for label in names
        }


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One limit held against one number.

    Attributes:
        limit: the word and number as written, ``max_auroc_drop=0.05``.
        metric, severity, label: which number (``severity`` None for a mean over rungs, ``label``
            None for the macro value).
        observed: the number, in the limit's own terms (a drop, a relative drop or a value).
        threshold: what it is held against.
        low, high: interval of ``observed`` where there is one.
        broken: whether the limit is broken.
    """

    limit: str
    metric: str
    severity: int | None
    label: str | None
    observed: float
    threshold: float
    broken: bool
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one decision. ``headline`` is a sentence that names what decided it."""

    status: Status
    headline: str
    checks: tuple[LimitCheck, ...] = ()

    @property
    def broken(self) -> tuple[LimitCheck, ...]:
        """The checks that failed, in the order of the limits."""
        return tuple(check for check in self.checks if check.broken)


@dataclass(frozen=True, slots=True)
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
    _targets: npt.NDArray[np.float64] | None = None
    _scores: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    _per_image: Mapping[str, Mapping[int, npt.NDArray[np.float64]]] = field(default_factory=dict)

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

    def scores(self, *, severity: int = 0) -> npt.NDArray[np.float64]:
        """Per-sample numbers, float64, at one severity.

        Classification: probabilities, (N,) binary or (N, K). Segmentation: Dice, (N, K).
        """
        if severity not in self._scores:
            have = ", ".join(str(s) for s in sorted(self._scores)) or "none"
            raise SpecError(f"no scores at severity {severity}; there are scores at: {have}")
        return self._scores[severity]

    def per_image(self, name: str, *, severity: int = 0) -> npt.NDArray[np.float64]:
        """A per-image metric of a segmentation, (N, K) float64: ``dice`` or ``iou``."""
        if name not in self._per_image:
            raise SpecError(unknown("per-image metric", name, self._per_image))
        return self._per_image[name][severity]

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
        from pytest_xraynoise.serialize import ladder_to_dict

        return ladder_to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LadderResult:
        """The inverse of :meth:`to_dict`."""
        from pytest_xraynoise.serialize import ladder_from_dict

        return ladder_from_dict(data)


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test item as the reports show it.

    Attributes:
        nodeid: pytest's name of the item.
        outcome: pytest's word: passed, failed, error, skipped, xfailed, xpassed.
        verdict: the decision, None when the ladder did not get that far.
        limits: the limits as written.
        result: what was measured, None after an error.
        message: error or failure text, or the reason of an expected failure.
        file, line: where the marker stands (1-based), for annotations.
        duration: seconds, evaluation included.
        noise: the kind of noise of a test without a result.
    """

    __test__ = False

    nodeid: str
    outcome: str
    verdict: Verdict | None = None
    limits: Sequence[str] = ()
    result: LadderResult | None = None
    message: str = ""
    file: str = ""
    line: int = 0
    duration: float = 0.0
    noise: str = ""
