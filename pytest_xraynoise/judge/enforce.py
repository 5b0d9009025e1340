"""Limits outside a marker: in loops, notebooks and scripts."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import XrayNoiseError
from pytest_xraynoise.judge.decide import decide as decided
from pytest_xraynoise.judge.limits import parse_limits
from pytest_xraynoise.judge.requirement import Requirement
from pytest_xraynoise.judge.standing import stand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.results import LadderResult, Verdict


class RobustnessFailure(XrayNoiseError, AssertionError):  # noqa: N818 (a failure, no error)
    """A limit is broken, or may be. ``verdict`` holds every check, ``result`` the ladder."""

    def __init__(self, message: str, verdict: Verdict, result: LadderResult) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.result = result


def check(
    result: LadderResult,
    *,
    aggregate: str = "worst",
    per_label: bool = False,
    decide: str = "point",
    inconclusive: str | None = None,
    min_dose: float | None = None,
    min_severity: int | None = None,
    **limits: float | Mapping[int, float],
) -> Verdict:
    """Hold limits against a result.

    Args:
        result: what :func:`~pytest_xraynoise.evaluate` returned.
        aggregate: ``worst`` or ``mean`` over the rungs.
        per_label: hold each label against the limits too.
        decide: ``point`` compares the numbers themselves, ``confident-fail`` and ``confident-pass``
            their whole intervals, at the confidence of the result.
        inconclusive: what to do where an interval holds its limit: ``fail``, ``pass`` or ``skip``;
            ``pass`` and ``skip`` both return the verdict. By default fail under
            ``confident-pass`` and pass under ``confident-fail``.
        min_dose: the limits must hold down to this dose, a fraction of the reference that has to be
            a rung of the ladder; rungs of less dose decide nothing.
        min_severity: the limits must hold up to this severity.
        limits: the words of the marker: ``max_auroc_drop=0.05``, ``min_dice={1: 0.9}`` ...

    Returns:
        The verdict, when no limit is broken; ``status`` tells ``inconclusive`` from ``pass``.

    Raises:
        RobustnessFailure: when a limit is broken (an AssertionError: a failed test in pytest), or
            the verdict is inconclusive and that is to fail.
        SpecError: for a bad limit.
        MetricError: when a limit cannot be judged.
    """
    __tracebackhide__ = True
    how: dict[str, Any] = {"aggregate": aggregate, "per_label": per_label}
    requirement = Requirement(min_dose, min_severity, False)
    requirement.check_has(limits)
    parsed = parse_limits(limits, result.severities)
    holding = functools.partial(decided, **how, mode=decide, inconclusive=inconclusive)
    result, verdict = stand(result, parsed, requirement, holding, **how)
    if verdict.action == "fail":
        raise RobustnessFailure(verdict.headline, verdict, result)
    return verdict
