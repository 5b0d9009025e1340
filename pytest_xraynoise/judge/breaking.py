"""The breaking point: how much noise a model takes before it breaks its limits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.breaking import Prober, remembering
from pytest_xraynoise.engine.path import Path
from pytest_xraynoise.engine.words import requested
from pytest_xraynoise.errors import SpecError, XrayNoiseError
from pytest_xraynoise.judge.breaking_words import sentence
from pytest_xraynoise.judge.decide import decide
from pytest_xraynoise.judge.limits import is_limit, parse_limits
from pytest_xraynoise.judge.search import Plan, Search
from pytest_xraynoise.results import BreakingPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.noise import NoiseKind
    from pytest_xraynoise.results import LadderResult, LimitCheck

TOLERANCE = 0.05
LEAST_TOLERANCE = 1e-6


def breaking_point(
    model: Any,
    data: Any,
    *,
    noise: str = "poisson",
    tolerance: float = TOLERANCE,
    points: int = 3,
    extend: int = 2,
    per_label: bool = False,
    nsd_tolerance: float | None = None,
    **words: Any,
) -> BreakingPoint:
    """Find how much noise a model takes before it breaks a limit.

    The kind's ladder is run first. Between the last rung that holds and the first that breaks, the
    parameter is then searched on the logarithmic scale, with the same random field throughout, so
    that nothing but the strength of the noise changes.

    Args:
        model: as :func:`~pytest_xraynoise.evaluate` takes it.
        data: the same; they are read several times.
        noise: a noise kind. For one with several parameters the search follows the line through
            the rungs of its ladder.
        tolerance: the setting that holds and the one that breaks differ by no more than this
            fraction in the end, 0.05 for 5%.
        points: settings that are run in one pass over the data.
        extend: passes beyond either end of the ladder, in steps of 4 times, while everything holds
            or everything breaks.
        per_label: hold each label against the limits too.
        nsd_tolerance: of the metric ``nsd``; what ``tolerance`` is to ``evaluate``.
        words: at least one limit, ``max_auroc_drop=0.05``, one number each; and whatever
            :func:`~pytest_xraynoise.evaluate` takes: ``seed``, ``ladder``, own rungs
            (``dose=[1, 0.1, 0.01]``), settings of the kind, ``samples``, ``device`` ...

    Returns:
        A :class:`~pytest_xraynoise.results.BreakingPoint`. Its interval are the settings at which
        the limit lies inside the confidence interval of the drop (or value) that it limits: a
        confidence set by inversion of the test, at the ``confidence`` of the interval.

    Raises:
        SpecError: for a request that makes no sense, or no limit.
        DataError, ModelError, MetricError: as for :func:`~pytest_xraynoise.evaluate`.

    Examples:
        >>> breaking_point(
        ...     model, data, noise="lowdose", max_auroc_drop=0.05
        ... ).reading  # doctest: +SKIP
        'holds down to 0.112 of the reference dose (interval 0.091 to 0.143)'
    """
    found = ladder_with_breaking_point(
        model,
        data,
        noise=noise,
        tolerance=tolerance,
        points=points,
        extend=extend,
        per_label=per_label,
        nsd_tolerance=nsd_tolerance,
        **words,
    ).breaking_point
    if found is None:
        raise SpecError("no limit applies to every rung, so there is no breaking point")
    return found


def ladder_with_breaking_point(
    model: Any,
    data: Any,
    *,
    noise: str = "poisson",
    tolerance: float = TOLERANCE,
    points: int = 3,
    extend: int = 2,
    per_label: bool = False,
    nsd_tolerance: float | None = None,
    **words: Any,
) -> LadderResult:
    """:func:`breaking_point`, with the ladder on which it was found."""
    plan = make_plan(tolerance, points, extend)
    limits = parse_limits({word: words.pop(word) for word in list(words) if is_limit(word)})
    check_uniform(limits)
    also = tuple(dict.fromkeys(limit.metric for limit in limits))
    asked, how = requested({"noise": noise, "tolerance": nsd_tolerance, **words}, also)
    from pytest_xraynoise.engine import run_request

    path_of(asked.kind, asked.rungs)
    how = remembering(how)
    result = run_request(asked, model, data, **how)
    how = {**how, "strips": 0}
    prober = Prober(asked, also, lambda request: run_request(request, model, data, **how), result)
    search = open_search(result, limits, asked.kind, plan, per_label=per_label)
    search.run(prober)
    point = told(search, limits, result, passes=1 + prober.passes, searched=True)
    return result.replace(breaking_point=point)


def between_rungs(
    result: LadderResult,
    limits: Sequence[Limit],
    kind: NoiseKind,
    *,
    per_label: bool = False,
) -> BreakingPoint | None:
    """What the rungs of a ladder alone say, interpolated between two of them; nothing is run.

    Args:
        result: a ladder.
        limits: those for single severities are left out.
        kind: the noise of the ladder.
        per_label: hold each label against the limits too.

    Returns:
        None where no limit is the same for all rungs, or the rungs lie on no line.
    """
    same = [limit for limit in limits if limit.threshold is not None]
    if not same:
        return None
    try:
        search = open_search(result, same, kind, Plan(), per_label=per_label)
    except XrayNoiseError:
        return None
    return told(search, same, result, passes=1, searched=False)


def open_search(
    result: LadderResult,
    limits: Sequence[Limit],
    kind: NoiseKind,
    plan: Plan,
    *,
    per_label: bool = False,
) -> Search:
    """A search that knows the rungs of a ladder.

    Raises:
        SpecError: rungs that lie on no line.
        MetricError: a limit that cannot be judged somewhere.
    """
    path = path_of(kind, [rung.rung for rung in result.rungs])
    search = Search(path, plan, lambda one: checks_of(one, limits, per_label=per_label))
    search.add(result)
    return search


def checks_of(
    result: LadderResult, limits: Sequence[Limit], *, per_label: bool = False
) -> Mapping[int, tuple[LimitCheck, ...]]:
    """Every limit held against every rung, by severity, the point estimates."""
    found: defaultdict[int, list[LimitCheck]] = defaultdict(list)
    for check in decide(result, limits, per_label=per_label).checks:
        if check.severity is not None:
            found[check.severity].append(check)
    return {severity: tuple(checks) for severity, checks in found.items()}


def path_of(kind: NoiseKind, rungs: Sequence[Any]) -> Path:
    """The line through the rungs, whose parameters are in the kind's first words."""
    return Path(kind, rungs)


