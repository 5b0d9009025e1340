"""What the source study claims of the two tasks, each and against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.words import interval, number
from pytest_xraynoise.study.claim import Claim, drop_at, of, told
from pytest_xraynoise.study.plan import STRESS

if TYPE_CHECKING:
    from pytest_xraynoise.study.claim import Ladders

COLLAPSE = 0.5
"""Mean drop of Dice from which segmentation is said to collapse."""
HOLDS = 0.1
"""Mean drop of AUROC up to which classification is said to hold."""
_SOURCE = "arXiv 2509.25265"


def collapse(plain: Ladders) -> list[Claim]:
    """Whether segmentation collapses, at the last rung of each stress ladder."""
    found = []
    for noise in STRESS:
        group = of(plain, "segmentation", noise)
        if not group:
            continue
        top = min(max(result.severities) for _, result in group)
        mean = drop_at(group, top)
        if mean is None:
            continue
        low, high = mean.interval()
        found.append(
            Claim(
                f"segmentation collapses, {noise}",
                f"under severe {noise} noise segmentation loses more than {COLLAPSE:g} of Dice on "
                "average (0.843 in the study, Gaussian)",
                _SOURCE,
                "found" if low > COLLAPSE else "not found" if high < COLLAPSE else "cannot be told",
                f"severity {top}: mean drop over {mean.count} models {number(mean.value)} "
                f"{interval(low, high)}",
            )
        )
    return found


def holding(plain: Ladders) -> list[Claim]:
    """Whether classification holds, at the last rung of each stress ladder."""
    found = []
    for noise in STRESS:
        group = of(plain, "classification", noise)
        if not group:
            continue
        top = min(max(result.severities) for _, result in group)
        mean = drop_at(group, top)
        if mean is None:
            continue
        low, high = mean.interval()
        found.append(
            Claim(
                f"classification holds, {noise}",
                f"under severe {noise} noise classification loses less than {HOLDS:g} of AUROC on "
                "average",
                _SOURCE,
                "found" if high < HOLDS else "not found" if low > HOLDS else "cannot be told",
                f"severity {top}: mean drop over {mean.count} models {number(mean.value)} "
                f"{interval(low, high)}",
            )
        )
    return found


def dichotomy(plain: Ladders) -> list[Claim]:
    """Segmentation against classification, at the last rung of each stress ladder."""
    found = []
    for noise in STRESS:
        groups = [of(plain, task, noise) for task in ("segmentation", "classification")]
        if not all(groups):
            continue
        top = min(max(result.severities) for group in groups for _, result in group)
        dice, auroc = (drop_at(group, top) for group in groups)
        if dice is None or auroc is None:
            continue
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
