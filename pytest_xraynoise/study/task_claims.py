"""What the source study claims of the two tasks, each and against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.words import interval, number
from pytest_xraynoise.study.claim import Claim, severe, told

if TYPE_CHECKING:
    from pytest_xraynoise.study.claim import Ladders

COLLAPSE = 0.5
"""Mean drop of Dice from which segmentation is said to collapse."""
HOLDS = 0.1
"""Mean drop of AUROC up to which classification is said to hold."""
_SOURCE = "arXiv 2509.25265"


def collapse(plain: Ladders) -> list[Claim]:
    """Whether segmentation collapses, at the last rung of each stress ladder."""
    return [
        Claim(
            f"segmentation collapses, {noise}",
            f"under severe {noise} noise segmentation loses more than {COLLAPSE:g} of Dice on "
            "average (0.843 in the study, Gaussian)",
            _SOURCE,
            told(mean, above=COLLAPSE),
            f"severity {top}: mean drop over {mean.count} models {number(mean.value)} "
            f"{interval(*mean.interval())}",
        )
        for noise, top, (mean,) in severe(plain, ("segmentation", ()))
    ]


def holding(plain: Ladders) -> list[Claim]:
    """Whether classification holds, at the last rung of each stress ladder."""
    return [
        Claim(
            f"classification holds, {noise}",
            f"under severe {noise} noise classification loses less than {HOLDS:g} of AUROC on "
            "average",
            _SOURCE,
            told(mean.negated(), above=-HOLDS),
            f"severity {top}: mean drop over {mean.count} models {number(mean.value)} "
            f"{interval(*mean.interval())}",
        )
        for noise, top, (mean,) in severe(plain, ("classification", ()))
    ]


def dichotomy(plain: Ladders) -> list[Claim]:
    """Segmentation against classification, at the last rung of each stress ladder."""
    found = []
    for noise, top, (dice, auroc) in severe(plain, ("segmentation", ()), ("classification", ())):
        gap = dice.minus(auroc)
        found.append(
            Claim(
                f"task dichotomy, {noise}",
                f"under severe {noise} noise segmentation loses more Dice than classification "
                "loses AUROC",
                _SOURCE,
                told(gap),
                f"severity {top}: mean drop of Dice {number(dice.value)} over {dice.count} models, "
                f"of AUROC {number(auroc.value)} over {auroc.count}; difference "
                f"{number(gap.value)} {interval(*gap.interval())}",
            )
        )
    return found
