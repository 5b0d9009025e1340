"""Two actors give what one process gives: the same noise, samples, numbers and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.results import LadderResult

pytestmark = pytest.mark.usefixtures("crew")

N, SIDE = 50, 12
LABELS = ("Effusion", "Nodule", "Pneumothorax")
WAY: dict[str, Any] = {"severities": [1, 3], "batch_size": 4}


def films(count: int = N) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, 12, 12) whose three bands are brighter where a finding is present."""
    draw = torch.Generator().manual_seed(7)
    targets = (torch.rand(count, 3, generator=draw) < 0.45).float()
    images = torch.rand(count, 1, SIDE, SIDE, generator=draw) * 0.5 + 0.1
    bands = targets.repeat_interleave(SIDE // 3, 1)
    images += bands[:, None, :, None] * 0.1 * torch.rand(count, 1, 1, 1, generator=draw)
    return images, targets


class Bands(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(60.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.clamp(max=0.9).reshape(len(images), 3, -1).mean(2) * self.scale - 22


class Films(torch_data.Dataset[dict[str, Any]]):
    """Items of different sizes, with ids, groups and masks or labels."""

    def __init__(self, mask: bool = False, count: int = 30) -> None:
        self.images, self.targets = films(count)
        self.mask = mask

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        image = self.images[index].repeat_interleave(1 + index % 2, -1)
        target = (image[0] > 0.4).long() if self.mask else self.targets[index]
        return {"image": image, "target": target, "id": f"p{index}", "patient": f"{index // 3}"}


def segmenter(images: torch.Tensor) -> torch.Tensor:
    return nn.functional.avg_pool2d(images, 3, 1, 1) * 6 - 2.2


def declared(**words: Any) -> XrayDataset:
    return XrayDataset(films(), labels=LABELS, ids=[f"film-{i}" for i in range(N)], **words)


def both(model: Any, data: Any, **words: Any) -> tuple[LadderResult, LadderResult]:
    how = {**WAY, **words}
    return evaluate(model, data, **how), evaluate(model, data, engine="ray", **how)


def assert_same(local: LadderResult, shared: LadderResult) -> None:
    assert shared.ids == local.ids
    assert shared.groups == local.groups
    assert shared.labels == local.labels
    np.testing.assert_array_equal(shared.targets, local.targets)
    for mine, theirs in zip(local.rungs, shared.rungs, strict=True):
        severity = mine.rung.severity
        assert theirs.clipped == pytest.approx(mine.clipped, abs=1e-12), "other noise"
        assert theirs.mean_shift == pytest.approx(mine.mean_shift, abs=1e-9), "other noise"
        np.testing.assert_allclose(
            shared.scores(severity=severity), local.scores(severity=severity), rtol=1e-5, atol=1e-6
        )
        for name, value in mine.metrics.items():
            assert theirs.metrics[name].value == pytest.approx(value.value, rel=1e-6)
            assert theirs.metrics[name].drop == pytest.approx(value.drop, rel=1e-6, abs=1e-9)
    assert [s.sample_id for s in shared.strips] == [s.sample_id for s in local.strips]
    assert shared.strips == local.strips
    own = {"device", "batch_size"}
    assert {k: v for k, v in shared.settings.items() if k not in own} == {
        k: v for k, v in local.settings.items() if k not in own
    }
    assert shared.settings["device"] == "cpu x 2 (Ray)"


def test_a_classifier() -> None:
    local, shared = both(Bands(), declared(), metrics=["auroc", "brier"])
    assert_same(local, shared)
    assert local.metric("auroc").drop(severity=3) > 0.01, "the noise did nothing"


def test_a_segmenter_with_repeats_and_a_resize() -> None:
    data = XrayDataset(Films(mask=True), resize=8, groups="patient")
    local, shared = both(segmenter, data, repeats=2, noise_at="native", noise="gaussian")
    assert_same(local, shared)
    assert local.settings["repeats"] == 2


def test_a_subset_of_a_loader_with_workers_that_contrasts_two_findings() -> None:
    loader = torch_data.DataLoader(
        torch_data.TensorDataset(*films(200)), batch_size=4, shuffle=True, num_workers=1
    )
    data = XrayDataset(loader, labels=LABELS)
    pair = ("Effusion", "Nodule")
    local, shared = both(
        Bands(), data, samples=60, contrast=pair, batch_size=None, metrics=["auroc"]
    )
    assert_same(local, shared)
    assert 10 < len(shared.ids) < 60


def test_a_block_without_a_sample_of_the_contrast_is_no_error() -> None:
    images, targets = films()
    targets[:20, :2] = 1.0  # both, so that whole blocks are left out
    data = XrayDataset((images, targets), labels=LABELS)
    local, shared = both(Bands(), data, contrast=("Effusion", "Nodule"), metrics=["auroc"])
    assert_same(local, shared)


def test_logits_that_look_like_probabilities_in_some_blocks() -> None:
    """One machine decides by its first batch; so do the blocks that do not hold it."""
    images = torch.rand(N, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    images[4:] *= 0.1  # beyond the first batch, outputs lie within [0, 1]
    masks = (images[:, 0] > 0.05).long()
    local, shared = both(
        lambda images: images * 3,
        (images, masks),
        noise="gaussian",
        severities=None,
        sigma=[0.001],
        metrics=["dice"],
    )
    assert_same(local, shared)
    assert local.scores(severity=0)[4:].min() > 0.3, "taken for probabilities, all would be empty"


def test_progress_comes_from_finished_blocks() -> None:
    seen: list[tuple[int, int | None, int]] = []
    evaluate(Bands(), declared(), engine="ray", progress=lambda *now: seen.append(now), **WAY)
    assert seen[-1] == (N, N, 3)
    assert len(seen) > 4
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
