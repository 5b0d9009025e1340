"""A pytest file that holds the next model to what a study measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_xraynoise.study.plan import LEAST, METRIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, TestRecord
    from pytest_xraynoise.study.plan import Cell

_STEP = 0.01


def limits_file(measured: Sequence[tuple[Cell, TestRecord]]) -> str:
    """Python source with a test for each task and noise.

    The best model is the one with the highest mean of the metric over the noisy rungs; that it lost
    least would not do, as a model that knows nothing has nothing to lose; models below ``LEAST`` on
    clean images are left out. The limit of a severity
    is the high end of the interval of its drop, rounded up to 0.01 and 1 at most: a new model that
    is as good when clean has to be about as good as the best of these under noise.
    The fixtures ``xray_model`` and ``xray_dataset`` are the user's own.
    """
    groups: dict[tuple[str, str], list[tuple[Cell, LadderResult]]] = {}
    for cell, record in measured:
        if record.result is None or cell.denoiser is not None:
            continue
        if record.result.clean[METRIC[cell.task]] >= LEAST[cell.task]:
            groups.setdefault((cell.task, cell.noise), []).append((cell, record.result))
    parts = [
        '"""Limits from a study: what its best model under noise lost, and no more."""\n',
        "from pytest_xraynoise import robust\n",
    ]
    for (task, noise), ladders in groups.items():
        metric = METRIC[task]
        cell, best = max(ladders, key=lambda item: _kept(item[1], metric))
        limits = {
            s: limit_of(best, metric, s)
            for s in best.severities
            if s > 0 and _known(best, metric, s)
        }
        if not limits:
            continue
        name = "".join(c if c.isalnum() else "_" for c in noise)
        said = ", ".join(f"{s}: {limit:.2f}" for s, limit in limits.items())
        parts.append(
            f"\n# {cell.model}, trained on {cell.training} images: {metric} "
            f"{best.clean[metric]:.3f} when clean, {len(best.ids)} images\n"
            f"@robust(noise={noise!r}, max_{metric}_drop={{{said}}})\n"
            f"def test_{task}_{name}(): ...\n"
        )
    return "\n".join(parts)


def limit_of(result: LadderResult, metric: str, severity: int) -> float:
    """The high end of the drop's interval, or the drop itself, rounded up to 0.01; 1 at most."""
    at = result.metric(metric).rungs[severity]
    end = at.drop if at.high is None else at.high
    return min(1.0, max(_STEP, math.ceil(round(end / _STEP, 6)) * _STEP))


def _known(result: LadderResult, metric: str, severity: int) -> bool:
    return math.isfinite(result.metric(metric).rungs[severity].drop)


def _kept(result: LadderResult, metric: str) -> float:
    """The mean of the metric over the noisy rungs, one without a value counting as 0."""
    values = [result.metric(metric).value(severity=s) for s in result.severities if s > 0]
    return math.fsum(v for v in values if math.isfinite(v)) / max(1, len(values))
