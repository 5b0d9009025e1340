"""A ResNet that finds six findings in phantoms, trained on clean images only."""

from __future__ import annotations

import pytest

from pytest_xraynoise import robust
from pytest_xraynoise.results import LadderResult


@robust(noise="poisson", photons=[10_000, 5000, 2000], max_auroc_drop=0.10, min_auroc=0.80)
def test_stands_mild_quantum_noise(robustness: LadderResult) -> None:
    assert robustness.metric("auroc").drop(severity=1) < 0.02


@robust(noise="gaussian", sigma=[0.005, 0.01, 0.02], max_auroc_drop={1: 0.02, 3: 0.10})
def test_stands_mild_readout_noise() -> None: ...


@pytest.mark.xfail(reason="trained without noise: the stress ladder breaks it", strict=True)
@robust(noise=["poisson", "gaussian", "poisson+gaussian"], max_auroc_drop=0.05)
def test_breaks_on_the_stress_ladder() -> None: ...
