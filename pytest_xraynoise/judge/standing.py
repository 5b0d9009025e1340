"""The decision where the limits must hold down to a dose or up to a severity, and the search."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING

from pytest_xraynoise import noise as noises
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.breaking import between_rungs, open_search, path_of, told
from pytest_xraynoise.judge.breaking_words import rounded
from pytest_xraynoise.judge.limits import parse_limits
from pytest_xraynoise.judge.requirement import DOSE, SAME, Requirement
from pytest_xraynoise.judge.search import Plan
from pytest_xraynoise.results import LadderResult, LimitCheck, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_xraynoise.engine.breaking import Prober
    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.noise import NoiseKind
    from pytest_xraynoise.results import BreakingPoint, Status

    Decide = Callable[..., Verdict]


def stand(
    result: LadderResult,
    limits: Sequence[Limit],
    requirement: Requirement,
    decide: Decide,
    *,
    aggregate: str = "worst",
    per_label: bool = False,
    kind: NoiseKind | None = None,
    probe: Prober | None = None,
) -> tuple[LadderResult, Verdict]:
    """Decide about a ladder, and find its breaking point.

    Args:
        result: the ladder.
        limits: what it is held against.
        requirement: how much of it has to hold, and whether the breaking point is searched for.
        decide: holds limits against a ladder, in the mode that was asked for.
        aggregate: as ``decide`` has it.
        per_label: as ``decide`` has it.
        kind: the noise with its settings; by default the one that the ladder names.
        probe: runs settings beside the rungs; None where nothing can be run.

    Returns:
        The ladder with its breaking point, and the verdict on what is required. A requirement adds
        a check of its own, whose ``observed`` is the dose (or severity) that the model stands.

    Raises:
        SpecError: a requirement that makes no sense for this ladder, a dose that is no rung where
            nothing can be run, or an unknown noise with a requirement.
    """
    if kind is None:
        known = requirement.given or result.noise in noises.names()
        kind = noises.get(result.noise) if known else None
    if kind is None:
        return result, decide(result, limits)
    rungs = [rung.rung for rung in result.rungs]
    requirement.check(kind, rungs, limits, aggregate)
    if probe is None and requirement.needs_run(rungs):
        raise SpecError(
            f"{requirement.text}: no rung of this ladder is at that dose; add it to the rungs "
            f"({DOSE}=[...]), or use the marker or breaking_point(...), which run it"
        )
    taped = None if probe is None else _Tape(probe)
    if taped is None or (requirement.plan is None and not requirement.given):
        point = between_rungs(result, limits, kind, per_label=per_label)
    else:
        point = _searched(result, limits, requirement, kind, taped, per_label=per_label)
    result = result.replace(breaking_point=point or result.breaking_point)
    if not requirement.given:
        return result, decide(result, limits)
    asked = [rung for rung in result.rungs if requirement.asks_for(rung.rung)]
    there = None if taped is None else taped.at(requirement.min_dose)
    how_many = (len(asked) > 1) + (there is not None)
    held = functools.partial(decide, families=how_many)
    on_rungs = held(result.replace(rungs=tuple(asked)), limits) if len(asked) > 1 else None
    at_dose = None if there is None else held(there, limits)
    return result, _together(result, requirement, on_rungs, at_dose, limits, kind)


def with_estimate(
    result: LadderResult, limits: Mapping[str, object], *, per_label: bool = False
) -> LadderResult:
    """The ladder with the breaking point that its rungs alone tell, unless it has one already."""
    if result.breaking_point is not None or result.noise not in noises.names():
        return result
    parsed = parse_limits(limits, result.severities)
    kind = noises.get(result.noise)
    return result.replace(breaking_point=between_rungs(result, parsed, kind, per_label=per_label))


class _Tape:
    """A prober that remembers what it measured."""

    def __init__(self, probe: Prober) -> None:
        self.probe = probe
        self._results: list[LadderResult] = []

    def __call__(self, settings: Sequence[Mapping[str, float]]) -> LadderResult:
        result = self.probe(settings)
        self._results.append(result)
        return result

    def at(self, dose: float | None) -> LadderResult | None:
        """What was measured at a dose, with the clean images; None where it was not run."""
        for result in self._results:
            for rung in result.rungs:
                at = rung.rung.parameters.get(DOSE, math.nan)
                if dose is not None and math.isclose(at, dose, rel_tol=SAME):
                    return result.replace(rungs=(result.rungs[0], rung))
        return None


def _searched(
    result: LadderResult,
    limits: Sequence[Limit],
    requirement: Requirement,
    kind: NoiseKind,
    probe: _Tape,
    *,
    per_label: bool,
) -> BreakingPoint | None:
    plan = requirement.plan
    same = [limit for limit in limits if limit.threshold is not None]
    if not same:
        return None
    search = open_search(result, same, kind, plan or Plan(), per_label=per_label)
    required = []
    if requirement.needs_run([rung.rung for rung in result.rungs]):
        required.append(search.path.position({DOSE: float(requirement.min_dose or 0)}))
    if plan is None:
        search.look_at(probe, required)
    else:
        search.run(probe, required)
    return told(search, same, result, passes=1 + probe.probe.passes, searched=plan is not None)


def _together(
    result: LadderResult,
    requirement: Requirement,
    on_rungs: Verdict | None,
    at_dose: Verdict | None,
    limits: Sequence[Limit],
    kind: NoiseKind,
) -> Verdict:
    """One verdict of what the required rungs say and what the required dose says."""
    order: tuple[Status, ...] = ("fail", "inconclusive", "pass")
    found = [verdict for verdict in (on_rungs, at_dose) if verdict is not None]
    if not found:
        raise SpecError(f"{requirement.text}: nothing that it asks for was run")
    decisive = min(found, key=lambda verdict: order.index(verdict.status))
    headline = decisive.headline
    if decisive is at_dose:
        headline = _at_dose(at_dose, requirement)
    if decisive.status != "pass":
        headline = f"{headline}; {requirement.text} asks the limits to hold {requirement.until}"
    own = _own_check(result, requirement, decisive, limits, kind)
    checks = () if on_rungs is None else on_rungs.checks
    return dataclasses.replace(decisive, headline=headline, checks=(*checks, own))


def _at_dose(verdict: Verdict, requirement: Requirement) -> str:
    """What was found at the required dose, which is no rung and has no severity to name."""
    where = f"at {rounded(requirement.min_dose or 0)} of the reference dose"
    undecided = [check for check in verdict.checks if check.inconclusive]
    for check in (*verdict.broken, *undecided):
        whose = check.metric if check.label is None else f"{check.metric} of {check.label}"
        state = "is broken" if check.broken else "cannot be decided"
        return f"{check.limit} {state} {where}: {whose} {_verb(check)} {check.observed:.4g}"
    return f"the limits hold {where}"


def _verb(check: LimitCheck) -> str:
    word = check.limit.partition("=")[0]
    if "_relative_" in word:
        return "lost the fraction"
    if word.endswith("_drop"):
        return "dropped by"
    return "rose by" if word.endswith("_increase") else "is"


def _own_check(
    result: LadderResult,
    requirement: Requirement,
    decisive: Verdict,
    limits: Sequence[Limit],
    kind: NoiseKind,
) -> LimitCheck:
    """The requirement as a check: how much the model stands, against how much it has to."""
    telling = next(iter((*decisive.broken, *decisive.checks)), None)
    point = result.breaking_point
    by_dose = requirement.min_dose is not None
    return LimitCheck(
        limit=requirement.text,
        metric=limits[0].metric if telling is None else telling.metric,
        severity=_severity(result, requirement, decisive),
        label=None if telling is None or not decisive.broken else telling.label,
        observed=_dose(point, requirement) if by_dose else _stood(result, kind),
        threshold=float(requirement.min_dose or requirement.min_severity or 0),
        broken=decisive.status == "fail",
        low=point.low if by_dose and point is not None else None,
        high=point.high if by_dose and point is not None else None,
        inconclusive=decisive.status == "inconclusive",
    )


def _severity(result: LadderResult, requirement: Requirement, decisive: Verdict) -> int:
    """The rung that shows it: the mildest broken one, else the last that had to hold."""
    noisy = [rung.rung for rung in result.rungs if rung.severity]
    asked = [rung.severity for rung in noisy if requirement.asks_for(rung)]
    broken = [c.severity for c in decisive.broken if c.severity in asked]
    if decisive.status == "pass" or broken:
        return min((s for s in broken if s is not None), default=max(asked, default=0)) or 1
    beyond = [rung.severity for rung in noisy if rung.severity not in asked]
    return min(beyond, default=max(asked, default=1))


def _dose(point: BreakingPoint | None, requirement: Requirement) -> float:
    """The dose down to which the limits hold, as far as it is known."""
    known = () if point is None else (point.parameter, point.held, point.broke)
    return next((dose for dose in known if dose is not None), float(requirement.min_dose or 0))


def _stood(result: LadderResult, kind: NoiseKind) -> float:
    """The highest severity up to which every rung holds; 0 where the first breaks."""
    point = result.breaking_point
    noisy = [rung.rung for rung in result.rungs if rung.severity]
    if point is None or point.broke is None:
        return float(noisy[-1].severity)
    path = path_of(kind, noisy) if len(noisy) > 1 else None
    if path is None:
        return 0.0
    limit = path.position({point.keyword: point.broke})
    held = [r.severity for r in noisy if path.position(r.parameters) < limit - 1e-9]
    return float(max(held, default=0))
