"""One ladder of the study: the model as it was trained, the noise, the denoiser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.judge import decide, parse_limits
from pytest_xraynoise.judge.breaking import ladder_with_breaking_point
from pytest_xraynoise.judge.standing import with_estimate
from pytest_xraynoise.results import TestRecord
from pytest_xraynoise.study.plan import METRIC

if TYPE_CHECKING:
    from pytest_xraynoise.study.plan import Cell, Plan

STRIPS = 1
MODE = "confident-fail"


def measure(
    cell: Cell, plan: Plan, model: Any, data: Any, *, denoiser: str | None, device: str
) -> TestRecord:
    """Run the ladder of a cell and hold the study's limit against it.

    Args:
        cell: which.
        plan: the study.
        model: the trained model.
        data: the held-out images.
        denoiser: what ``evaluate`` takes, None for none.
        device: where it runs.
    """
    from pytest_xraynoise.engine import evaluate

    began = time.monotonic()
    metric = METRIC[cell.task]
    limit: dict[str, Any] = {f"max_{metric}_drop": plan.limit}
    words: dict[str, Any] = {
        "noise": cell.noise,
        "seed": plan.seed,
        "samples": plan.samples,
        "device": device,
        "strips": STRIPS,
    }
    if denoiser is not None:
        result = evaluate(model, data, denoiser=denoiser, **words)
    elif cell.noise in plan.searched_noises:
        result = ladder_with_breaking_point(model, data, **limit, **words)
    else:
        result = evaluate(model, data, **words)
    front = f", {cell.denoiser} in front" if cell.denoiser else ""
    result = with_estimate(result, limit)
    result = result.replace(model=f"{cell.model}, {cell.training}{front}")
    verdict = decide(result, parse_limits(limit, result.severities), mode=MODE)
    return TestRecord(
        nodeid=cell.nodeid,
        outcome="failed" if verdict.status == "fail" else "passed",
        verdict=verdict,
        limits=tuple(f"{word}={number:g}" for word, number in limit.items()),
        result=result.without_spreads(),
        message=verdict.headline if verdict.status == "fail" else "",
        file=f"study/{cell.task}.py",
        duration=time.monotonic() - began,
        noise=cell.noise,
    )
