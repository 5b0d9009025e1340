"""What a number rests on: independent samples, or patients where groups are declared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise import metrics as registry
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.counts import class_rows, image_rows, independent
from pytest_xraynoise.stats.distribution import TIE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.judge.looks import Look
    from pytest_xraynoise.metrics import Metric
    from pytest_xraynoise.results import LadderResult

_ROUNDING = 1e-6  # what a share leaves behind when it is counted again


@dataclass(frozen=True, slots=True)
class Units:
    """Units that can spoil a number by themselves.

    Attributes:
        count: how many there are.
        share: the most that the number can change when all of them do.
    """

    count: int
    share: float

    def unseen(self, distance: float) -> float:
        """The chance that none of the units shows an event that moves the number by ``distance``.

        An event that happens to a fraction q of all units moves the number by ``share`` q at most;
        n units show it not once with probability (1 - q)^n (the "rule of three" is its solution for
        5%; Hanley and Lippman-Hand 1983, DOI 10.1001/jama.1983.03330370053031).
        """
        fraction = distance / self.share
        return 0.0 if fraction > 1.0 else (1.0 - fraction) ** self.count

    def at_most(self, seen: float, allowed: float) -> float:
        """The chance of so few events or fewer, were it true of the fraction that is allowed.

        Both are changes of the number. Binomial and exact, where each unit is right or wrong.
        """
        most = math.floor(self.count * seen / self.share + _ROUNDING)
        return min(1.0, _binomial(range(most + 1), self.count, allowed / self.share))

    def at_least(self, seen: float, allowed: float) -> float:
        """The chance of so many events or more."""
        least = math.ceil(self.count * seen / self.share - _ROUNDING)
        return min(1.0, _binomial(range(least, self.count + 1), self.count, allowed / self.share))

    def needed(self, distance: float, level: float) -> float:
        """How many units it takes for that chance to be at most ``level``."""
        fraction = distance / self.share
        return 0.0 if fraction >= 1.0 else math.log(level) / math.log1p(-fraction)


def _binomial(events: range, count: int, fraction: float) -> float:
    """The probability of a number of events among these, of ``count`` units."""
    if fraction <= 0.0:
        return float(0 in events)
    if fraction >= 1.0:
        return float(count in events)
    odds = math.log(fraction), math.log1p(-fraction)
    whole = math.lgamma(count + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(k + 1)
            - math.lgamma(count - k + 1)
            + k * odds[0]
            + (count - k) * odds[1]
        )
        for k in events
        if k <= count
    )


def resting_on(result: LadderResult, look: Look) -> tuple[Units, ...]:
    """The units of each class of each label that a look's number is made of.

    Empty where nothing is known about them: for metrics without the bounds 0 and 1, and for results
    that were stored without their targets.
    """
    metric = _metric(look)
    if metric is None or metric.lower != 0.0 or metric.upper != 1.0:
        return ()
    if look.label is None and result.task in metric.pooled:
        return (Units(independent(result), 1.0),)
    known = _of_labels(result, metric)
    judged = result.metric(metric.name).by_label
    names = [name for name in known if name in judged or not judged]
    if look.label is not None:
        names = [look.label]
    share = 1.0 / max(1, len(names))
    return tuple(
        Units(each.count, each.share * share) for name in names for each in known.get(name, ())
    )


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that p-values can be, from how many units there are.

    Attributes:
        p: of a look's number on its side of the limit; 0 where an interval may be trusted.
        units: those that it comes from.
        distance: of the number from its limit.
    """

    p: float = 0.0
    units: tuple[Units, ...] = ()
    distance: float = 0.0

    def needed(self, samples: int, level: float) -> float:
        """At how many samples it is below a level, at the same shares of them."""
        if self.distance <= TIE:
            return 0.0
        return max(
            (samples * u.needed(self.distance, level) / u.count for u in self.units), default=0.0
        )


def floor_of(result: LadderResult, look: Look) -> Floor:
    """What a look's p-values cannot be below.

    Resamples hold nothing that the samples do not: where each is right or wrong, and wherever all
    resamples agree, they know nothing of rare events.
    """
    known, metric = look.observed.uncertainty, _metric(look)
    if known is None or metric is None or not (metric.counted or known.certain):
        return Floor()
    units = tuple(each for each in resting_on(result, look) if each.count)
    if not units:
        return Floor()
    scale = _scale(result, look)
    distance = abs(look.excess) * scale
    if distance <= TIE:
        return Floor(1.0, units, 0.0)
    if not metric.counted or metric.support in ("classes", "halves") or len(units) > 1:
        return Floor(max(each.unseen(distance) for each in units), units, distance)
    seen, allowed = _fractions(look, scale)
    if min(seen, allowed) < 0:  # more was gained than lost
        return Floor(units[0].unseen(distance), units, distance)
    tail = units[0].at_least if look.excess > 0 else units[0].at_most
    return Floor(tail(seen, allowed), units, distance)


def _metric(look: Look) -> Metric | None:
    try:
        return registry.get(look.limit.metric)
    except SpecError:  # of a plugin that is not loaded here
        return None


def _scale(result: LadderResult, look: Look) -> float:
    """What the look's number is multiplied with to be a change of the metric."""
    if look.limit.form != "relative_drop":
        return 1.0
    curve = result.metric(look.limit.metric)
    curve = curve if look.label is None else curve.by_label[look.label]
    return abs(curve.rungs[0].value)


def _fractions(look: Look, scale: float) -> tuple[float, float]:
    """The share of samples that went wrong, and the share that may."""
    seen, allowed = look.observed.value * scale, look.threshold * scale
    if look.limit.form == "floor":
        seen, allowed = 1.0 - seen, 1.0 - allowed
    return seen, allowed


def _of_labels(result: LadderResult, metric: Metric) -> Mapping[str, tuple[Units, ...]]:
    """The units of each label's own value."""
    if metric.per_image:
        images = image_rows(result, metric.source)
        return {name: (Units(independent(result, rows), 1.0),) for name, rows in images.items()}
    found = {}
    for name, (positive, negative) in class_rows(result).items():
        share = 0.5 if metric.support == "halves" else 1.0
        rows = {
            "samples": [positive | negative],
            "positives": [positive],
            "negatives": [negative],
        }.get(metric.support, [positive, negative])
        found[name] = tuple(Units(independent(result, each), share) for each in rows)
    return found
