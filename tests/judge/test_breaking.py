"""The search against models whose drop is a known function of the noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.breaking import (
    between_rungs,
    check_uniform,
    make_plan,
    open_search,
    told,
)
from pytest_xraynoise.judge.crossing import Seen
from pytest_xraynoise.judge.limits import parse_limits
from pytest_xraynoise.judge.search import Plan, Search
from pytest_xraynoise.results import (
    BreakingPoint,
    LadderResult,
    LimitCheck,
    MetricValue,
    Rung,
    RungResult,
)

CLEAN = 0.95
Drop = Callable[[float], float]


class Toy:
    """A model whose AUROC drops by a known function of one parameter, with a known interval."""

    def __init__(self, kind: str, drop: Drop, spread: float | None = 0.02) -> None:
        self.kind = noise.get(kind)
        self.drop = drop
        self.spread = spread
        self.passes = 0
        self.ran: list[float] = []

    def ladder(self) -> LadderResult:
        return self.result([r.parameters for r in noise.ladder(self.kind).rungs])

    def __call__(self, points: Sequence[Mapping[str, float]]) -> LadderResult:
        self.passes += 1
        self.ran += [point[self.kind.keywords[0]] for point in points]
        return self.result(points)

    def result(self, points: Sequence[Mapping[str, float]]) -> LadderResult:
        word, unit = self.kind.keywords[0], self.kind.parameters[0].unit
        rungs = [RungResult(Rung(0, None, unit), {"auroc": MetricValue(CLEAN, 0.0)})]
        for severity, point in enumerate(points, 1):
            lost, ends = self.drop(point[word]), (None, None)
            if self.spread is not None:
                ends = (lost - self.spread, lost + self.spread)  # type: ignore[assignment]
            value = MetricValue(CLEAN - lost, lost, *ends, method="delong")
            rung = Rung(severity, point[word], unit, parameters=dict(point))
            rungs.append(RungResult(rung, {"auroc": value}))
        return LadderResult(
            noise=self.kind.name,
            ladder="custom",
            task="binary",
            labels=("x",),
            rungs=tuple(rungs),
            ids=("a", "b"),
            settings={"confidence": 0.95, "seed": 0},
        )


def falling(scale: float) -> Drop:
    """Drop 0.4 / (1 + photons / scale): rises as photons fall."""
    return lambda photons: 0.4 / (1 + photons / scale)


def rising(scale: float) -> Drop:
    return lambda sigma: 0.4 / (1 + scale / sigma)


def true_crossing(drop: Drop, limit: float) -> float:
    """By a dense grid of 200,001 points over 16 decades."""
    grid = [10 ** (-9 + 18 * i / 200_000) for i in range(200_001)]
    lost = [drop(value) > limit for value in grid]
    change = next(i for i in range(len(grid) - 1) if lost[i] != lost[i + 1])
    return math.sqrt(grid[change] * grid[change + 1])


def search(toy: Toy, plan: Plan | None = None, limits: Mapping[str, float] | None = None) -> Any:
    parsed = parse_limits(limits or {"max_auroc_drop": 0.05})
    found = open_search(toy.ladder(), parsed, toy.kind, plan or Plan())
    found.run(toy)
    return found, parsed


def point_of(
    toy: Toy, plan: Plan | None = None, limits: Mapping[str, float] | None = None
) -> BreakingPoint:
    found, parsed = search(toy, plan, limits)
    return told(found, parsed, toy.ladder(), passes=1 + toy.passes, searched=True)


@pytest.mark.parametrize(
    ("kind", "drop"),
    [
        ("poisson", falling(2.0)),  # on the ladder, between 25 and 12 photons
        ("poisson", falling(40.0)),  # milder than the whole ladder
        ("poisson", falling(0.02)),  # more severe than the whole ladder
        ("gaussian", rising(1.0)),
        ("gaussian", rising(0.1)),
        ("gaussian", rising(30.0)),
        ("quantum", falling(0.02)),
        ("electronic", rising(20_000.0)),
    ],
)
def test_the_true_crossing_lies_in_the_bracket(kind: str, drop: Drop) -> None:
    toy = Toy(kind, drop)
    point = point_of(toy)
    truth = true_crossing(drop, 0.05)
    assert point.held is not None
    assert point.broke is not None
    assert point.parameter is not None
    low, high = sorted((point.held, point.broke))
    assert low * (1 - 1e-3) <= truth <= high * (1 + 1e-3)
    assert high / low <= 1.05 * (1 + 1e-9)
    assert point.parameter == pytest.approx(truth, rel=0.01)
    assert drop(point.held) <= 0.05 < drop(point.broke)
    assert ("down to" if drop(1) > drop(2) else "up to") in point.reading
    assert point.searched
    assert point.monotone
    assert point.limit == "max_auroc_drop=0.05"


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.05, 60),
    tolerance=st.sampled_from([0.005, 0.02, 0.05, 0.2, 0.5]),
    points=st.integers(1, 6),
    limit=st.floats(0.01, 0.3),
)
def test_the_tolerance_is_kept_and_the_cost_is_bounded(
    scale: float, tolerance: float, points: int, limit: float
) -> None:
    toy = Toy("poisson", falling(scale))
    plan = Plan(tolerance, points)
    point = point_of(toy, plan, {"max_auroc_drop": limit})
    if point.parameter is None:  # beyond what the extensions reach
        assert point.held is None or point.broke is None
    else:
        assert point.held is not None
        assert point.broke is not None
        assert point.held / point.broke <= (1 + tolerance) * (1 + 1e-9)
        assert point.broke <= point.parameter <= point.held
    # An open end costs at most two extensions; then every pass at least halves each of three
    # brackets, none of which is wider than a step of 4 times.
    halvings = math.ceil(math.log2(math.log(4) / math.log1p(tolerance)))
    assert toy.passes <= 4 + max(halvings, 0) * (1 if points > 2 else 3) + 1
    assert point.evaluations == 5 + len(toy.ran)
    assert len(toy.ran) == len(set(toy.ran)), "nothing is run twice"
    assert len(toy.ran) <= toy.passes * (max(points, 1) + 2)


def test_what_the_default_costs_on_the_ladder() -> None:
    toy = Toy("poisson", falling(2.0), spread=None)
    point_of(toy)
    assert (toy.passes, len(toy.ran)) == (2, 6)  # 25 / 12 in 16 parts
    with_interval = Toy("poisson", falling(2.0), spread=0.005)
    point_of(with_interval)
    assert with_interval.passes <= 5
    assert len(with_interval.ran) <= 15


@pytest.mark.parametrize(("kind", "drop"), [("poisson", falling(2.0)), ("gaussian", rising(1.0))])
def test_the_interval_ends_where_the_interval_of_the_drop_crosses(kind: str, drop: Drop) -> None:
    point = point_of(Toy(kind, drop, spread=0.01), Plan(0.02))
    ends = sorted((true_crossing(drop, 0.04), true_crossing(drop, 0.06)))
    assert point.low == pytest.approx(ends[0], rel=0.03)
    assert point.high == pytest.approx(ends[1], rel=0.03)
    assert point.low is not None
    assert point.high is not None
    assert point.parameter is not None
    assert point.low < point.parameter < point.high
    assert "(interval " in point.reading


def test_an_end_of_the_interval_beyond_everything_is_left_open() -> None:
    toy = Toy("poisson", lambda photons: 0.055 if photons < 20 else 0.045, spread=0.02)
    point = point_of(toy)
    assert (point.low, point.high) == (None, None)
    assert "interval" not in point.reading
    steep = Toy("poisson", lambda photons: 0.9 if photons < 20 else 0.045, spread=0.02)
    assert point_of(steep).low is not None
    assert point_of(steep).high is None


def test_holds_everywhere() -> None:
    toy = Toy("poisson", lambda photons: 0.0)
    point = point_of(toy)
    assert (point.parameter, point.broke, point.low, point.high) == (None, None, None, None)
    assert point.held == pytest.approx(max(3 / 4**6, 0.001))
    assert toy.passes == 2
    assert point.reading.startswith("holds everywhere, down to 0.001 photons at white")
    none = Toy("poisson", lambda photons: 0.0)
    assert point_of(none, Plan(extend=0)).reading == "holds everywhere, down to 3 photons at white"
    assert none.passes == 0


def test_breaks_already_at_the_mildest() -> None:
    toy = Toy("gaussian", lambda sigma: 0.3)
    point = point_of(toy)
    assert (point.parameter, point.held) == (None, None)
    assert point.broke == pytest.approx(0.08 / 4**6)
    assert toy.passes == 2
    assert point.reading.startswith("breaks already at sigma ")


def test_a_dose_ends_at_the_reference() -> None:
    toy = Toy("lowdose", lambda dose: 0.3)
    assert point_of(toy).broke == pytest.approx(1.0)
    assert max(toy.ran) <= 1.0


def test_the_mildest_of_several_crossings_and_a_word_about_it() -> None:
    def drop(photons: float) -> float:
        return 0.2 if 20 < photons < 40 or photons < 4 else 0.0

    point = point_of(Toy("poisson", drop))
    assert point.parameter == pytest.approx(40, rel=0.06)
    assert not point.monotone
    assert "not monotone: it holds again at" in point.reading


def test_clean_images_that_break_a_floor() -> None:
    toy = Toy("poisson", falling(2.0))
    point = point_of(toy, limits={"min_auroc": 0.97})
    assert toy.passes == 0
    assert point.parameter is None
    assert point.reading == "breaks a limit on the clean images already"


def test_the_limit_that_breaks_first_is_named() -> None:
    drop = falling(2.0)
    limits = {"max_auroc_drop": 0.1, "min_auroc": 0.9}
    point = point_of(Toy("poisson", drop), limits=limits)
    assert point.limit == "min_auroc=0.9"
    assert point.parameter == pytest.approx(true_crossing(drop, 0.05), rel=0.01)
    limits = {"max_auroc_drop": 0.03, "min_auroc": 0.9}
    point = point_of(Toy("poisson", drop), limits=limits)
    assert point.limit == "max_auroc_drop=0.03"


def test_the_rungs_alone_say_it_roughly_and_for_nothing() -> None:
    toy = Toy("poisson", falling(2.0))
    limits = parse_limits({"max_auroc_drop": 0.05})
    point = between_rungs(toy.ladder(), limits, toy.kind)
    assert point is not None
    assert toy.passes == 0
    assert not point.searched
    assert point.held == pytest.approx(25.0)
    assert point.broke == pytest.approx(12.0)
    assert point.parameter == pytest.approx(true_crossing(falling(2.0), 0.05), rel=0.1)
    assert point.reading.endswith("photons at white, between rung 2 and rung 3")


def test_rungs_alone_without_a_limit_for_all_of_them() -> None:
    toy = Toy("poisson", falling(2.0))
    assert between_rungs(toy.ladder(), parse_limits({"max_auroc_drop": {1: 0.1}}), toy.kind) is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"tolerance": 5}, r"tolerance=5: expected a fraction .* 0.05 for 5%.*nsd_tolerance"),
        ({"tolerance": 0}, "tolerance=0"),
        ({"tolerance": True}, "tolerance=True"),
        ({"tolerance": "0.1"}, "tolerance='0.1'"),
        ({"tolerance": math.nan}, "tolerance=nan"),
        ({"points": 0}, "points=0: expected a whole number from 1"),
        ({"extend": -1}, "extend=-1: expected a whole number from 0"),
        ({"points": 1.0}, "points=1.0"),
    ],
)
def test_plans_that_make_no_sense(words: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        make_plan(**words)


def test_a_limit_for_single_severities_has_no_breaking_point() -> None:
    with pytest.raises(SpecError, match=r"one number for every strength.*max_auroc_drop=0.1"):
        check_uniform(parse_limits({"max_auroc_drop": {1: 0.1, 2: 0.2}}))


def test_a_crossing_at_a_parameter_of_one_is_a_place_like_any_other() -> None:
    """Its position is log 1 = 0, which must not be taken for none."""

    def seen(position: float, drop: float) -> Seen:
        checks = tuple(
            LimitCheck(f"max_auroc_drop={limit}", "auroc", 1, None, drop, limit, drop > limit)
            for limit in (0.25, 0.5)
        )
        return Seen(position, checks)

    search = Search(cast("Any", None), Plan(), cast("Any", None))
    search._seen = {-1.0: seen(-1.0, 0.0), 1.0: seen(1.0, 1.0)}
    first = search.first()
    assert first is not None
    assert first.threshold == 0.25
