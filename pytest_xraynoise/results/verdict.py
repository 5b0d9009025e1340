"""The decision about one ladder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["pass", "fail", "error", "inconclusive"]
CheckStatus = Literal["pass", "fail", "inconclusive"]
Mode = Literal["point", "confident-fail", "confident-pass"]
Policy = Literal["fail", "pass", "skip"]
FindingKind = Literal["non-monotonic", "label collapse", "weak when clean", "few samples"]


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One limit held against one number.

    Attributes:
        limit: the word and number as written, ``max_auroc_drop=0.05``.
        metric, severity, label: which number (``severity`` None for a mean over rungs, ``label``
            None for the macro value).
        observed: the number, in the limit's own terms (a drop, a relative drop or a value).
        threshold: what it is held against.
        broken: whether the limit is broken: by the number itself, or with confidence in the
            confident modes.
        low, high: interval of ``observed`` where there is one.
        inconclusive: whether a confident mode can say neither broken nor kept.
        p: one-sided p-value of the side of the limit on which ``observed`` lies; None in the mode
            ``point``. Small means that the data are sure of the side.
        adjusted_p: the same after Holm's step-down over all checks of the verdict.
        needed: how many samples would settle an inconclusive check, rounded up to two digits; None
            where no number would, because ``observed`` is the limit itself.
        method: how the interval was made, ``delong`` or ``bootstrap`` with what was done to it.
    """

    limit: str
    metric: str
    severity: int | None
    label: str | None
    observed: float
    threshold: float
    broken: bool
    low: float | None = None
    high: float | None = None
    inconclusive: bool = False
    p: float | None = None
    adjusted_p: float | None = None
    needed: int | None = None
    method: str | None = None

    @property
    def status(self) -> CheckStatus:
        """``fail``, ``inconclusive`` or ``pass``."""
        if self.broken:
            return "fail"
        return "inconclusive" if self.inconclusive else "pass"

    @property
    def excess(self) -> float:
        """How far ``observed`` is beyond the limit; negative where it is within."""
        sign = -1.0 if self.limit.startswith("min_") else 1.0
        return sign * (self.observed - self.threshold)


def to_settle(checks: Sequence[LimitCheck]) -> LimitCheck:
    """The inconclusive check whose end would end the doubt, of one at least.

    One limit that turns out broken settles a verdict: the cheapest of those whose number is beyond
    its limit. Else all have to be settled, and the dearest counts.
    """
    tested = [check for check in checks if check.p is not None] or checks
    beyond = [c for c in tested if c.excess > 0 and c.needed is not None]
    if beyond:
        return min(beyond, key=lambda check: check.needed or 0)
    return max(tested, key=lambda check: math.inf if check.needed is None else check.needed)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a ladder that a reader of its verdict should know; it decides nothing.

    Attributes:
        kind: ``non-monotonic``, ``label collapse``, ``weak when clean`` or ``few samples``.
        text: a sentence for people.
        severity: the rung it is about, None where it is about the whole ladder.
        label: the label it is about, None for the macro value or all of them.
    """

    kind: FindingKind
    text: str
    severity: int | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one decision.

    Attributes:
        status: ``pass``, ``fail``, ``inconclusive`` (confident modes only) or ``error``.
        headline: a sentence that names what decided it.
        checks: every limit held against every number, in the order of the limits.
        mode: how the numbers were held against the limits.
        on_inconclusive: what an inconclusive verdict does to the test: fail, pass or skip it.
        findings: what else a reader should know.
    """

    status: Status
    headline: str
    checks: tuple[LimitCheck, ...] = ()
    mode: Mode = "point"
    on_inconclusive: Policy = "fail"
    findings: tuple[Finding, ...] = ()

    @property
    def broken(self) -> tuple[LimitCheck, ...]:
        """The checks that failed, in the order of the limits."""
        return tuple(check for check in self.checks if check.broken)

    @property
    def inconclusive(self) -> tuple[LimitCheck, ...]:
        """The checks that could not be decided, in the order of the limits."""
        return tuple(check for check in self.checks if check.inconclusive)

    @property
    def to_settle(self) -> LimitCheck | None:
        """The check that an inconclusive verdict hangs on."""
        checks = self.inconclusive
        return to_settle(checks) if self.status == "inconclusive" and checks else None

    @property
    def action(self) -> Policy:
        """What becomes of the test: ``fail``, ``pass`` or ``skip``."""
        if self.status == "inconclusive":
            return self.on_inconclusive
        return "pass" if self.status == "pass" else "fail"
