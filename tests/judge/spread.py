"""Ladders of given scores with all that is known of their spread, for tests of the judgement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.engine.scoring import score_with_spreads
from pytest_xraynoise.metrics.operating_point import OperatingPoint
from pytest_xraynoise.metrics.options import MetricOptions
from pytest_xraynoise.results import LadderResult, Rung, RungResult, Task

Array = npt.NDArray[np.float64]


def measured(
    targets: Array,
    scores: dict[int, Array],
    metric: str,
    *,
    task: Task = "binary",
    labels: tuple[str, ...] = ("Nodule",),
    per_image: dict[str, dict[int, Array]] | None = None,
    groups: tuple[str, ...] | None = None,
    resamples: int = 400,
) -> LadderResult:
    """The result of one metric, in decisions at one half."""
    score = score_with_spreads(
        task=task,
        labels=labels,
        targets=targets,
        scores=scores,
        per_image=per_image or {},
        metrics=(metric,),
        resamples=resamples,
        groups=groups,
        options=MetricOptions(operating_point=OperatingPoint("threshold", 0.5)),
    )
    rungs = [
        RungResult(Rung(s, None if s == 0 else float(s), "units"), values)
        for s, values in score.values.items()
    ]
    return LadderResult(
        noise="poisson",
        ladder="custom",
        task=task,
        labels=labels,
        rungs=tuple(rungs),
        ids=tuple(map(str, range(len(targets)))),
        settings={"confidence": 0.95, "seed": 0},
        excluded=score.excluded,
        groups=groups,
        _targets=targets,
        _scores=scores,
        _per_image=per_image or {},
        _spreads=score.spreads,
    )
