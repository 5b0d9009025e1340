"""Rungs of a segmenter are read again only for the labels and tolerance they were measured for."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pytest_xraynoise import XrayDataset
from pytest_xraynoise.engine.cache import KeptMeasurements, Store
from pytest_xraynoise.engine.cache.packing import fits, pack_rung
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.measured import CLEAN, Address, Measured, Outputs, RungRows, Samples
from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.engine.words import requested

DRAW = torch.Generator().manual_seed(0)
IMAGES = nn.functional.avg_pool2d(torch.rand(8, 1, 24, 24, generator=DRAW), 5, 1, 2)
LOW, HIGH = 0.45, 0.52


class Organs(nn.Module):
    """Two organs by brightness, of which noise spoils the second more."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat([images > LOW, images > HIGH], 1).float() * 20 - 10


DATA = XrayDataset(
    list(zip(IMAGES, torch.cat([IMAGES > LOW, IMAGES > HIGH], 1).long(), strict=True)),
    labels=["Heart", "Lung"],
)


def ask(folder: Path, sigma: list[float], **words: Any) -> list[Any]:
    """The scores of every rung, in a session of its own."""
    store = SharedMeasurements(KeptMeasurements(Store(folder, pytest.fail)))
    words = {"noise": "gaussian", "sigma": sigma, "task": "segmentation", **words}
    request, how = requested(words, ())
    result = run_request(request, Organs(), DATA, device="cpu", measurer=store, **how)
    return [[value.value for value in rung.metrics.values()] for rung in result.rungs]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"labels": ["Heart"]}, {"labels": ["Lung"]}),
        ({"metrics": ["nsd"], "tolerance": 8.0}, {"metrics": ["nsd"], "tolerance": 1.0}),
    ],
    ids=["labels", "tolerance"],
)
def test_rungs_of_other_columns_are_not_taken(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    other = ask(tmp_path / "a", [0.05, 0.2], **first)
    ask(tmp_path / "a", [0.05], **second)  # the base is of these columns from here on
    truth = ask(tmp_path / "b", [0.05, 0.2], **second)
    assert other[2] != truth[2]
    assert ask(tmp_path / "a", [0.05, 0.2], **second) == truth


BASE = Measured(
    Outputs("segmentation", ("a", "b"), ("a",), exclusive=False, logits=True, unit="pixels"),
    Samples(("0",), np.ones((1, 1)), np.arange(1), np.full((1, 2), 8), np.full(1, np.nan)),
    {CLEAN: RungRows({"dice": np.ones((1, 1))}, np.zeros(1), np.zeros(1))},
)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"judged": ("b",)},
        {"tolerance": 3.0},
        {"exclusive": True},
        {"logits": False},
        {"logits": None},
        {"unit": "mm"},
    ],
    ids=str,
)
def test_a_rung_fits_a_base_of_the_same_columns(change: dict[str, Any]) -> None:
    outputs = dataclasses.replace(BASE.outputs, **change)
    header, arrays = pack_rung(Address("n"), BASE.rungs[CLEAN], outputs)
    found = fits((json.loads(json.dumps(header)), arrays), BASE)
    assert (found is None) == bool(change)
