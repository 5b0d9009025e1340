"""A dose in every unit: fraction, deviation index, exposure index, air kerma at the detector."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError
from pytest_xraynoise.noise.dose import dose_in_words

IMAGES = torch.rand(2, 24, 24, generator=torch.Generator().manual_seed(1)) * 0.6 + 0.2
KINDS = ("quantum", "lowdose")
SAME_DOSE = (
    {"dose": 0.25},
    {"deviation_index": 10 * math.log10(0.25)},
    {"exposure_index": 62.5},
    {"air_kerma": 0.625},
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", SAME_DOSE[1:], ids=lambda words: next(iter(words)))
def test_the_same_dose_is_the_same_noise(kind: str, words: dict[str, Any]) -> None:
    by_fraction = noise.add(IMAGES, kind, dose=0.25, seed=3).images
    torch.testing.assert_close(
        noise.add(IMAGES, kind, seed=3, **words).images, by_fraction, atol=1e-6, rtol=0
    )
    stronger = {word: value * (2 if value < 0 else 0.5) for word, value in words.items()}
    other = noise.add(IMAGES, kind, seed=3, **stronger).images
    assert (other - IMAGES).std() > 1.2 * (by_fraction - IMAGES).std()


@pytest.mark.parametrize(
    ("words", "labels", "doses"),
    [
        ({"dose": [1, 0.25]}, ["1 of the reference dose", "0.25 of the reference dose"], [1, 0.25]),
        (
            {"deviation_index": [0, -1, -3, -6, -10, -13]},
            [f"{index} deviation index" for index in (0, -1, -3, -6, -10, -13)],
            [1, 0.79, 0.50, 0.25, 0.10, 0.05],
        ),
        ({"exposure_index": [250, 125]}, ["250 exposure index", "125 exposure index"], [1, 0.5]),
        ({"air_kerma": [2.5, 1.25]}, ["2.5 uGy at the detector", "1.25 uGy at the detector"], None),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_rungs_are_told_in_the_unit_that_was_used(
    kind: str, words: dict[str, Any], labels: list[str], doses: list[float] | None
) -> None:
    ladder = noise.custom_ladder(kind, **words)
    assert [rung.label for rung in ladder.rungs] == labels
    assert [rung.parameter for rung in ladder.rungs] == next(iter(words.values()))
    got = [round(rung.parameters["dose"], 2) for rung in ladder.rungs]
    assert got == (doses or [1, 0.5])
    assert ladder.rung(0).unit == ladder.rung(1).unit


def test_the_reading_has_every_unit() -> None:
    (rung,) = noise.custom_ladder("lowdose", exposure_index=[62.5]).rungs
    assert rung.reading.startswith(
        "0.25 of the reference dose (DI -6.02, EI 62.5, 0.625 uGy) on csi-0.139 at a reference of "
        "2.5 uGy"
    )
    assert dose_in_words(1.0) == "1 of the reference dose (DI 0, EI 250, 2.5 uGy)"
    assert dose_in_words(0.5, 4.0) == "0.5 of the reference dose (DI -3.01, EI 200, 2 uGy)"


def test_the_reference_is_the_kerma_of_the_kind() -> None:
    bright = noise.get("lowdose").configured(kerma=5.0, pixel_pitch=0.68)
    for words in ({"air_kerma": [2.5]}, {"exposure_index": [250]}):
        (rung,) = noise.custom_ladder(bright, **words).rungs
        assert rung.parameters == {"dose": 0.5}
    (rung,) = noise.custom_ladder(bright, deviation_index=[-10]).rungs
    assert rung.parameters["dose"] == pytest.approx(0.1)
    assert "EI 50, 0.5 uGy" in rung.reading


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "words", [{"dose": 1}, {"deviation_index": 0}, {"exposure_index": 250}, {"air_kerma": 2.5}]
)
def test_the_reference_dose_itself_is_a_rung(kind: str, words: dict[str, Any]) -> None:
    rung = noise.make_rung(kind, 1, words)
    assert (rung.severity, rung.parameters["dose"]) == (1, 1.0)
    made = noise.add(IMAGES, kind, **words).images
    if kind == "lowdose":
        torch.testing.assert_close(made, IMAGES, atol=2e-6, rtol=0)
    else:
        assert (made - IMAGES).std() > 1e-5


@given(kerma=st.floats(1e-3, 1e3))
def test_the_reference_is_exactly_1_whatever_rounding_does(kerma: float) -> None:
    kind = noise.get("lowdose").configured(kerma=kerma, pixel_pitch=0.68)
    for words in ({"air_kerma": kerma}, {"exposure_index": 100 * kerma}, {"deviation_index": 0}):
        assert kind.check(words) == {"dose": 1.0}


@given(fraction=st.floats(1e-6, 1.0))
def test_units_are_converted_as_the_standard_says(fraction: float) -> None:
    index, exposure = 10 * math.log10(fraction), 250 * fraction
    for words in ({"deviation_index": index}, {"exposure_index": exposure}):
        assert noise.get("quantum").check(words)["dose"] == pytest.approx(fraction, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "error", "match"),
    [
        (
            {"dose": 0.5, "deviation_index": -3},
            SpecError,
            "dose= and deviation_index= say the same",
        ),
        ({"exposure_index": 5, "air_kerma": 1}, SpecError, "give one of dose, deviation_index"),
        ({"deviation_index": 1}, NoiseError, r"deviation_index=1 is dose=1.2.*source_noise='none'"),
        (
            {"exposure_index": 500},
            NoiseError,
            "exposure_index=500 is dose=2: an image that carries",
        ),
        ({"air_kerma": 0}, NoiseError, "air_kerma=0: expected a finite number above 0"),
        ({"exposure_index": float("nan")}, NoiseError, "exposure_index=nan"),
        ({"deviation_index": -1e6}, NoiseError, "deviation_index=-1000000.0"),
        ({"deviation_index": "-3"}, NoiseError, "deviation_index='-3'"),
        ({"deviation_idx": -3}, SpecError, "did you mean 'deviation_index'"),
        (
            {"exposure_index": 1e10},
            NoiseError,
            r"exposure_index=1e\+10 is dose=40000000.0: expected",
        ),
    ],
)
def test_bad_doses(words: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        noise.add(IMAGES, "lowdose", **words)


def test_stress_kinds_know_no_dose() -> None:
    with pytest.raises(SpecError, match="unknown parameter of noise 'poisson' 'deviation_index'"):
        noise.add(IMAGES, "poisson", deviation_index=-3)
    with pytest.raises(SpecError, match="exposure_index"):
        noise.custom_ladder("electronic", exposure_index=[250])


def test_electronic_takes_the_dose_as_a_setting() -> None:
    full, quarter = (
        noise.add(IMAGES, "electronic", electrons=6000, dose=dose, response="linear", clip=False)
        for dose in (1.0, 0.25)
    )
    ratio = (quarter.images - IMAGES).std() / (full.images - IMAGES).std()
    assert float(ratio) == pytest.approx(4, rel=1e-3)
    kind = noise.get("electronic").configured(dose=0.25)
    assert "0.25 of the reference dose (DI -6.02" in noise.ladder(kind).rung(1).reading
