"""How much noise a model takes before it breaks its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class BreakingPoint:
    """Where, on the way from mild to severe noise, a limit is first broken.

    Attributes:
        keyword: the parameter that is followed, ``photons``, ``sigma`` or ``dose``.
        unit: what it counts.
        parameter: its value where the first limit breaks, interpolated between ``held`` and
            ``broke`` on the scale of the search; None where nothing breaks, or everything does.
        low, high: ends of the interval of ``parameter``, ``low < high``: the settings at which the
            limit lies just outside the confidence interval of what it limits. None where an end
            lies beyond everything that was run, or the metric has no interval.
        held: the most severe setting up to which every setting that was run keeps its limits.
        broke: the mildest setting that was run and breaks one.
        limit: the limit that breaks first, as written; all of them where nothing breaks.
        metric, label: what it limits (``label`` None for the macro value).
        evaluations: noisy settings that were run, rungs of the ladder included.
        passes: passes over the data, that of the ladder included.
        reading: the sentence for people, ``holds down to 0.11 of the reference dose``.
        clinical: the clinical reading of ``parameter``.
        searched: whether it was searched for; False for what the rungs of the ladder alone say.
        tolerance: ``broke`` and ``held`` differ by no more than this fraction, where both are
            known; None where it was not searched for.
        confidence: level of the interval.
        monotone: False where a more severe setting keeps the limits again. ``parameter`` is the
            mildest crossing all the same.
        parameters: every parameter of the kind at ``parameter``.
    """

    keyword: str
    unit: str
    parameter: float | None
    low: float | None
    high: float | None
    held: float | None
    broke: float | None
    limit: str
    metric: str
    evaluations: int
    reading: str
    label: str | None = None
    passes: int = 1
    clinical: str = ""
    searched: bool = False
    tolerance: float | None = None
    confidence: float = 0.95
    monotone: bool = True
    parameters: Mapping[str, float] = field(default_factory=dict)
