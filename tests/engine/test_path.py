"""The line through the rungs: from any strength of noise to parameters and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.engine.path import Path
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise import Field, NoiseKind, Parameter
from pytest_xraynoise.results import Rung


def path(kind: str, **own: Any) -> Path:
    ladder = noise.custom_ladder(kind, **own) if own else noise.ladder(kind)
    return Path(noise.get(kind), ladder.rungs)


@pytest.mark.parametrize("kind", noise.names())
def test_every_kind_runs_through_its_rungs_from_mild_to_severe(kind: str) -> None:
    line = path(kind)
    rungs = noise.ladder(kind).rungs
    places = [line.position(rung.parameters) for rung in rungs]
    assert places == sorted(places)
    for rung, place in zip(rungs, places, strict=True):
        found = line.parameters(place)
        assert found == pytest.approx(dict(rung.parameters), rel=1e-12)
        noise.get(kind).check(found)


@pytest.mark.parametrize(
    ("kind", "falls"),
    [("poisson", True), ("lowdose", True), ("gaussian", False), ("electronic", False)],
)
def test_direction(kind: str, falls: bool) -> None:
    assert path(kind).falls is falls


@given(st.floats(0.01, 1e5))
def test_a_value_comes_back(photons: float) -> None:
    line = path("poisson")
    assert line.value(line.position({"photons": photons})) == pytest.approx(photons, rel=1e-9)


@given(st.floats(-3, 9))
def test_parameters_of_a_mixture_move_together(shift: float) -> None:
    line = path("poisson+gaussian")
    mild = line.position({"photons": 60.0}) + shift
    here, beyond = line.parameters(mild), line.parameters(mild + 0.1)
    assert beyond["photons"] < here["photons"]
    assert beyond["sigma"] > here["sigma"]


def test_between_two_rungs_a_mixture_is_their_geometric_mean() -> None:
    line = path("poisson+gaussian")
    middle = line.position({"photons": math.sqrt(60 * 25)})
    assert line.parameters(middle)["sigma"] == pytest.approx(math.sqrt(0.08 * 0.12))


def test_it_ends_where_the_kind_does() -> None:
    line = path("lowdose")
    assert line.value(line.within(line.position({"dose": 4.0}))) == pytest.approx(1.0)
    inside = line.position({"dose": 0.3})
    assert line.within(inside) == inside
    share = path("impulse")
    assert share.value(share.within(share.position({"amount": 5.0}))) == pytest.approx(1.0)


def test_the_parameter_that_moves_is_followed() -> None:
    line = path("poisson+gaussian", photons=[100, 100], sigma=[0.1, 0.2])
    assert (line.keyword, line.falls) == ("sigma", False)
    assert line.parameters(line.position({"sigma": 0.15}))["photons"] == pytest.approx(100)


def test_rungs_in_any_order() -> None:
    line = path("poisson", photons=[50, 1000, 200])
    assert line.span == pytest.approx(math.log(1000 / 50))


@pytest.mark.parametrize("own", [{"photons": [50, 50, 9], "sigma": [0.1, 0.2, 0.2]}])
def test_rungs_on_no_line(own: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="lie on no single line: each of them needs a photons"):
        path("poisson+gaussian", **own)


def test_rungs_without_parameters() -> None:
    with pytest.raises(SpecError, match="needs rungs that say their photons"):
        Path(noise.get("poisson"), [Rung(1, 50.0, "photons at white")])


@dataclass(frozen=True, kw_only=True)
class Warp(NoiseKind):
    """No ladder of its own, and a parameter that may be 0 or below."""

    name = "warp"
    parameters = (Parameter("bend", "pixels", low=-10.0, high=10.0, low_allowed=True),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {}

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        return image


def test_a_parameter_that_is_no_scale_is_followed_as_it_is() -> None:
    kind = Warp()
    rungs = noise.custom_ladder(kind, bend=[-1, 0, 3]).rungs
    line = Path(kind, rungs)
    assert (line.logarithmic, line.falls, line.span) == (False, False, 4.0)
    assert line.value(1.5) == 1.5
    assert line.length(0.05) == pytest.approx(0.2)
    assert line.within(99.0) == pytest.approx(10.0)
    assert Path(kind, noise.custom_ladder(kind, bend=[3, 0, -1]).rungs).falls


def test_one_rung_of_a_noise_without_a_ladder_says_no_direction() -> None:
    with pytest.raises(SpecError, match="two rungs at least, the mild one first"):
        Path(Warp(), noise.custom_ladder(Warp(), bend=[2]).rungs)
