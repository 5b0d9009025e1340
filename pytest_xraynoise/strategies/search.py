"""Hypothesis looks for the mildest noise that breaks a limit."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, find, settings
from hypothesis.errors import NoSuchExample

from pytest_xraynoise.engine.breaking import remembering
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge import RobustnessFailure, decide, is_limit, parse_limits
from pytest_xraynoise.judge.breaking import check_uniform
from pytest_xraynoise.report.terminal import failure_text
from pytest_xraynoise.results import TestRecord
from pytest_xraynoise.strategies.dimensions import STEPS
from pytest_xraynoise.strategies.space import (
    Point,
    Space,
    at,
    corner,
    open_spaces,
    points_within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.database import ExampleDatabase

    from pytest_xraynoise.judge import Limit
    from pytest_xraynoise.results import LadderResult, Verdict

KINDS = ("lowdose", "poisson+gaussian")


@dataclass(frozen=True)
class Searched:
    """A search that found nothing that breaks a limit.

    Attributes:
        evaluations: settings that were run over the data.
        examples: settings that Hypothesis tried, those included that need no run.
        limits: the limits as written.
        held: the worst setting of each kind that was run, in words.
    """

    evaluations: int
    examples: int
    limits: tuple[str, ...]
    held: tuple[str, ...]


class FalsifyingNoise(RobustnessFailure):
    """A noise breaks a limit. ``parameters`` and ``noise`` say which; ``distance`` how far it is.

    ``distance`` counts doublings of the noise from the reference. ``verdict`` and ``result`` are
    those of a small ladder that ends at it.
    """

    def __init__(
        self, message: str, verdict: Verdict, result: LadderResult, point: Point, evaluations: int
    ) -> None:
        super().__init__(message, verdict, result)
        self.noise = point.space.request.noise
        self.parameters = dict(point.values)
        self.distance = point.furthest / STEPS
        self.evaluations = evaluations


def robust_search(
    model: Any,
    data: Any,
    *,
    kinds: Sequence[str] = KINDS,
    max_examples: int = 60,
    assume_monotone: bool = True,
    per_label: bool = False,
    database: ExampleDatabase | None = None,
    **words: Any,
) -> Searched:
    """Let Hypothesis look for the mildest noise that breaks a limit.

    *Mildest* is the nearest to the reference, and how far a setting is away is how often the
    standard deviation of the noise doubles on the way, in the parameter in which that is most
    often. So everything nearer holds: no mixture of parameters within that box breaks. At the same
    distance the parameters that lead less far are as mild as they can be.

    The reference of the stress kinds is noise of one grey level of an 8-bit image (sigma 1/255 or
    65,025 photons), that of the clinical ones the reference dose on the detector as it is.

    Args:
        model: as :func:`~pytest_xraynoise.evaluate` takes it.
        data: the same; they are read once for each setting that is run, so keep them small.
        kinds: the noises to look through. ``lowdose`` varies the dose and the readout noise of the
            detector (``electrons``), ``poisson+gaussian`` photons and sigma.
        max_examples: how many settings Hypothesis may try in each round. A round looks only nearer
            than what the last one found, and the search ends with a round that finds nothing.
        assume_monotone: take a setting as held, without running it, when one that is at least as
            severe in every parameter has held.
        per_label: hold each label against the limits too.
        database: of Hypothesis, where failures are kept and tried first. Without one, which is the
            default, nothing is written and the same call makes the same search; with one Hypothesis
            draws at random.
        words: at least one limit, ``max_auroc_drop=0.05``, one number each; ends of a parameter,
            ``dose=(1, 0.001)``, the mild one first; and whatever ``evaluate`` takes: ``seed``,
            ``samples``, ``source_noise`` ...

    Returns:
        What was looked at, when nothing breaks.

    Raises:
        FalsifyingNoise: the mildest setting that breaks a limit, with its ladder; a
            :class:`~pytest_xraynoise.judge.RobustnessFailure` and an AssertionError.
        SpecError: for a request that makes no sense.
        DataError, ModelError, MetricError: as for ``evaluate``.
    """
    __tracebackhide__ = True
    _check(max_examples, assume_monotone)
    limits = parse_limits({word: words.pop(word) for word in list(words) if is_limit(word)})
    check_uniform(limits)
    spaces, how = open_spaces(kinds, words)
    from pytest_xraynoise.engine import run_request

    how = remembering(how)
    hunt = _Hunt(
        limits,
        lambda asked, **more: run_request(asked, model, data, **{**how, **more}),
        per_label=per_label,
        monotone=assume_monotone,
    )
    best = _mildest(hunt, spaces, max_examples, database)
    if best is None:
        texts = tuple(limit.text for limit in limits)
        held = tuple(point.text for point in hunt.held if point == corner(point.space, 10**6))
        return Searched(hunt.evaluations, hunt.examples, texts, held)
    raise hunt.failure(best)


class _Hunt:
    """Runs settings, and remembers which of them broke a limit."""

    def __init__(
        self,
        limits: Sequence[Limit],
        run: Callable[..., LadderResult],
        *,
        per_label: bool,
        monotone: bool,
    ) -> None:
        self.limits = limits
        self.metrics = tuple(dict.fromkeys(limit.metric for limit in limits))
        self.held: list[Point] = []
        self.evaluations = 0
        self.examples = 0
        self._run = run
        self._per_label = per_label
        self._monotone = monotone
        self._known: dict[Point, bool] = {}

    def breaks(self, point: Point) -> bool:
        """Whether a setting breaks a limit; run at most once."""
        self.examples += 1
        if point not in self._known:
            self._known[point] = not self._surely_holds(point) and self._broken(point)
        return self._known[point]

    def failure(self, point: Point) -> FalsifyingNoise:
        """The failure to raise, with a ladder that ends at the setting."""
        space = point.space
        rungs = [Point(space, _part(point, third)) for third in (1, 2, 3)]
        asked = space.asked(rungs, self.metrics)
        columns = list(zip(*asked.parameters.values(), strict=True))
        if len(set(columns)) != len(columns):
            asked = space.asked([point], self.metrics)
        result = self._run(asked)
        verdict = decide(result, self.limits, per_label=self._per_label)
        texts = tuple(limit.text for limit in self.limits)
        record = TestRecord("", "failed", verdict, texts, result)
        message = (
            f"falsifying noise: {point.text}\n"
            f"{point.furthest / STEPS:g} doublings of the noise from the reference "
            f"({point.reference}); no nearer setting was found to break. {self.evaluations} of "
            f"{self.examples} settings were run.\n"
            f"Repeat it: {point.repeat}\n\n{failure_text(record)}"
        )
        return FalsifyingNoise(message, verdict, result, point, self.evaluations)

    def _surely_holds(self, point: Point) -> bool:
        return self._monotone and any(point.milder_than(held) for held in self.held)

    def _broken(self, point: Point) -> bool:
        self.evaluations += 1
        result = self._run(point.space.asked([point], self.metrics), strips=0)
        broken = decide(result, self.limits, per_label=self._per_label).status == "fail"
        if not broken:
            self.held.append(point)
        return broken


def _mildest(
    hunt: _Hunt, spaces: Sequence[Space], max_examples: int, database: ExampleDatabase | None
) -> Point | None:
    """Round after round, each only nearer than the last, until nothing breaks any more."""
    best: Point | None = None
    most = max(space.steps for space in spaces)
    seed = spaces[0].request.seed
    while most >= 0:
        corners = [point for space in spaces if hunt.breaks(point := corner(space, most))]
        found = _round(hunt, spaces, most, max_examples, database, seed)
        if found is None and corners:
            found = corners[0]
        if found is None:
            break
        best, most = found, found.furthest - 1
        seed += 1
    return None if best is None else _polished(hunt, best)


def _polished(hunt: _Hunt, point: Point) -> Point:
    """The same failure with each parameter in turn as mild as it can be, by bisection.

    What Hypothesis has shrunk may lead in one parameter where another would do.
    """
    for index in range(len(point.steps)):
        held, broke = -1, point.steps[index]
        while broke - held > 1:
            middle = (held + broke) // 2
            steps = [*point.steps[:index], middle, *point.steps[index + 1 :]]
            tried = at(point.space, steps)
            if hunt.breaks(tried):
                broke, point = middle, tried
            else:
                held = middle
    return point


def _round(
    hunt: _Hunt,
    spaces: Sequence[Space],
    most: int,
    max_examples: int,
    database: ExampleDatabase | None,
    seed: int,
) -> Point | None:
    how = settings(
        max_examples=max_examples,
        database=database,
        derandomize=database is None,
        deadline=None,
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
    )
    try:
        return find(
            points_within(spaces, most),
            hunt.breaks,
            settings=how,
            # A search, no secret; and with a seed Hypothesis would leave the database out.
            random=random.Random(seed) if database is None else None,  # noqa: S311
            database_key=None if database is None else _key(spaces),
        )
    except NoSuchExample:
        return None


def _key(spaces: Sequence[Space]) -> bytes:
    return f"xraynoise-search {[space.request.noise for space in spaces]}".encode()


def _part(point: Point, third: int) -> tuple[int, ...]:
    """A third, two thirds or all of the way to a setting, in what a rung may say."""
    return tuple(n * third // 3 for n in point.steps)


def _check(max_examples: object, assume_monotone: object) -> None:
    if isinstance(max_examples, bool) or not isinstance(max_examples, int) or max_examples < 1:
        raise SpecError(f"max_examples={max_examples!r}: expected a whole number from 1")
    if not isinstance(assume_monotone, bool):
        raise SpecError(f"assume_monotone={assume_monotone!r}: expected True or False")
