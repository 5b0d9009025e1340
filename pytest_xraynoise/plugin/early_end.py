"""The early end of a ladder: rung by rung, until a broken limit has settled the verdict.

The most severe rung goes first, because a model that stands it stands the milder ones as a rule;
rungs that have limits of their own go before those that no limit looks at. Each rung is a pass over
the data of its own, in which the clean images are run once only. So a ladder that breaks at once
costs two rungs, and one that holds costs the forward passes that it costs anyway, and loads the
data once a rung: leave the early end off where loading is what takes the time.

The verdict must not depend on the rungs that are left out. A single broken check is a failed test
when numbers themselves are compared (``decide="point"``) rung by rung; not so under a confident
mode, which weighs all checks together, for a limit on the mean over the rungs, where the limits
have to hold down to a dose only, beside a baseline, and for data that can be read once. Such
ladders run as a whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data import open_source
from pytest_xraynoise.judge import decide
from pytest_xraynoise.report.sentence import left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.plugin.marker import RobustCase
    from pytest_xraynoise.results import LadderResult, Verdict

NOT_RUN = "not_run"
"""The setting of a result that names the severities that were left out."""


def settling_limits(case: RobustCase, data: Any) -> tuple[Limit, ...]:
    """The limits of which one broken check settles the verdict; none where the ladder must run."""
    weighed = case.decide != "point" or case.requirement.given or case.compare is not None
    searched = case.requirement.plan is not None
    if weighed or searched or not open_source(data).sized:
        return ()
    by_rung = case.aggregate == "worst"
    return tuple(one for one in case.limits if by_rung or one.threshold is None)


def in_order(severities: Sequence[int], limits: Sequence[Limit]) -> list[int]:
    """The noisy severities in the order in which they are run."""
    noisy = [severity for severity in severities if severity]
    limited = [s for s in noisy if any(limit.at(s) is not None for limit in limits)]
    return [*sorted(limited, reverse=True), *sorted(set(noisy) - set(limited), reverse=True)]


def stopped(
    case: RobustCase, limits: Sequence[Limit], run: Callable[[LadderRequest, int], LadderResult]
) -> tuple[LadderResult, Verdict] | None:
    """Run a ladder rung by rung; the result and verdict where it came to an early end.

    Args:
        case: what was asked for.
        limits: those of :func:`settling_limits`.
        run: runs a request, with so many strips.
    """
    request = case.request
    severities = [rung.severity for rung in request.rungs]
    order = in_order(severities, limits)
    names = tuple(dict.fromkeys(limit.metric for limit in limits))
    for count in range(1, len(order)):
        done = tuple(sorted(order[:count]))
        held = _held_at(limits, done)
        if not held:
            return None
        look = replace(request, severities=done, metrics=names, also=())
        verdict = _verdict(case, run(look, 0), held)
        if verdict.status == "fail":
            left = [s for s in severities if s and s not in done]
            result = run(replace(request, severities=done), _STRIPS)
            result = result.replace(settings={**result.settings, NOT_RUN: left})
            return result, replace(verdict, headline=f"{verdict.headline}; {left_out(result)}")
    return None


_STRIPS = 3


def _verdict(case: RobustCase, result: LadderResult, limits: Sequence[Limit]) -> Verdict:
    return decide(
        result,
        limits,
        aggregate="worst",
        per_label=case.per_label,
        mode=case.decide,
        inconclusive=case.inconclusive,
    )


def _held_at(limits: Sequence[Limit], severities: Sequence[int]) -> list[Limit]:
    """The limits that say something about these severities, without what they say of others."""
    found = []
    for limit in limits:
        if limit.threshold is not None:
            found.append(limit)
            continue
        own = {s: value for s, value in limit.by_severity.items() if s in severities}
        if own:
            found.append(replace(limit, by_severity=own))
    return found
