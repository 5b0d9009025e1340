"""A classifier of one's own: what it stands, and where it breaks."""

from __future__ import annotations

import pytest

from pytest_xraynoise import robust
from pytest_xraynoise.results import LadderResult


@robust(noise="lowdose", dose=[0.5, 0.25], source_noise="none", max_auroc_drop=0.05, min_auroc=0.80)
def test_a_quarter_of_the_dose_is_enough() -> None: ...


@robust(noise="gaussian", sigma=[0.005, 0.01], max_auroc_drop=0.02, max_specificity_drop=0.10)
def test_faint_readout_noise(robustness: LadderResult) -> None:
    assert robustness.task == "binary"
    assert robustness.metric("auroc").interval(severity=1).high < 0.05


@pytest.mark.xfail(reason="trained on clean images: the stress ladder breaks it", strict=True)
@robust(noise="gaussian", max_auroc_drop=0.05, decide="confident-fail")
def test_breaks_on_the_stress_ladder() -> None: ...
