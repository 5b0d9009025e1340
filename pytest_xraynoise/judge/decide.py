"""The one decision: limits held against a ladder. Everything that is shown comes from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.judge.confident import hold_with_confidence
from pytest_xraynoise.judge.findings import findings
from pytest_xraynoise.judge.looks import gather
from pytest_xraynoise.judge.modes import check_mode, check_policy
from pytest_xraynoise.judge.wording import check_sentence
from pytest_xraynoise.results import Verdict
from pytest_xraynoise.results.verdict import to_settle
from pytest_xraynoise.stats.distribution import TIE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.results import LadderResult, LimitCheck, Status

AGGREGATES = ("worst", "mean")


def decide(
    result: LadderResult,
    limits: Sequence[Limit],
    *,
    aggregate: str = "worst",
    per_label: bool = False,
    mode: str = "point",
    inconclusive: str | None = None,
    families: int = 1,
) -> Verdict:
    """Hold every limit against every rung.

    Args:
        result: what was measured.
        limits: at least one.
        aggregate: ``worst`` holds each rung against the limit, ``mean`` the mean over the noisy
            rungs (limits for single severities are always held rung by rung).
        per_label: also hold each label's own numbers against the limits.
        mode: ``point`` compares the numbers themselves. The confident modes compare their whole
            intervals, and keep the chance of any wrong word in the verdict at
            (1 - confidence) / 2 for "broken", and as much for "holds", by Holm's step-down over all
            checks; what is neither is inconclusive. ``confident-fail`` and ``confident-pass``
            differ in what an inconclusive verdict does, when ``inconclusive`` does not say it.
        inconclusive: ``fail``, ``pass`` or ``skip`` the test; by default pass under
            ``confident-fail`` and fail under ``confident-pass``.
        families: how many such verdicts one test is made of; the confident modes share the chance
            of a wrong word among them (Bonferroni).

    Returns:
        ``fail`` when a limit is broken, else ``inconclusive`` when a check is, else ``pass``, with
        every single check. The headline names the first broken check (the mildest rung that breaks
        the first broken limit), else the inconclusive check that has to be settled, else the check
        that came closest.

    Raises:
        MetricError: when a number to be judged is not defined (NaN), or has no interval in a
            confident mode: that is never a pass.
        SpecError: for an unknown ``aggregate``, ``mode`` or ``inconclusive``, a metric that was not
            computed, a limit for a severity that was not run, or nothing to judge at all.
    """
    if aggregate not in AGGREGATES:
        raise SpecError(unknown("aggregate", aggregate, AGGREGATES))
    how = check_mode(mode)
    policy = check_policy(inconclusive, how)
    looks = gather(result, limits, aggregate, per_label=per_label)
    if not looks:
        raise SpecError("no limit applies to any rung that was run, so nothing could ever fail")
    confidence = float(result.settings.get("confidence", 0.95))
    if how == "point":
        checks = [look.check(broken=look.excess > TIE) for look in looks]
    else:
        checks = hold_with_confidence(result, looks, confidence, how, families)
    status, deciding = _sum_up(checks)
    metrics = tuple(dict.fromkeys(limit.metric for limit in limits))
    return Verdict(
        status,
        check_sentence(result, deciding, len(checks)),
        tuple(checks),
        mode=how,
        on_inconclusive=policy,
        findings=findings(result, metrics, per_label=per_label),
    )


def margin(check: LimitCheck) -> float:
    """How far beyond its threshold a check is; positive when the number itself is beyond."""
    return check.excess


def _sum_up(checks: Sequence[LimitCheck]) -> tuple[Status, LimitCheck]:
    broken = [check for check in checks if check.broken]
    if broken:
        return "fail", broken[0]
    open_ = [check for check in checks if check.inconclusive]
    if open_:
        return "inconclusive", to_settle(open_)
    return "pass", max(checks, key=lambda check: (check.excess, check.label is None))
