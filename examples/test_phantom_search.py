"""Hypothesis looks for the mildest mixture of low dose and readout noise that costs too much."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from pytest_xraynoise import evaluate, noise
from pytest_xraynoise import strategies as xray

SAMPLES = 48
# Phantoms carry no noise of their own, so they get the whole noise of the dose.
PHANTOMS = {"source_noise": "none", "samples": SAMPLES, "metrics": ["auroc"]}


def test_a_mixture_of_low_dose_and_readout_noise(
    xray_model: torch.nn.Module, xray_dataset: object
) -> None:
    """Neither less dose nor a noisier panel is to blame alone: both together are."""
    with pytest.raises(xray.FalsifyingNoise) as found:
        xray.robust_search(
            xray_model,
            xray_dataset,
            kinds=["lowdose"],
            dose=(1, 0.001),
            electrons=(1500, 24_000),
            max_auroc_drop=0.05,
            max_examples=10,
            samples=SAMPLES,
            source_noise="none",
        )
    dose, electrons = found.value.parameters["dose"], found.value.parameters["electrons"]
    assert dose < 1
    assert electrons > 1500

    noisier = dataclasses.replace(noise.detector("csi-0.139"), readout=electrons)
    less_dose = evaluate(xray_model, xray_dataset, noise="lowdose", dose=dose, **PHANTOMS)
    less_quiet = evaluate(
        xray_model, xray_dataset, noise="lowdose", dose=1, detector=noisier, **PHANTOMS
    )
    for alone in (less_dose, less_quiet):
        assert alone.metric("auroc").drop(severity=1) <= 0.05
