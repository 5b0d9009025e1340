"""Items and batches of every form that a dataset may yield."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pytest_xraynoise.data import items
from pytest_xraynoise.data.arrays import image_tensor, to_tensor
from pytest_xraynoise.data.items import parse_batch, parse_item, stack
from pytest_xraynoise.errors import DataError

RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize(
    ("image", "shape", "dtype"),
    [
        (torch.zeros(3, 4), (1, 3, 4), torch.float32),
        (torch.zeros(1, 3, 4), (1, 3, 4), torch.float32),
        (torch.zeros(3, 5, 4), (3, 5, 4), torch.float32),
        (np.zeros((3, 4), np.uint8), (1, 3, 4), torch.uint8),
        (np.zeros((1, 3, 4), np.uint16), (1, 3, 4), torch.uint16),
        (np.zeros((3, 4), ">u2"), (1, 3, 4), torch.uint16),
        (np.zeros((3, 4), ">f4"), (1, 3, 4), torch.float32),
        (np.zeros((3, 4), np.float64), (1, 3, 4), torch.float64),
        ([[0.0, 1.0], [0.5, 0.5]], (1, 2, 2), torch.float64),
        (Image.fromarray(RAMP), (1, 3, 4), torch.uint8),
        (Image.fromarray(RAMP).convert("RGB"), (3, 3, 4), torch.uint8),
        (Image.fromarray(RAMP.astype(np.uint16) * 5000), (1, 3, 4), torch.uint16),
        (Image.fromarray(RAMP.astype(np.float32) / 12), (1, 3, 4), torch.float32),
    ],
)
def test_image_forms(image: Any, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    made = image_tensor(image, "sample 0")
    assert tuple(made.shape) == shape
    assert made.dtype == dtype


def test_pil_values_survive() -> None:
    assert torch.equal(image_tensor(Image.fromarray(RAMP), "s")[0], torch.from_numpy(RAMP.copy()))
    wide = RAMP.astype(np.uint16) * 5000
    big_endian = Image.frombytes("I;16B", (4, 3), wide.astype(">u2").tobytes())
    for picture in (Image.fromarray(wide), big_endian):
        assert np.array_equal(image_tensor(picture, "s")[0].numpy(), wide)
    colour = np.stack([RAMP, RAMP + 50, RAMP + 100], -1)
    assert np.array_equal(
        image_tensor(Image.fromarray(colour), "s").numpy(), colour.transpose(2, 0, 1)
    )


def test_read_only_arrays_are_copied() -> None:
    array = np.zeros((2, 2), np.float32)
    array.flags.writeable = False
    made = to_tensor(array, "image")
    made += 1
    assert array.sum() == 0


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA", "CMYK", "1"])
def test_pil_modes_that_hold_no_intensities(mode: str) -> None:
    with pytest.raises(DataError, match=rf"sample 3 is a PIL image of mode '{mode}'.*convert"):
        image_tensor(Image.new(mode, (4, 3)), "sample 3")


def test_palette_image_is_a_fine_mask() -> None:
    picture = Image.new("P", (4, 3), 2)
    sample = parse_item((np.zeros((3, 4)), picture), "sample 0")
    assert sample.target.tolist() == [[2] * 4] * 3


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (torch.zeros(8, 9, 3), r"shape \(8, 9, 3\).*channels come first.*permute\(2, 0, 1\)"),
        (torch.zeros(8, 9, 1), r"shape \(8, 9, 1\).*channels come first"),
        (torch.zeros(2, 8, 8), r"shape \(2, 8, 8\); expected HxW or CxHxW with 1 or 3"),
        (torch.zeros(4, 1, 8, 8), r"shape \(4, 1, 8, 8\).*looks like a batch"),
        (torch.zeros(8), r"shape \(8,\); expected HxW"),
        (torch.tensor(1.0), r"shape \(\)"),
        (torch.zeros(1, 0, 8), "holds no pixel"),
        ("image.png", "is a str that is no array of numbers"),
        (None, "is a NoneType that is no array"),
        ([[0.0], [0.0, 1.0]], "is a list that is no array of numbers"),
        (np.array([[1j]]), "dtype complex128"),
    ],
)
def test_images_of_a_wrong_form(image: Any, says: str) -> None:
    with pytest.raises(DataError, match=f"(?s)image of sample 7.*{says}"):
        parse_item((image, 0), "sample 7")


@pytest.mark.parametrize("image_key", items.IMAGE_KEYS)
@pytest.mark.parametrize("target_key", [*items.TARGET_KEYS, *items.MASK_KEYS])
def test_mappings_with_every_key(image_key: str, target_key: str) -> None:
    sample = parse_item({image_key: torch.ones(2, 2), target_key: 4, "path": "x"}, "sample 0")
    assert sample.image.sum() == 4
    assert sample.target.item() == 4
    assert sample.id is None


@pytest.mark.parametrize("prefer_mask", [False, True])
def test_mask_or_label_depends_on_the_task(prefer_mask: bool) -> None:
    item = {"image": torch.ones(2, 2), "label": 1, "mask": torch.zeros(2, 2)}
    assert parse_item(item, "sample 0", prefer_mask).target.ndim == (2 if prefer_mask else 0)


@pytest.mark.parametrize("key", items.ID_KEYS)
@pytest.mark.parametrize("value", ["7", 7, np.int64(7), torch.tensor(7)])
def test_ids_of_items(key: str, value: Any) -> None:
    assert parse_item({"img": torch.ones(2, 2), "lab": 1, key: value}, "sample 0").id == "7"


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"picture": 1, "label": 2}, r"keys \['label', 'picture'\], none of which names an image"),
        ({"image": 1, "truth": 2}, "none of which names a target; expected one of target, label"),
        ((1,), "a tuple of length 1"),
        ((1, 2, 3), "a tuple of length 3; expected"),
        (torch.zeros(2, 2), "a Tensor; expected"),
        ((torch.zeros(2, 2), None), "target of sample 5 is None"),
        ((torch.zeros(2, 2), "pneumonia"), "target of sample 5 is a str that is no array"),
        ((torch.zeros(2, 2), {"a": 1}), "target of sample 5 is a dict that is no array"),
    ],
)
def test_items_of_a_wrong_form(item: Any, says: str) -> None:
    with pytest.raises(DataError, match=f"(?s)sample 5.*{says}|{says}"):
        parse_item(item, "sample 5")


@pytest.mark.parametrize(
    ("target", "shape"),
    [
        (1, ()),
        (True, ()),
        (0.0, ()),
        (np.int64(2), ()),
        ([0, 1, math.nan], (3,)),
        (np.array([1, -1]), (2,)),
        (torch.zeros(4, 5), (4, 5)),
        (np.zeros((2, 4, 5), bool), (2, 4, 5)),
        (Image.fromarray(RAMP), (3, 4)),
    ],
)
def test_target_forms(target: Any, shape: tuple[int, ...]) -> None:
    assert tuple(parse_item((np.zeros((3, 4)), target), "sample 0").target.shape) == shape


def test_stack_names_what_differs() -> None:
    ids = ["a", "b", "c"]
    parts = [torch.zeros(1, 4, 4), torch.zeros(1, 4, 4), torch.zeros(1, 4, 6)]
    with pytest.raises(DataError, match=r"sample 'a' has \(1, 4, 4\), sample 'c' has \(1, 4, 6\)"):
        stack(parts, ids, "image")
    with pytest.raises(DataError, match=r"dtype: sample 'a' has torch.float32, sample 'b' has"):
        stack([parts[0], parts[1].to(torch.uint8)], ids[:2], "image")


@pytest.mark.parametrize(
    "targets",
    [
        (torch.tensor(1), torch.tensor(math.nan, dtype=torch.float64)),
        (torch.tensor(1, dtype=torch.uint8), torch.tensor(-1)),
        (torch.tensor(1, dtype=torch.uint16), torch.tensor(-1.0)),
        (torch.tensor(True), torch.tensor(7, dtype=torch.uint8)),
        (torch.tensor(2**31 + 1), torch.tensor(0.5)),
    ],
)
def test_targets_of_several_dtypes_keep_their_values(targets: tuple[torch.Tensor, ...]) -> None:
    stacked = stack(targets, ["a", "b"], "target")
    expected = [float(target) for target in targets]
    assert np.array_equal(stacked.double().numpy(), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ((torch.zeros(2, 1, 4, 4), torch.zeros(3)), "2 images but 3 targets"),
        ((torch.zeros(2, 1, 4, 4), torch.tensor(1)), "2 images but one number"),
        ((torch.zeros(2, 1, 4, 4), None), "targets of batch 0 are None"),
        ((torch.zeros(2, 4, 4, 3), torch.zeros(2)), r"permute\(0, 3, 1, 2\)"),
        ((torch.zeros(2, 0, 4), torch.zeros(2)), "hold no pixel"),
        (
            {"img": torch.zeros(2, 4, 4), "lab": torch.zeros(2), "id": ["a"]},
            "2 images but 1 ids",
        ),
    ],
)
def test_batches_of_a_wrong_form(raw: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        parse_batch(raw, "batch 0", False)


def test_batch_ids_may_be_strings_or_numbers() -> None:
    for ids in (["3", "4"], torch.tensor([3, 4]), np.array([3, 4])):
        raw = {"image": torch.zeros(2, 4, 4), "mask": torch.zeros(2, 4, 4), "id": ids}
        images, targets, found = parse_batch(raw, "batch 0", False)
        assert isinstance(images, torch.Tensor)
        assert tuple(images.shape) == (2, 1, 4, 4)
        assert tuple(targets.shape) == (2, 4, 4)
        assert found == ["3", "4"]
