"""The one comparison of a test with a baseline; plugin, command line and reports show this one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.judge.comparable import refuse_other
from pytest_xraynoise.judge.headline import headline
from pytest_xraynoise.judge.ruled import by_interval, by_rules
from pytest_xraynoise.results.comparison import Comparison, Difference
from pytest_xraynoise.stats.distribution import quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_xraynoise.judge.baseline import Entry
    from pytest_xraynoise.judge.expression import Rule
    from pytest_xraynoise.results import MetricValue
    from pytest_xraynoise.results.comparison import ComparisonStatus
    from pytest_xraynoise.results.verdict import Mode

    Ends = tuple[float | None, float | None, str | None]


def compare(
    baseline: Entry,
    now: Entry,
    rules: Sequence[Rule] = (),
    *,
    name: str,
    decide: Mode = "point",
    must_judge: bool = False,
    confidence: float | None = None,
) -> Comparison:
    """Hold a measurement against a baseline.

    Where both have per-sample numbers the intervals are paired; else they are combined from the
    intervals of the two values as if these were independent, which is wider.

    Args:
        baseline: what a baseline holds of a test.
        now: the same measurement of another model.
        rules: how much may be lost. Rules about metrics that the task does not have are left out;
            where several cover a number, the one that says most about it holds (its label before
            ``*``, its severity before every rung).
        name: of the baseline.
        decide: ``point`` fails when the loss exceeds the number; ``confident-fail`` when its whole
            interval does; ``confident-pass`` unless its whole interval is within. The confident
            ones keep the chance of a wrong word over all numbers that rules cover, by Holm.
        must_judge: without rules, fail where the task's main metric (``auroc``, ``dice``) is worse
            than the baseline by more than its interval; for tests that have no limits.
        confidence: level of the intervals, that of ``now`` by default.

    Returns:
        ``fail`` when a rule is broken, ``pass`` when none is, ``told`` without any rule.

    Raises:
        IncomparableError: for other noise, ladder, seed, data or settings.
        MetricError: for a ruled number that is not defined, on either side, or has no interval in
            a confident mode: that is never a pass.
        SpecError: for a rule about a metric, severity or label that was not measured.
    """
    refuse_other(baseline, now, name)
    level = now.confidence if confidence is None else confidence
    applying = [rule for rule in rules if rule.metric in _metrics_of(now)]
    for rule in applying:
        _check_measured(rule, baseline, now, name)
    differences, notes = _differences(baseline, now, level)
    if must_judge and not applying:
        judged = by_interval(differences, registry.defaults(now.task)[0], level)
    else:
        judged = by_rules(differences, applying, decide, level)
    status: ComparisonStatus = "told"
    if any(each.rule is not None for each in judged):
        status = "fail" if any(each.regressed for each in judged) else "pass"
    found = Comparison(name, status, "", judged, tuple(notes), level)
    return Comparison(name, status, headline(found, now), judged, tuple(notes), level)


def missing(name: str, nodeid: str, where: str, hint: str = "") -> Comparison:
    """The comparison of a test that the baseline lacks."""
    text = f"the baseline {name!r} ({where}) lacks {nodeid}{hint}"
    return Comparison(name, "missing", text)


def _differences(
    baseline: Entry, now: Entry, confidence: float
) -> tuple[list[Difference], list[str]]:
    notes = [*baseline.notes, *(note for note in now.notes if note not in baseline.notes)]
    if None in (baseline.noise_spec, now.noise_spec):
        notes.append("the version of the noise is not known on both sides")
    paired: Mapping[int, Mapping[str, MetricValue]] = {}
    lost: Mapping[str, str] = {}
    same = baseline.data.targets is not None and baseline.data == now.data
    if same and baseline.samples is not None and now.samples is not None:
        from pytest_xraynoise.judge.paired import paired_values

        paired, lost = paired_values(baseline, now, confidence=confidence)
    elif not notes:
        notes.append("per-sample scores are not at hand on both sides")
    both = [name for name in now.metrics if name in baseline.metrics]
    notes += [f"{name}: {why}" for name, why in lost.items()]
    if any(name not in (paired.get(0) or {}) for name in both):
        notes.append(
            "without pairs, intervals are combined as if the two runs were independent, which "
            "makes them wider"
        )
    found: list[Difference] = []
    for metric in both:
        for severity, before, after in _rungs(baseline, now, metric):
            pairs = paired.get(severity, {}).get(metric)
            found += _of_number(metric, severity, before, after, pairs, baseline, confidence)
    found.sort(key=lambda each: (both.index(each.metric), each.label is not None))
    return found, notes


def _rungs(
    baseline: Entry, now: Entry, metric: str
) -> Iterator[tuple[int, MetricValue, MetricValue]]:
    for before, after in zip(baseline.rungs, now.rungs, strict=True):
        yield after.severity, before.metrics[metric], after.metrics[metric]


def _of_number(
    metric: str,
    severity: int,
    before: MetricValue,
    after: MetricValue,
    pairs: MetricValue | None,
    baseline: Entry,
    confidence: float,
) -> Iterator[Difference]:
    """The macro value, then each label that both sides have."""
    higher = _higher_is_better(metric, baseline)
    yield _difference(metric, severity, None, before, after, pairs, higher, baseline, confidence)
    for label, value in after.labels.items():
        if label in before.labels:
            own = None if pairs is None else pairs.labels.get(label)
            was = before.labels[label]
            yield _difference(
                metric, severity, label, was, value, own, higher, baseline, confidence
            )


def _difference(
    metric: str,
    severity: int,
    label: str | None,
    before: MetricValue,
    after: MetricValue,
    pairs: MetricValue | None,
    higher: bool,
    baseline: Entry,
    confidence: float,
) -> Difference:
    ends: Ends
    if pairs is None:
        ends = _independent(before, after, baseline.confidence, confidence)
    elif pairs.low is None or pairs.high is None:
        ends = (None, None, None)
    else:  # the loss since the baseline, turned into now minus baseline
        low, high = (-pairs.high, -pairs.low) if higher else (pairs.low, pairs.high)
        ends = (low + 0.0, high + 0.0, pairs.method)
    return Difference(metric, severity, label, before.value, after.value, higher, *ends)


def _independent(before: MetricValue, after: MetricValue, stored: float, confidence: float) -> Ends:
    """Root of the squared distances to the ends (Zou and Donner 2008, DOI 10.1002/sim.3095)."""
    ends = (before.value_low, before.value_high, after.value_low, after.value_high)
    if any(end is None or math.isnan(end) for end in ends):
        return None, None, None
    low_a, high_a, low_b, high_b = (float(end) for end in ends if end is not None)
    scale = quantile(0.5 + confidence / 2.0) / quantile(0.5 + stored / 2.0)
    gap = after.value - before.value
    down = math.hypot(after.value - low_b, scale * (high_a - before.value))
    up = math.hypot(high_b - after.value, scale * (before.value - low_a))
    return gap - down, gap + up, "independent"


def _metrics_of(entry: Entry) -> set[str]:
    return {*registry.names(entry.task), *entry.metrics}


def _check_measured(rule: Rule, baseline: Entry, now: Entry, name: str) -> None:
    for entry, whose in ((now, "now"), (baseline, f"in the baseline {name!r}")):
        if rule.metric not in entry.metrics:
            raise SpecError(
                f"{rule.text}: {rule.metric} was not measured {whose}; name it in a limit of "
                f"{now.nodeid}, and save the baseline again. Measured: {', '.join(entry.metrics)}"
            )
    severities = [rung.severity for rung in now.rungs]
    if rule.severity is not None and rule.severity not in severities:
        have = ", ".join(map(str, severities))
        raise SpecError(f"{rule.text}: severity {rule.severity} was not run; {have} were")
    labels = now.rungs[0].metrics[rule.metric].labels
    if rule.label not in (None, "*", *labels):
        raise SpecError(f"{rule.text}: {unknown('label', rule.label, labels)}")


def _higher_is_better(metric: str, entry: Entry) -> bool:
    """Which way is a loss, read off the drops where the metric is not registered here."""
    if metric in registry.names():
        return registry.get(metric).higher_is_better
    clean = entry.rungs[0].metrics[metric].value
    for rung in entry.rungs[1:]:
        at = rung.metrics[metric]
        if at.drop and math.isfinite(at.drop) and math.isfinite(at.value - clean):
            return (at.drop > 0) == (at.value < clean)
    return True
