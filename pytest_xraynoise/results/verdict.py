"""The decision about one ladder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "fail", "error"]


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One limit held against one number.

    Attributes:
        limit: the word and number as written, ``max_auroc_drop=0.05``.
        metric, severity, label: which number (``severity`` None for a mean over rungs, ``label``
            None for the macro value).
        observed: the number, in the limit's own terms (a drop, a relative drop or a value).
        threshold: what it is held against.
        low, high: interval of ``observed`` where there is one.
        broken: whether the limit is broken.
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one decision. ``headline`` is a sentence that names what decided it."""

    status: Status
    headline: str
    checks: tuple[LimitCheck, ...] = ()

    @property
    def broken(self) -> tuple[LimitCheck, ...]:
        """The checks that failed, in the order of the limits."""
        return tuple(check for check in self.checks if check.broken)
