"""Ladders with chosen drops, for the tests of tables and claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pytest_xraynoise.results import (
    Finding,
    LadderResult,
    MetricValue,
    Rung,
    RungResult,
    TestRecord,
    Verdict,
)
from pytest_xraynoise.study.plan import METRIC, Cell

UNITS = {"poisson": "photons at white", "gaussian": "of full scale", "lowdose": "of the dose"}


def value(
    clean: float, drop: float, half: float, labels: Mapping[str, MetricValue] | None = None
) -> MetricValue:
    return MetricValue(
        clean - drop, drop, drop - half, drop + half, method="bootstrap", labels=labels or {}
    )


def measured(
    cell: Cell,
    drops: Sequence[float],
    *,
    clean: float = 0.9,
    half: float = 0.02,
    labels: Mapping[str, float] | None = None,
    parameters: Sequence[float] | None = None,
    findings: Sequence[Finding] = (),
    scores: Mapping[int, np.ndarray] | None = None,
    targets: np.ndarray | None = None,
) -> tuple[Cell, TestRecord]:
    """A cell with these drops at severities 1, 2 ...; ``labels`` are drops at the last one."""
    metric, unit = METRIC[cell.task], UNITS.get(cell.noise, "of something")
    names = tuple(labels or ("Nodule",))
    clean_value = MetricValue(clean, 0.0, labels={n: MetricValue(clean, 0.0) for n in names})
    rungs = [RungResult(Rung(0, None, ""), {metric: clean_value})]
    for n, drop in enumerate(drops, start=1):
        last = n == len(drops)
        by_label = {
            name: value(clean, labels[name] if labels and last else drop, half) for name in names
        }
        at = parameters[n - 1] if parameters else float(n)
        rungs.append(RungResult(Rung(n, at, unit), {metric: value(clean, drop, half, by_label)}))
    result = LadderResult(
        noise=cell.noise,
        ladder="test",
        task="multilabel" if cell.task == "classification" else "segmentation",
        labels=names,
        rungs=tuple(rungs),
        ids=tuple(map(str, range(100 if targets is None else len(targets)))),
        settings={"confidence": 0.95, "seed": 0, "device": "cpu"},
        model=f"{cell.model}, {cell.training}",
        dataset="phantom",
        _targets=targets,
        _scores=dict(scores or {}),
    )
    verdict = Verdict("pass", "held", findings=tuple(findings))
    return cell, TestRecord(cell.nodeid, "passed", verdict, result=result, noise=cell.noise)
