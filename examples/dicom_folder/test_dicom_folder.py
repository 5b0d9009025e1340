"""A folder of DICOM radiographs at lower doses, in the units of the files' own headers.

Pitch, patients, dose and the meaning of display values come from the headers. The films were taken
at 0.8 of their target exposure; they are asked here at 1/2, 1/4 and 1/8 of what they had.
"""

from __future__ import annotations

from typing import Any

import torch
from dicom_folder.films import EXPOSURE_INDEX

from pytest_xraynoise import robust
from pytest_xraynoise.data import DicomFolder
from pytest_xraynoise.results import LadderResult


@robust(noise="lowdose", deviation_index=[-3, -6, -9], latitude=2.4, max_auroc_drop=0.014)
def test_an_eighth_of_the_dose_is_enough(
    robustness: LadderResult, xray_dataset: DicomFolder
) -> None:
    assert robustness.ids == xray_dataset.ids
    assert robustness.clean["auroc"] > 0.75


def test_what_the_headers_say(xray_dataset: DicomFolder) -> None:
    assert len(xray_dataset) == 80
    assert len({record.group for record in xray_dataset.records}) == 40
    assert set(xray_dataset.doses) == {0.8}
    assert xray_dataset.kerma == EXPOSURE_INDEX / 100
    assert xray_dataset.response == "log"


def test_settings_from_the_headers(
    xraynoise: Any, xray_model: object, xray_dataset: DicomFolder
) -> None:
    """The same ladder with the response and the air kerma that the files state."""
    result = xraynoise.evaluate(
        xray_model,
        xray_dataset,
        noise="lowdose",
        dose=[0.5, 0.125],
        response=xray_dataset.response,
        latitude=2.4,
        kerma=xray_dataset.kerma,
    )
    xraynoise.check(result, max_auroc_drop=0.014)
    scores = [torch.from_numpy(result.scores(severity=s)) for s in (0, 1, 2)]
    assert 0 < (scores[1] - scores[0]).abs().max() < (scores[2] - scores[0]).abs().max()
