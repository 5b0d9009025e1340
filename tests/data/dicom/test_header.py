from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_xraynoise import noise
from pytest_xraynoise.data.dicom.header import read_header
from pytest_xraynoise.data.dicom.response import FallingLinear
from pytest_xraynoise.noise.dose import dose_fraction
from pytest_xraynoise.noise.response import Response

from . import films


@pytest.mark.parametrize(
    ("elements", "pitch"),
    [
        ({}, None),
        ({"PixelSpacing": [0.1, 0.1]}, 0.1),
        ({"PixelSpacing": [0.1, 0.1], "DetectorElementSpacing": [0.12, 0.12]}, 0.12),
        ({"DetectorElementSpacing": [0.12, 0.12], "ImagerPixelSpacing": [0.139, 0.139]}, 0.139),
        ({"ImagerPixelSpacing": [0.0, 0.0], "PixelSpacing": [0.2, 0.2]}, 0.2),
        ({"ImagerPixelSpacing": [0.1, 0.4]}, 0.2),
        ({"PixelSpacing": None}, None),
    ],
)
def test_the_pitch_is_that_at_the_detector(elements: dict[str, Any], pitch: float | None) -> None:
    found = read_header(films.dataset(**elements)).pixel_pitch
    assert found == (None if pitch is None else pytest.approx(pitch))


@pytest.mark.parametrize(
    ("elements", "index", "dose"),
    [
        ({}, None, None),
        ({"ExposureIndex": 250}, 250, None),
        ({"ExposureIndex": 125, "TargetExposureIndex": 250}, 125, 0.5),
        ({"DeviationIndex": -3}, None, 10**-0.3),
        ({"ExposureIndex": 1, "TargetExposureIndex": 500, "DeviationIndex": 3}, 1, 10**0.3),
        ({"ExposureIndex": 0, "TargetExposureIndex": 250}, None, None),
        ({"ExposureIndex": None}, None, None),
    ],
)
def test_the_dose_is_told_by_exposure_and_deviation_index(
    elements: dict[str, Any], index: float | None, dose: float | None
) -> None:
    header = read_header(films.dataset(**elements))
    assert header.exposure_index == index
    assert header.dose == (None if dose is None else pytest.approx(dose))
    assert header.kerma == (None if index is None else index / 100)
    if index is not None:  # the noise means the same by it
        assert header.kerma == pytest.approx(2.5 * dose_fraction(exposure_index=index))
    if header.deviation_index is not None:
        assert header.dose == pytest.approx(dose_fraction(deviation_index=header.deviation_index))


@pytest.mark.parametrize("slope", [1, -1])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("relation", ["LIN", "LOG"])
def test_the_response_shows_the_exposure_that_made_the_values(
    relation: str, sign: int, inverted: bool, slope: int
) -> None:
    """What is shown, taken back to exposure by the stated response, is the exposure."""
    exposure = np.linspace(0.02, 1, 50)
    signal = exposure if relation == "LIN" else 1 + np.log10(exposure) / 2
    stored = signal if sign > 0 else 1 - signal
    display = 1 - stored if inverted != (slope < 0) else stored
    header = read_header(
        films.dataset(
            PixelIntensityRelationship=relation,
            PixelIntensityRelationshipSign=sign,
            RescaleSlope=slope,
            PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2",
        )
    )
    stated = header.response
    if stated is None:
        assert relation == "LOG"
        assert np.all(np.diff(display) > 0)  # white where there is much exposure
        return
    back = noise.response.response(stated).exposure(display)
    assert np.allclose(back / back[-1], exposure, atol=1e-12)


@pytest.mark.parametrize(
    ("relation", "inverted", "response"),
    [
        ("LIN", False, "linear"),
        ("LIN", True, FallingLinear()),
        ("LOG", False, "log"),
        ("LOG", True, "log"),
        ("DISP", False, None),
        ("", False, None),
    ],
)
def test_a_sign_that_is_not_said_is_the_usual_one(
    relation: str, inverted: bool, response: object
) -> None:
    header = read_header(
        films.dataset(
            PixelIntensityRelationship=relation,
            PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2",
        )
    )
    assert header.response == response


def test_signed_values_have_no_exposure_at_black() -> None:
    made = films.dataset(films.STORED - 2048, PixelIntensityRelationship="LIN")
    assert read_header(made).response is None


def test_a_falling_response_is_one_that_noise_takes() -> None:
    falling = FallingLinear()
    assert isinstance(falling, Response)
    x = np.linspace(0, 1, 9)
    assert np.allclose(falling.display(falling.exposure(x)), x)
    image = np.full((1, 1, 64, 64), 0.75, np.float32)
    import torch

    out = noise.add(
        torch.from_numpy(image), "quantum", dose=1.0, response=falling, pixel_pitch=0.2, ids=["a"]
    )
    quanta = noise.quanta_per_pixel(pixel_pitch=0.2)
    spread = float(out.images.std()) / 0.25  # of the exposure, 1 - 0.75
    assert 0.2 * quanta**-0.5 < spread < 2 * quanta**-0.5
