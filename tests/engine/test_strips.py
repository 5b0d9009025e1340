"""Pictures of the samples that lose most."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pytest_xraynoise.engine.classification import Scored
from pytest_xraynoise.engine.strips import SIDE, StripKeeper

N = 8
LOST = np.array([0.1, 0.5, 0.3, 0.5, 0.0, 0.9, 0.2, 0.5])
IDS = tuple(f"s{i}" for i in range(N))
IMAGES = torch.arange(N).div(N).view(N, 1, 1, 1).expand(N, 1, 6, 4)


def scored(task: Any = "binary", labels: tuple[str, ...] = ("x",), **how: Any) -> Scored:
    fields: dict[str, Any] = {
        "targets": np.arange(N) % 2.0,
        "scores": {0: np.full(N, 0.5), 1: 0.5 - LOST / 2},
        "lost": LOST,
        **how,
    }
    return Scored(task, labels, IDS, **fields)


def kept(size: int, count: int, **how: Any) -> StripKeeper:
    keeper = StripKeeper(count)
    for start in range(0, N, size):
        part = slice(start, start + size)
        images = {0: IMAGES[part], 1: 1 - IMAGES[part]}
        keeper.offer(IDS[part], LOST[part], images, **{k: v(part) for k, v in how.items()})
    return keeper


def decoded(png: str | None) -> Any:
    assert png is not None
    with Image.open(io.BytesIO(base64.b64decode(png))) as image:
        assert image.format == "PNG"
        assert image.mode == "L"
        return np.array(image)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_the_worst_are_kept_whatever_the_batches(size: int) -> None:
    strips = kept(size, 3).finish(scored())
    assert [strip.sample_id for strip in strips] == ["s5", "s1", "s3"]  # ties: the first ones
    assert [strip.degradation for strip in strips] == [0.9, 0.5, 0.5]


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 1), (20, N)])
def test_how_many(count: int, expected: int) -> None:
    assert len(kept(3, count).finish(scored())) == expected


def test_a_model_that_loses_nothing_has_pictures_too() -> None:
    keeper = StripKeeper(2)
    keeper.offer(IDS, np.zeros(N), {0: IMAGES, 1: IMAGES})
    strips = keeper.finish(scored(lost=np.zeros(N)))
    assert [strip.sample_id for strip in strips] == ["s0", "s1"]


def test_final_losses_give_the_order() -> None:
    lost = LOST.copy()
    lost[3] = 2.0
    strips = kept(3, 3).finish(scored(lost=lost))
    assert [(s.sample_id, s.degradation) for s in strips] == [("s3", 2.0), ("s5", 0.9), ("s1", 0.5)]


def test_pictures_show_each_severity() -> None:
    (strip,) = kept(3, 1).finish(scored())
    assert [frame.severity for frame in strip.frames] == [0, 1]
    assert decoded(strip.frames[0].image).shape == (6, 4)
    assert (decoded(strip.frames[0].image) == round(255 * 5 / 8)).all()
    assert (decoded(strip.frames[1].image) == round(255 * 3 / 8)).all()
    assert strip.frames[1].prediction == pytest.approx({"x": 0.05})
    assert strip.frames[0].mask is None
    assert strip.truth_mask is None


@pytest.mark.parametrize(("height", "width"), [(400, 200), (200, 400), (161, 7), (1000, 3)])
def test_pictures_are_small(height: int, width: int) -> None:
    keeper = StripKeeper(1)
    masks = torch.ones(1, 1, height, width, dtype=torch.bool)
    images = torch.full((1, 3, height, width), 0.5)
    keeper.offer(["s0"], np.ones(1), {0: images}, {0: masks}, masks)
    (strip,) = keeper.finish(scored("segmentation", targets=np.ones((N, 1))))
    picture, mask = decoded(strip.frames[0].image), decoded(strip.frames[0].mask)
    assert picture.shape == mask.shape == decoded(strip.truth_mask).shape
    assert max(picture.shape) == SIDE
    assert min(picture.shape) >= 1
    assert set(np.unique(picture)) == {128}
    assert set(np.unique(mask)) == {1}


def test_masks_are_label_maps() -> None:
    masks = torch.zeros(N, 2, 6, 4, dtype=torch.bool)
    masks[:, 0, 0] = True
    masks[:, 1, 5] = True
    how: Any = {"masks": lambda part: {0: masks[part], 1: ~masks[part]}, "truth": masks.__getitem__}
    dice = {0: np.ones((N, 2)), 1: np.stack([LOST, np.full(N, math.nan)], 1)}
    final = scored("segmentation", ("lung", "heart"), targets=np.ones((N, 2)), scores=dice)
    (strip,) = kept(3, 1, **how).finish(final)
    truth = decoded(strip.truth_mask)
    assert (truth[0] == 1).all()
    assert (truth[1:5] == 0).all()
    assert (truth[5] == 2).all()
    assert np.array_equal(decoded(strip.frames[0].mask), truth)
    assert strip.frames[1].prediction == pytest.approx({"lung": 0.9})  # no NaN in a picture


@pytest.mark.parametrize(
    ("task", "labels", "target", "says"),
    [
        ("binary", ("Pneumonia",), 1, "Pneumonia"),
        ("binary", ("Pneumonia",), 0, "not Pneumonia"),
        ("binary", ("Pneumonia",), math.nan, "not labelled"),
        ("binary", ("A vs B",), 1, "A"),
        ("binary", ("A vs B",), 0, "B"),
        ("multiclass", ("a", "b", "c"), 2, "c"),
        ("multiclass", ("a", "b", "c"), math.nan, "not labelled"),
        ("multilabel", ("a", "b", "c"), (1, 0, 1), "a, c"),
        ("multilabel", ("a", "b", "c"), (0, math.nan, 0), "none of the labels"),
        ("multilabel", ("a", "b", "c"), (math.nan,) * 3, "not labelled"),
        ("segmentation", ("lung", "heart"), (5, 0), "no heart"),
        ("segmentation", ("lung", "heart"), (0, 0), "no lung, no heart"),
        ("segmentation", ("lung", "heart"), (5, math.nan), ""),
    ],
)
def test_truth_in_words(task: Any, labels: tuple[str, ...], target: Any, says: str) -> None:
    targets = np.array([target] * N, dtype=float)
    shape = (N,) if task == "binary" else (N, len(labels))
    half = np.full(shape, 0.5)
    (strip,) = kept(3, 1).finish(scored(task, labels, targets=targets, scores={0: half, 1: half}))
    assert strip.truth == says


def test_many_labels_show_those_that_matter() -> None:
    labels = tuple(f"finding {i}" for i in range(14))
    noisy = np.full((N, 14), 0.5)
    noisy[:, [2, 7, 9]] = [0.9, 0.1, 0.2]
    for task, targets in (
        ("multilabel", np.eye(14)[[13] * N]),
        ("multiclass", np.full(N, 13.0)),
        ("segmentation", np.eye(14)[[13] * N] * 50),
    ):
        final = scored(task, labels, targets=targets, scores={0: np.full((N, 14), 0.5), 1: noisy})
        (strip,) = kept(3, 1).finish(final)
        shown = list(strip.frames[1].prediction)
        assert len(shown) == 6
        assert {"finding 2", "finding 7", "finding 9", "finding 13"} <= set(shown)
        assert shown == sorted(shown, key=labels.index)
