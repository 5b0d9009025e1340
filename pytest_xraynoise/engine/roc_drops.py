"""Intervals of AUROCs along a ladder, by DeLong's method. No tensor gets here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.engine.drops import MACRO, MetricLadder, Uncertainty, label_name
from pytest_xraynoise.engine.repeats import keys_at
from pytest_xraynoise.metrics.columns import as_columns
from pytest_xraynoise.results import Interval, Spread
from pytest_xraynoise.stats.contrasts import CLEAN, combination
from pytest_xraynoise.stats.correlated_roc import Components, components, difference
from pytest_xraynoise.stats.roc_covariance import ladder_deviations, pooled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def delong(ladder: MetricLadder, confidence: float) -> Uncertainty:
    """Intervals of AUROCs; None where a label has fewer than two samples of a class.

    Several draws of the noise are averaged component by component.
    """
    columns = as_columns(ladder.targets, ladder.inputs[0])
    truth = np.where(columns.labelled, columns.truth.astype(np.float64), np.nan)
    indices = [k for k in ladder.readings[0].labels if isinstance(k, int)]
    parts = {
        severity: _components(ladder, severity, truth, indices) for severity in (0, *ladder.noisy)
    }
    found = Uncertainty()
    for severity in ladder.noisy:
        clean, noisy = parts[0], parts[severity]
        found.drops[severity] = {
            label_name(k, ladder.labels): _difference([a], [b], confidence)
            for k, a, b in zip(indices, clean, noisy, strict=True)
        }
        found.drops[severity][MACRO] = _difference(clean, noisy, confidence)
    names = [label_name(k, ladder.labels) for k in indices]
    _add_covariances(found, names, ladder.noisy, parts)
    _add_values(found, ladder, confidence)
    return found


def _components(
    ladder: MetricLadder, severity: int, truth: FloatArray, indices: list[int]
) -> list[Components]:
    columns = [ladder.inputs[key].reshape(truth.shape) for key in keys_at(ladder.inputs, severity)]
    return [pooled([components(truth[:, k], x[:, k]) for x in columns]) for k in indices]


def _difference(
    clean: list[Components], noisy: list[Components], confidence: float
) -> Interval | None:
    return None if any(_short(part) for part in clean) else difference(clean, noisy, confidence)


def _short(part: Components) -> bool:
    """Whether a variance is not defined."""
    return bool(min(part.positive.sum(), part.negative.sum()) < 2)


def _add_covariances(
    found: Uncertainty,
    names: list[str],
    noisy: list[int],
    parts: Mapping[int, list[Components]],
) -> None:
    total: FloatArray | None = None
    for k, (name, clean) in enumerate(zip(names, parts[0], strict=True)):
        if _short(clean):
            continue
        rows = ladder_deviations(clean, [parts[severity][k] for severity in noisy])
        found.spreads[name] = Spread(tuple(noisy), 1.0, rows @ rows.T, method="delong")
        total = rows / len(names) if total is None else total + rows / len(names)
    if total is not None and len(found.spreads) == len(names):
        found.spreads[MACRO] = Spread(tuple(noisy), 1.0, total @ total.T, method="delong")


def _add_values(found: Uncertainty, ladder: MetricLadder, confidence: float) -> None:
    """Intervals of the values, from the covariances."""
    for severity in (0, *ladder.noisy):
        found.values[severity] = {}
        for name, spread in found.spreads.items():
            value = _mean_value(ladder, severity, name)
            parts = {CLEAN: 1.0, severity: -1.0} if severity else {CLEAN: 1.0}
            one = combination(spread, parts, value)
            ends = None if one is None else one.interval(confidence)
            found.values[severity][name] = (
                None if ends is None else Interval(value, *ends, confidence, spread.method)
            )


def _mean_value(ladder: MetricLadder, severity: int, name: str) -> float:
    readings = ladder.draws(severity)
    if name == MACRO:
        return float(np.mean([reading.value for reading in readings]))
    key = next(k for k in readings[0].labels if label_name(k, ladder.labels) == name)
    return float(np.mean([reading.labels[key] for reading in readings]))
