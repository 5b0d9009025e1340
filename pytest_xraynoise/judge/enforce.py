"""Limits outside a marker: in loops, notebooks and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.errors import XrayNoiseError
from pytest_xraynoise.judge.decide import decide
from pytest_xraynoise.judge.limits import parse_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.results import LadderResult, Verdict


class RobustnessFailure(XrayNoiseError, AssertionError):  # noqa: N818 (a failure, no error)
    """A limit is broken. ``verdict`` holds every check, ``result`` the ladder."""

    def __init__(self, message: str, verdict: Verdict, result: LadderResult) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.result = result


def check(
    result: LadderResult,
    *,
    aggregate: str = "worst",
    per_label: bool = False,
    **limits: float | Mapping[int, float],
) -> Verdict:
    """Hold limits against a result.

    Args:
        result: what :func:`~pytest_xraynoise.evaluate` returned.
        aggregate: ``worst`` or ``mean`` over the rungs.
        per_label: hold each label against the limits too.
        limits: the words of the marker: ``max_auroc_drop=0.05``, ``min_dice={1: 0.9}`` ...

    Returns:
        The verdict, when every limit holds.

    Raises:
        RobustnessFailure: when a limit is broken (an AssertionError: a failed test in pytest).
        SpecError: for a bad limit.
        MetricError: when a limit cannot be judged.
    """
    __tracebackhide__ = True
    parsed = parse_limits(limits, result.severities)
    verdict = decide(result, parsed, aggregate=aggregate, per_label=per_label)
    if verdict.status == "fail":
        raise RobustnessFailure(verdict.headline, verdict, result)
    return verdict
