"""Low dose in real units: air kerma at the detector, exposure index, fraction of the dose.

The phantom's film is 35 cm wide; at 112 pixels each is 3 mm and collects half a million quanta. So
half of the dose is nothing to this model, and it breaks near a two-hundredth: at doses that no
department uses, and that every rung of the stress ladders is below.
"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_xraynoise import noise, robust
from pytest_xraynoise.results import LadderResult

KERMA = 2.5  # uGy at the detector: exposure index 250
FILM: dict[str, Any] = {
    "detector": "csi-0.139",
    "pixel_pitch": 350 / 112,  # mm, at the model's resolution
    "kerma": KERMA,
    "latitude": 2.4,  # decades of exposure from black to white
}


# Phantoms have no noise of their own. Leave source_noise out for radiographs, which have.
@robust(
    noise="lowdose",
    air_kerma=[2.5, 1.25, 0.625],
    source_noise="none",
    max_auroc_drop=0.014,
    **FILM,
)
def test_half_and_a_quarter_of_the_dose(robustness: LadderResult) -> None:
    doses = [rung.rung.parameters["dose"] for rung in robustness.rungs[1:]]
    assert doses == pytest.approx([1, 0.5, 0.25])
    assert "EI 62.5, 0.625 uGy" in robustness.rungs[3].rung.reading
    assert robustness.metric("auroc").interval(severity=3).high < 0.014


@robust(
    noise="lowdose",
    exposure_index=[125, 2.5, 0.25],
    source_noise="none",
    max_auroc_drop=0.05,
    min_dose=0.05,
    breaking_point=0.2,  # to 20%
    **FILM,
)
def test_holds_down_to_a_twentieth(robustness: LadderResult) -> None:
    """The rungs below it are run and shown; the search says where it breaks."""
    point = robustness.breaking_point
    assert point is not None
    assert point.low is not None
    assert point.high is not None
    assert 0.001 < point.low < point.high < 0.05
    quanta = noise.quanta_per_pixel(KERMA * point.high, "RQA9", pixel_pitch=350 / 112)
    assert quanta > 1000  # the mildest stress rung has 60 photons at white


@robust(noise="electronic", dose=0.02, electrons=[1500, 3000], max_auroc_drop=0.05, **FILM)
def test_a_noisier_panel_at_a_fiftieth() -> None: ...
