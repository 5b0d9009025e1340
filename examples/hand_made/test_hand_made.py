"""What the pages about baselines, pytest-xdist and Ray run."""

from __future__ import annotations

from pytest_xraynoise import robust


@robust(noise=["poisson", "gaussian"], severities=[1, 2, 3], max_auroc_drop=0.15)
def test_stress() -> None: ...


@robust(noise="lowdose", dose=[0.5, 0.1], source_noise="none", max_auroc_drop=0.02)
def test_dose() -> None: ...
