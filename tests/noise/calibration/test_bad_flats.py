"""Flat fields and arguments that are of no use, and fits that are doubtful."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.noise.calibration import Flat, calibrate
from tests.noise.calibration.simulated import OFFSET, Panel

RNG = np.random.default_rng(20)
FLATS = Panel().flats(RNG, (50.0, 500.0))


def changed(number: int, image: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    return [image if i == number else flat for i, flat in enumerate(FLATS)]


@pytest.mark.parametrize(
    ("flats", "match"),
    [
        (changed(1, FLATS[0][:, :200]), r"shape \(256, 200\)"),
        (changed(2, np.full_like(FLATS[0], 700)), "is constant"),
        (changed(2, np.minimum(FLATS[2], 2600)), "is saturated: .* are 2600"),
        (changed(0, np.maximum(FLATS[0], 345)), "is cut off: .* are 345"),
        (changed(1, FLATS[0].copy()), "hold the same pixels"),
        (changed(1, FLATS[2]), "taken as a pair but their means are"),
        (FLATS[:2] + FLATS[:2], "about the same mean"),
        ([flat[:150, :150] for flat in FLATS], "holds 16 blocks"),
    ],
)
def test_flats_of_no_use(flats: list[npt.NDArray[Any]], match: str) -> None:
    with pytest.raises(DataError, match=match):
        calibrate(flats, offset=OFFSET, region=1.0)


def test_an_offset_above_the_signal() -> None:
    with pytest.raises(DataError, match="after subtraction of the offset"):
        calibrate(FLATS, offset=3000.0, region=1.0)


def test_noise_that_does_not_grow_with_the_signal() -> None:
    noise = [np.rint(20 * RNG.standard_normal((256, 256)) / k) for k in (1, 1, 3, 3)]
    with pytest.raises(DataError, match="does not grow with their mean"):
        calibrate([1000.0 * k + n for k, n in zip((1, 1, 5, 5), noise, strict=True)], region=1.0)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"flats": []}, "got 0 flat fields; expected pairs"),
        ({"flats": FLATS[:1]}, "got 1 flat field; expected pairs"),
        ({"flats": FLATS[:3]}, "got 3 flat fields"),
        ({"flats": ["a.png", "b.png", "a.png", "c.png"]}, "'a.png' is named twice"),
        ({"kerma": [1.0]}, "got 1 kerma for 2 pairs"),
        ({"kerma": [1.0, 0.0]}, "kerma of pair 2=0.0"),
        ({"kerma": [1.0, 2.0], "quality": "RQA8"}, "radiation quality 'RQA8'.*RQA9"),
        ({"pixel_pitch": -1.0}, "pixel_pitch=-1.0"),
        ({"pixel_pitch": float("nan")}, "pixel_pitch=nan"),
        ({"dark": [FLATS[0]], "offset": 1.0}, "not both"),
        ({"offset": float("inf")}, "offset=inf"),
        ({"region": 0.0}, "region=0.0"),
        ({"region": 1.5}, "region=1.5"),
        ({"confidence": 1.0}, "confidence=1.0"),
        ({"resamples": 10}, "resamples=10"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], match: str) -> None:
    given = {"flats": FLATS, **arguments}
    with pytest.raises(SpecError, match=match):
        calibrate(given.pop("flats"), **given)


def test_files_that_state_different_pitches() -> None:
    flats = [Flat(f"f{i}", flat, 0.1 + 0.01 * (i > 1)) for i, flat in enumerate(FLATS)]
    with pytest.raises(DataError, match="different pixel pitches"):
        calibrate(flats, region=1.0)
    assert calibrate(flats, region=1.0, offset=OFFSET, pixel_pitch=0.2).pixel_pitch == 0.2


def test_few_levels_are_told() -> None:
    (warning,) = calibrate(FLATS, offset=OFFSET, region=1.0).warnings
    assert warning.startswith("2 exposure levels over a factor of 10")


def test_a_response_that_bends_is_told() -> None:
    quanta = (50.0, 200.0, 1000.0, 3000.0)
    straight = Panel().flats(np.random.default_rng(21), quanta)
    kerma = [q / 400 for q in quanta]
    good = calibrate(straight, offset=OFFSET, region=1.0, kerma=kerma)
    assert good.warnings == ()
    bent = [np.rint(OFFSET + (f - OFFSET) / (1 + (f - OFFSET) / 60000)) for f in straight]
    told = " ".join(calibrate(bent, offset=OFFSET, region=1.0, kerma=kerma).warnings)
    assert "the photon transfer curve is not a line" in told
    assert "mean signal is not proportional to kerma" in told


def test_a_spectrum_of_another_shape_is_told() -> None:
    """A binned, twice blurred detector is no 1 / (1 + H f^2)^2."""
    rng = np.random.default_rng(22)
    flats = []
    for quanta in (50.0, 200.0, 1000.0, 3000.0):
        for _ in range(2):
            counts = rng.poisson(quanta, (256, 256)).astype(float)
            for axis in (0, 1):
                counts = (np.roll(counts, 1, axis) + counts + np.roll(counts, -1, axis)) / 3
            flats.append(Panel().digitised(5 * counts, rng))
    told = " ".join(calibrate(flats, offset=OFFSET, region=1.0).warnings)
    assert "the noise spectrum departs from" in told


def test_clipped_pixels_defects_and_coarse_steps_are_told() -> None:
    flats = [
        flat.copy() for flat in Panel().flats(np.random.default_rng(23), (50.0, 500.0, 5000.0))
    ]
    limit = int(np.quantile(flats[4], 0.998))
    flats[4] = np.minimum(flats[4], np.uint16(limit))
    told = " ".join(calibrate(flats, offset=OFFSET, region=1.0).warnings)
    assert "% of its pixels are clipped" in told
    assert "defects" not in told
    for flat in flats:
        flat[::16, ::16] = 0
    told = " ".join(calibrate(flats, offset=OFFSET, region=1.0).warnings)
    assert "up to 0.39% of the pixels are defects" in told
    coarse = [np.rint(flat / 60.0).astype(np.uint16) for flat in flats]
    assert "below the digitiser's steps" in " ".join(calibrate(coarse, region=1.0).warnings)


def test_terms_that_are_not_resolved_are_told_and_end_at_zero() -> None:
    panel = Panel(readout=0.0, structural=0.0, blur=0.0)
    fit = calibrate(
        panel.flats(np.random.default_rng(24), (100.0, 500.0, 2000.0)), offset=OFFSET, region=1.0
    )
    assert fit.readout.low == 0
    assert fit.structural.low == 0
    told = " ".join(fit.warnings)
    assert "readout noise is not told apart from none" in told
    assert "structural noise is not told apart from none" in told
