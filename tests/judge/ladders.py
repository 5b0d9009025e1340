"""Results written by hand, for tests of the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_xraynoise.results import LadderResult, MetricValue, Rung, RungResult

Values = Sequence[float]


def ladder(
    metrics: Mapping[str, Values],
    labels: Mapping[str, Mapping[str, Values]] | None = None,
    spread: float | None = None,
    lower_is_better: Sequence[str] = (),
) -> LadderResult:
    """A result from values at severities 0, 1, 2 ...

    ``spread`` is half the width of the intervals, of drops and of values.
    """
    count = len(next(iter(metrics.values())))
    rungs = []
    for severity in range(count):
        found = {}
        for name, values in metrics.items():
            sign = -1.0 if name in lower_is_better else 1.0
            inner = {
                label: _value(of[name], severity, sign, spread)
                for label, of in (labels or {}).items()
                if name in of
            }
            found[name] = _value(values, severity, sign, spread, inner)
        parameter = None if severity == 0 else 100.0 / severity
        parameters = {} if parameter is None else {"photons": parameter}
        rung = Rung(severity, parameter, "photons at white", parameters=parameters)
        rungs.append(RungResult(rung, found))
    return LadderResult(
        noise="poisson",
        ladder="custom",
        task="multilabel",
        labels=tuple(labels or ("x",)),
        rungs=tuple(rungs),
        ids=tuple(f"sample {n}" for n in range(100)),
        settings={"confidence": 0.95, "seed": 0, "device": "cpu"},
    )


def _value(
    values: Values,
    severity: int,
    sign: float,
    spread: float | None,
    labels: Mapping[str, MetricValue] | None = None,
) -> MetricValue:
    drop = sign * (values[0] - values[severity])
    return MetricValue(
        values[severity],
        drop,
        low=drop - spread if spread is not None and severity else None,
        high=drop + spread if spread is not None and severity else None,
        labels=labels or {},
        value_low=None if spread is None else values[severity] - spread,
        value_high=None if spread is None else values[severity] + spread,
    )
