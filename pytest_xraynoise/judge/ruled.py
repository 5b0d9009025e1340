"""Differences held against rules: which loss is too much, and which is so for sure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import MetricError
from pytest_xraynoise.stats.distribution import Distribution, quantile
from pytest_xraynoise.stats.step_down import holm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_xraynoise.judge.expression import Rule
    from pytest_xraynoise.results.comparison import Difference
    from pytest_xraynoise.results.verdict import Mode

ROUNDING = 1e-8
"""A baseline has nine digits and float32 scores; a loss below this is none."""

Differences = tuple["Difference", ...]


def by_rules(
    differences: Iterable[Difference], rules: Sequence[Rule], mode: Mode, confidence: float
) -> Differences:
    """What rules say of the numbers that they cover.

    Raises:
        MetricError: for a covered number that is not defined, or has no interval in a confident
            mode.
    """
    return regressions([_covered(each, rules, mode) for each in differences], mode, confidence)


def by_interval(differences: Iterable[Difference], metric: str, confidence: float) -> Differences:
    """Whether a metric's macro value lost anything for sure, at any rung.

    Raises:
        MetricError: where it is not defined.
    """
    held = [_held(each) if _is_macro(each, metric) else each for each in differences]
    return regressions(held, "confident-fail", confidence)


def regressions(ruled: Sequence[Difference], mode: Mode, confidence: float) -> Differences:
    """Which of the numbers that are held to something lost too much.

    ``point`` looks at the numbers themselves, and so does everything without an interval. The
    confident modes look at intervals, by Holm over all of them: each has the p-value of a normal
    distribution as wide as its interval, so that one alone says what its interval says.
    """
    places = [n for n, each in enumerate(ruled) if each.allowed is not None]
    if mode == "point":
        lost = {n for n in places if _excess(ruled[n]) > 0.0}
    else:
        sure = mode == "confident-fail"
        adjusted = holm([_p_value(ruled[n], confidence, sure=sure) for n in places])
        level = (1.0 - confidence) / 2.0 + ROUNDING
        said = {n for n, p in zip(places, adjusted, strict=True) if p <= level}
        lost = said if sure else set(places) - said
    return tuple(replace(each, regressed=n in lost) for n, each in enumerate(ruled))


def called(each: Difference) -> str:
    """The number of a difference in words."""
    whose = each.metric if each.label is None else f"{each.metric} of {each.label}"
    return f"{whose} at severity {each.severity}"


def _covered(each: Difference, rules: Sequence[Rule], mode: Mode) -> Difference:
    """A number with what the rule that says most about it allows, where one covers it."""
    mine = [rule for rule in rules if rule.covers(each.metric, each.severity, each.label)]
    if not mine:
        return each
    rule = max(mine, key=_says)
    if math.isnan(each.loss):
        side = "in the baseline" if math.isnan(each.baseline) else "now"
        raise MetricError(f"{rule.text} cannot be judged: {called(each)} is not defined {side}")
    if rule.relative and each.baseline == 0.0:
        raise MetricError(
            f"{rule.text} cannot be judged: {called(each)} is 0 in the baseline, so a share of it "
            f"is not defined; write an absolute number, as in {rule.metric}:0.01"
        )
    if mode != "point" and each.loss_interval is None:
        raise MetricError(
            f"{rule.text} cannot be judged with decide={mode!r}: the change of {called(each)} has "
            "no interval; use more samples, or decide='point'"
        )
    allowed = rule.number * abs(each.baseline) if rule.relative else rule.number
    return replace(each, rule=rule.text, allowed=allowed)


def _says(rule: Rule) -> tuple[bool, bool]:
    """How much a rule says about a number, to choose between two that cover it."""
    return rule.label not in (None, "*"), rule.severity is not None


def _is_macro(each: Difference, metric: str) -> bool:
    return each.label is None and each.metric == metric


def _held(each: Difference) -> Difference:
    if math.isnan(each.loss):
        raise MetricError(f"{called(each)} is not defined, so nothing can be compared")
    known = each.loss_interval is not None  # else any loss counts
    rule = "no loss beyond the interval" if known else "no loss (no interval)"
    return replace(each, rule=rule, allowed=0.0)


def _excess(each: Difference) -> float:
    return each.loss - (each.allowed or 0.0) - ROUNDING


def _p_value(each: Difference, confidence: float, *, sure: bool) -> float:
    """Against "no more is lost than is allowed", or without ``sure`` against "more is"."""
    low, high = each.loss_interval or (each.loss, each.loss)
    error = (high - low) / 2.0 / quantile(0.5 + confidence / 2.0)
    known = Distribution((low + high) / 2.0, error)
    limit = (each.allowed or 0.0) + ROUNDING
    return known.p_above(limit) if sure else known.p_below(limit)
