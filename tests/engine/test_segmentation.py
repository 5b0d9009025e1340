"""Masks of every form, and the overlap of each image and class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise.engine.segmentation import Segmentation, lost_dice
from pytest_xraynoise.errors import DataError, ModelError, SpecError

TRUTH = torch.tensor([[[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 1]], [[0, 0, 0], [0, 0, 0]]])
LOGITS = torch.where(TRUTH == 1, 3.0, -3.0)
LOGITS[0, 0, 1] = -3.0  # one of two pixels missed: Dice 2/3
LOGITS[1, 0, 0] = 3.0  # two found, one too many: Dice 4/5
IDS = ["a", "b", "c"]


def binary(**how: Any) -> Segmentation:
    return Segmentation(("lung",), exclusive=False, outputs="auto", **how)


def run(
    collected: Segmentation, targets: torch.Tensor, raw: dict[int, torch.Tensor], size: int = 99
) -> Any:
    for start in range(0, len(targets), size):
        part = slice(start, start + size)
        true, known = collected.true_masks(targets[part], IDS[part])
        predicted = collected.predicted_masks({s: values[part] for s, values in raw.items()})
        collected.add(IDS[part], true, known, predicted)
    return collected.finish()


@pytest.mark.parametrize(
    "masks",
    [
        TRUTH,
        TRUTH[:, None],
        TRUTH.bool(),
        TRUTH.float(),
        TRUTH.to(torch.uint8) * 255,
        (TRUTH * 255).to(torch.uint16),
        TRUTH.double() * 255,
    ],
    ids=lambda m: f"{m.dtype}{m.ndim}",
)
@pytest.mark.parametrize("channel", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_binary_masks(masks: torch.Tensor, channel: bool, size: int) -> None:
    raw = LOGITS[:, None] if channel else LOGITS
    scored = run(binary(), masks, {0: raw}, size)
    assert scored.scores[0][:, 0] == pytest.approx([2 / 3, 4 / 5, 1.0])
    assert scored.per_image["iou"][0][:, 0] == pytest.approx([1 / 2, 2 / 3, 1.0])
    assert scored.targets[:, 0].tolist() == [2, 2, 0]
    assert scored.ids == tuple(IDS)


def test_binary_masks_with_two_outputs() -> None:
    raw = torch.stack([-LOGITS, LOGITS], 1)
    for masks in (TRUTH, TRUTH.to(torch.uint8) * 255, TRUTH.bool()):
        scored = run(Segmentation(("lung",), True, "auto"), masks, {0: raw})
        assert scored.scores[0][:, 0] == pytest.approx([2 / 3, 4 / 5, 1.0])


@pytest.mark.parametrize("value", [2, 254, 128])
def test_binary_masks_with_other_values(value: int) -> None:
    masks = TRUTH.clone()
    masks[1, 0, 0] = value
    with pytest.raises(DataError, match=rf"mask of sample 'b' holds {value}; .* 0 and 1, or 0 and"):
        binary().true_masks(masks, IDS)


def test_soft_masks_are_refused() -> None:
    with pytest.raises(DataError, match=r"sample 'a' holds 0\.5"):
        binary().true_masks(TRUTH * 0.5, IDS)


def test_ignored_pixels_count_for_nothing() -> None:
    for ignored in (-1, math.nan):
        masks = TRUTH.float()
        masks[0, 0, 1] = ignored  # the pixel that was missed
        masks[1, 0, 0] = ignored  # the pixel too many
        masks[2] = ignored  # a film without any label
        scored = run(binary(), masks, {0: LOGITS, 1: -LOGITS})
        assert np.array_equal(scored.scores[0][:, 0], [1.0, 1.0, math.nan], equal_nan=True)
        assert np.array_equal(scored.targets[:, 0], [1.0, 2.0, math.nan], equal_nan=True)
        assert scored.lost.tolist() == [1.0, 1.0, 0.0]


def test_label_of_one_mask_does_not_hide_the_others() -> None:
    masks = torch.stack([TRUTH, torch.full_like(TRUTH, -1)], 1)  # the second is not labelled
    raw = torch.stack([LOGITS, LOGITS], 1)
    scored = run(Segmentation(("lung", "heart"), False, "auto"), masks, {0: raw})
    assert scored.scores[0][:, 0] == pytest.approx([2 / 3, 4 / 5, 1.0])
    assert np.isnan(scored.scores[0][:, 1]).all()


def multi() -> tuple[torch.Tensor, torch.Tensor]:
    """Ids 0..2, one pixel ignored, and outputs that take one pixel of class 2 for class 1."""
    masks = torch.tensor([[[0, 1, 1], [2, 2, 2]], [[0, 0, 0], [0, -1, 2]]])
    said = torch.tensor([[[0, 1, 1], [1, 2, 2]], [[0, 0, 0], [0, 1, 2]]])
    return masks, torch.nn.functional.one_hot(said, 3).permute(0, 3, 1, 2).float()


def test_multiclass_masks() -> None:
    masks, raw = multi()
    for targets in (masks, masks[:, None], masks.double(), masks.to(torch.int16)):
        scored = run(Segmentation(("a", "b"), True, "auto"), targets, {0: raw})
        assert scored.scores[0] == pytest.approx(np.array([[4 / 5, 4 / 5], [1.0, 1.0]]))
        assert scored.targets.tolist() == [[2, 3], [0, 1]]


@pytest.mark.parametrize(("value", "shown"), [(3, "3"), (-2, "-2"), (1.5, "1.5"), (255, "255")])
def test_multiclass_masks_with_other_values(value: float, shown: str) -> None:
    masks = multi()[0].double()
    masks[1, 0, 0] = value
    with pytest.raises(DataError, match=rf"sample 'b' holds {shown}; .*class ids from 0 to 2"):
        Segmentation(("a", "b"), True, "auto").true_masks(masks, IDS)


def test_labels_pick_classes() -> None:
    masks, raw = multi()
    collected = Segmentation(("a", "b"), True, "auto", labels=("b",))
    scored = run(collected, masks, {0: raw})
    assert scored.labels == ("b",)
    assert scored.scores[0][:, 0] == pytest.approx([4 / 5, 1.0])
    assert collected.predicted_masks({0: raw})[0].shape[1] == 1
    with pytest.raises(SpecError, match="unknown label 'c'"):
        Segmentation(("a", "b"), True, "auto", labels=("c",))


def test_multilabel_masks_overlap() -> None:
    masks = torch.stack([TRUTH, torch.ones_like(TRUTH)], 1)
    raw = torch.stack([LOGITS, torch.full_like(LOGITS, 3.0)], 1)
    scored = run(Segmentation(("lung", "thorax"), False, "auto"), masks, {0: raw})
    assert scored.scores[0] == pytest.approx(np.array([[2 / 3, 1], [4 / 5, 1], [1, 1]]))


def test_probabilities_are_cut_at_one_half() -> None:
    for outputs in ("auto", "probabilities"):
        scored = run(Segmentation(("lung",), False, outputs), TRUTH, {0: LOGITS.sigmoid()})
        assert scored.scores[0][:, 0] == pytest.approx([2 / 3, 4 / 5, 1.0])


def test_logits_within_0_and_1() -> None:
    inside = LOGITS / 10 + 0.4  # 0.1 and 0.7: all above 0
    logits = Segmentation(("lung",), False, "logits")
    assert bool(logits.predicted_masks({0: inside})[0].all())
    # One rung outside the range is enough, whichever it is.
    collected = binary()
    collected.predicted_masks({0: inside, 1: LOGITS})
    assert collected.logits is True
    # What was taken for probabilities cannot become logits: that would change the rule midway.
    collected = binary()
    collected.predicted_masks({0: inside})
    with pytest.raises(ModelError, match=r"range from -3 to 3; say outputs='logits'"):
        collected.predicted_masks({0: LOGITS})


def test_loss_is_the_worst_mean_dice() -> None:
    dice = {
        0: np.array([[0.9, 0.7], [0.8, math.nan], [math.nan, math.nan]]),
        1: np.array([[0.5, 0.7], [0.9, math.nan], [math.nan, math.nan]]),
        2: np.array([[0.8, 0.2], [0.7, math.nan], [math.nan, math.nan]]),
    }
    assert lost_dice(dice) == pytest.approx([0.3, 0.1, 0.0])
    assert lost_dice({0: dice[0]}).tolist() == [0, 0, 0]