def told(
    search: Search,
    limits: Sequence[Limit],
    result: LadderResult,
    *,
    passes: int,
    searched: bool,
) -> BreakingPoint:
    """What a search found, as the reports show it."""
    path, found, first = search.path, search.estimate, search.first()
    at, worst, best = search.positions()
    values = [None if place is None else path.value(place) for place in (worst, best)]
    low, high = reversed(values) if path.falls else values
    parameters = {} if at is None else path.parameters(at)
    return BreakingPoint(
        keyword=path.keyword,
        unit=path.unit,
        parameter=None if at is None else path.value(at),
        low=low,
        high=high,
        held=None if found.held is None else path.value(found.held.position),
        broke=None if found.broke is None else path.value(found.broke.position),
        limit=", ".join(limit.text for limit in limits) if first is None else first.limit,
        metric=limits[0].metric if first is None else first.metric,
        evaluations=search.evaluations,
        reading=sentence(search, searched=searched),
        label=None if first is None else first.label,
        passes=passes,
        clinical="" if at is None else path.kind.reading(parameters, _pitch(result)),
        searched=searched,
        tolerance=search.plan.tolerance if searched else None,
        confidence=float(result.settings.get("confidence", 0.95)),
        monotone=search.monotone,
        parameters=parameters,
    )


def make_plan(tolerance: object = TOLERANCE, points: object = 3, extend: object = 2) -> Plan:
    """How a search is to go.

    Raises:
        SpecError: for a tolerance that is no fraction, or counts that are no whole numbers.
    """
    number = isinstance(tolerance, int | float) and not isinstance(tolerance, bool)
    if not number or not LEAST_TOLERANCE <= tolerance < 1:  # type: ignore[operator]
        raise SpecError(
            f"tolerance={tolerance!r}: expected a fraction from {LEAST_TOLERANCE:g} to below 1, "
            "0.05 for 5%; the tolerance of the metric nsd is nsd_tolerance= here"
        )
    for word, value, least in (("points", points, 1), ("extend", extend, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 100:
            raise SpecError(f"{word}={value!r}: expected a whole number from {least} to 100")
    return Plan(float(tolerance), points, extend)  # type: ignore[arg-type]


def check_uniform(limits: Sequence[Limit]) -> None:
    """Refuse limits for single severities: what lies between the rungs has no severity.

    Raises:
        SpecError: naming the first of them.
    """
    for limit in limits:
        if limit.threshold is None:
            raise SpecError(
                f"{limit.text}: a breaking point needs one number for every strength of the "
                f"noise, such as {limit.word}={next(iter(limit.by_severity.values())):g}"
            )


def _pitch(result: LadderResult) -> float | None:
    pitch: Any = result.settings.get("pixel_pitch")
    return float(pitch) if isinstance(pitch, int | float) else None


__all__ = ["TOLERANCE", "between_rungs", "breaking_point", "ladder_with_breaking_point"]
