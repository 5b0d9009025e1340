"""What a limit's word means to a reader: a drop, a relative drop, an increase or a value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult, LimitCheck

Kind = Literal["drop", "relative drop", "increase", "minimum", "maximum"]

_LOWER_IS_BETTER = frozenset({"area_error", "brier", "ece", "empty_masks", "hd95"})


def word(check: LimitCheck) -> str:
    """The limit without its number: ``max_auroc_drop``."""
    return check.limit.partition("=")[0].strip()


def kind(check: LimitCheck) -> Kind | None:
    """Which of the numbers the limit holds; None for a word that is not built of these."""
    name = word(check)
    if name == f"max_{check.metric}_drop":
        return "drop"
    if name == f"max_relative_{check.metric}_drop":
        return "relative drop"
    if name == f"max_{check.metric}_increase":
        return "increase"
    if name == f"min_{check.metric}":
        return "minimum"
    return "maximum" if name == f"max_{check.metric}" else None


def is_requirement(check: LimitCheck) -> bool:
    """Whether a check says how much noise the limits must stand, and limits no metric itself."""
    return word(check) in ("min_dose", "min_severity")


def lower_is_better(result: LadderResult, metric: str) -> bool:
    """Whether a larger value is the loss, read off the measured drops (positive is a loss)."""
    clean = result.rungs[0].metrics[metric].value
    for rung in result.rungs[1:]:
        at = rung.metrics[metric]
        gain = at.value - clean
        if math.isfinite(gain) and math.isfinite(at.drop) and gain and at.drop:
            return abs(at.drop - gain) < abs(at.drop + gain)
    return metric in _LOWER_IS_BETTER
