"""Precedence, as a pure function."""

from __future__ import annotations

import itertools

import pytest

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.plugin.settings import SETTINGS, resolve

SAID = {
    "marker": 5,
    "command_line": "4",
    "environment": {"XRAYNOISE_SEED": "3"},
    "profile": {"seed": "2"},
    "ini": "1",
}
VALUES = {"marker": 5, "command_line": 4, "environment": 3, "profile": 2, "ini": 1}


@pytest.mark.parametrize(
    "places", [c for n in range(6) for c in itertools.combinations(SAID, n)], ids="+".join
)
def test_the_first_that_was_said_wins(places: tuple[str, ...]) -> None:
    value = resolve("seed", **{place: SAID[place] for place in places})  # type: ignore[arg-type]
    assert value == (VALUES[places[0]] if places else 0)


def test_zero_in_a_marker_is_said() -> None:
    assert resolve("seed", marker=0, command_line="4") == 0


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_empty_text_is_not_said(setting: object) -> None:
    name = setting.name  # type: ignore[attr-defined]
    default = setting.default  # type: ignore[attr-defined]
    assert resolve(name, command_line="", environment={}, ini="") == default


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:3"])
def test_devices_are_read(device: str) -> None:
    assert resolve("device", command_line=device) == device


@pytest.mark.parametrize("text", ["1.5", "-1", "", "ten", "1e3", str(2**64)])
def test_seeds_that_are_no_seed(text: str) -> None:
    if not text:
        return
    with pytest.raises(SpecError, match="whole number"):
        resolve("seed", command_line=text)


def test_all_samples_outrank_a_number_below() -> None:
    assert resolve("samples", profile={"samples": "all"}, ini="20") is None
    assert resolve("samples", command_line="all", profile={"samples": "10"}) is None
    assert resolve("samples", command_line="7", profile={"samples": "all"}) == 7


def test_what_a_profile_says_wrong_is_told_as_its() -> None:
    with pytest.raises(SpecError, match="profile: samples: got 'few'; expected all or a whole"):
        resolve("samples", profile={"samples": "few"})
