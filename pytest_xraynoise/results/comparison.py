"""What a test measured, held against what a baseline holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ComparisonStatus = Literal["pass", "fail", "told", "missing"]

_ROUNDING = 1e-8  # a baseline is written with nine digits


@dataclass(frozen=True, slots=True)
class Difference:
    """One number now against the same number in the baseline.

    Attributes:
        metric, severity, label: which number (severity 0 is clean, ``label`` None the macro value).
        baseline, now: the metric there and here.
        higher_is_better: which way is a loss.
        low, high: interval of ``now - baseline``; None where the data define none.
        method: how the interval was made: ``delong``, ``bootstrap`` or ``bootstrap by group`` on
            the same samples, ``independent`` from the intervals of the two numbers.
        rule: the expression that this number was held to, None where there was none.
        allowed: the loss that the rule allows, in the units of the metric.
        regressed: whether the rule is broken.
    """

    metric: str
    severity: int
    label: str | None
    baseline: float
    now: float
    higher_is_better: bool = True
    low: float | None = None
    high: float | None = None
    method: str | None = None
    rule: str | None = None
    allowed: float | None = None
    regressed: bool = False

    @property
    def difference(self) -> float:
        """Now minus baseline."""
        return self.now - self.baseline

    @property
    def loss(self) -> float:
        """How much was lost since the baseline; negative is a gain."""
        return self.baseline - self.now if self.higher_is_better else self.now - self.baseline

    @property
    def loss_interval(self) -> tuple[float, float] | None:
        """Low and high end of the interval of :attr:`loss`."""
        if self.low is None or self.high is None:
            return None
        return (-self.high, -self.low) if self.higher_is_better else (self.low, self.high)

    @property
    def better(self) -> bool:
        """Whether the whole interval is a gain."""
        ends = self.loss_interval
        return ends is not None and ends[1] < -_ROUNDING

    @property
    def worse(self) -> bool:
        """Whether the whole interval is a loss."""
        ends = self.loss_interval
        return ends is not None and ends[0] > _ROUNDING


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test against a baseline.

    Attributes:
        baseline: name of the baseline, or the file it came from.
        status: ``fail`` (a rule is broken), ``pass`` (none is), ``told`` (there was no rule to
            break) or ``missing`` (the baseline lacks this test).
        headline: a sentence that says what decided it.
        differences: every number, metrics in order, the macro value before labels, by severity.
        notes: what a reader should know about how the comparison was made.
        confidence: level of the intervals.
    """

    baseline: str
    status: ComparisonStatus
    headline: str
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: float = 0.95

    @property
    def regressed(self) -> tuple[Difference, ...]:
        """The numbers whose rule is broken."""
        return tuple(each for each in self.differences if each.regressed)

    @property
    def better(self) -> tuple[Difference, ...]:
        """The macro values that are better by more than their interval."""
        return tuple(each for each in self.differences if each.better and each.label is None)

    @property
    def worse(self) -> tuple[Difference, ...]:
        """The macro values that are worse by more than their interval."""
        return tuple(each for each in self.differences if each.worse and each.label is None)

    @property
    def deciding(self) -> Difference | None:
        """The broken rule's number that lost most, else the ruled or macro number that did."""
        ruled = [each for each in self.differences if each.rule is not None]
        macro = [each for each in self.differences if each.label is None]
        pool = self.regressed or ruled or macro or self.differences
        return max(pool, key=_excess, default=None)


def _excess(each: Difference) -> tuple[float, float]:
    beyond = each.loss - (each.allowed or 0.0)
    return (beyond if beyond == beyond else float("-inf"), -each.severity)  # NaN comes last
