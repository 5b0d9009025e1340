"""Native images: their resize, their masks, their pitches, and batches of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional
from torch.utils import data as torch_data

from pytest_xraynoise.data import Batch, XrayDataset, open_source
from pytest_xraynoise.data.items import parse_batch
from pytest_xraynoise.data.resize import resized, resized_pitch, resized_target, size_text
from pytest_xraynoise.errors import DataError, SpecError

SIZES = [(20, 30), (17, 11), (20, 30), (8, 6), (17, 11)]
TARGETS = [0, 1, 1, 0, 1]


def native() -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(3)
    return [torch.rand(1, *size, generator=draw) for size in SIZES]


IMAGES = native()
ITEMS = list(zip(IMAGES, TARGETS, strict=True))


class Items(torch_data.Dataset[Any]):
    def __len__(self) -> int:
        return len(ITEMS)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"image": IMAGES[index], "label": TARGETS[index], "id": f"film {index}"}


class Stream(torch_data.IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(ITEMS)


def lists(samples: list[Any]) -> Any:
    """A collate function of a user with images of several sizes."""
    return [image for image, _ in samples], torch.tensor([target for _, target in samples])


def both_as_lists(samples: list[Any]) -> Any:
    return [image for image, _ in samples], [mask for _, mask in samples]


def loader(data: Any, **how: Any) -> torch_data.DataLoader[Any]:
    return torch_data.DataLoader(data, **how)


FORMS: dict[str, Callable[[], Any]] = {
    "list": lambda: ITEMS,
    "dataset": Items,
    "stream": Stream,
    "loader": lambda: loader(ITEMS, batch_size=2, shuffle=True),
    "loader of mappings": lambda: loader(Items(), batch_size=2),
    "loader, own collate": lambda: loader(ITEMS, batch_size=2, collate_fn=lists),
    "loader of a stream": lambda: loader(Stream(), batch_size=2),
    "loader of single samples": lambda: loader(Stream(), batch_size=None),
    "pictures": lambda: loader(
        [(Image.fromarray((i[0] * 255).byte().numpy()), t) for i, t in ITEMS], batch_size=3
    ),
}


def by_row(batch: Batch) -> list[torch.Tensor]:
    found: dict[int, torch.Tensor] = {}
    for part in batch.parts:
        assert part.rows == tuple(sorted(part.rows))
        assert part.images.shape[-2:] == part.size
        found |= dict(zip(part.rows, part.unit, strict=True))
    return [found[row] for row in range(len(batch.ids))]


@pytest.mark.parametrize("form", FORMS)
def test_images_of_several_sizes_in_every_form(form: str) -> None:
    batches = list(open_source(XrayDataset(FORMS[form](), resize=16)))
    found = [image for batch in batches for image in by_row(batch)]
    name = "film {}" if "mappings" in form or form == "dataset" else "{}"
    assert [i for b in batches for i in b.ids] == [name.format(i) for i in range(len(ITEMS))]
    assert torch.cat([batch.targets for batch in batches]).tolist() == TARGETS
    for got, expected in zip(found, IMAGES, strict=True):
        if form == "pictures":
            assert torch.equal(got, (expected * 255).byte() / 255)
        else:
            assert torch.equal(got, expected)


@pytest.mark.slow
def test_loader_workers_bring_images_of_several_sizes() -> None:
    batches = list(open_source(XrayDataset(loader(Items(), batch_size=2, num_workers=2), resize=8)))
    found = [image for batch in batches for image in by_row(batch)]
    assert all(torch.equal(a, b) for a, b in zip(found, IMAGES, strict=True))


def test_parts_are_the_sizes_of_a_batch() -> None:
    (batch,) = open_source(XrayDataset(ITEMS, resize=(16, 24)))
    assert [part.rows for part in batch.parts] == [(0, 2), (1, 4), (3,)]
    assert [part.size for part in batch.parts] == [(20, 30), (17, 11), (8, 6)]
    with pytest.raises(DataError, match=r"have 3 sizes; read them by batch\.parts"):
        _ = batch.unit
    some = batch.rows(torch.tensor(TARGETS) == 1)
    assert some.ids == ("1", "2", "4")
    assert [part.rows for part in some.parts] == [(1,), (0, 2)]
    kept = [IMAGES[1], IMAGES[2], IMAGES[4]]
    assert all(torch.equal(a, b) for a, b in zip(by_row(some), kept, strict=True))


def test_one_size_is_one_part() -> None:
    images = torch.rand(4, 1, 9, 7)
    (batch,) = open_source(XrayDataset((images, [0, 1, 0, 1]), resize=5))
    assert [part.rows for part in batch.parts] == [(0, 1, 2, 3)]
    assert torch.equal(batch.unit, images)
    (plain,) = open_source((images, [0, 1, 0, 1]))
    assert torch.equal(plain.unit, batch.unit)
    assert plain.pixel_pitch == (None,) * 4


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: loader(d, batch_size=5)])
def test_without_a_resize_several_sizes_are_refused_by_name(wrap: Any) -> None:
    with pytest.raises(
        DataError,
        match=r"sample '0' has \(1, 20, 30\), sample '1' has \(1, 17, 11\); declare the model's "
        r"size .*XrayDataset\(data, resize=224\)",
    ):
        list(open_source(wrap(ITEMS)))
    own = loader(ITEMS, batch_size=5, collate_fn=lists)
    with pytest.raises(
        DataError,
        match=r"batch 0 of the loader differ in shape: \(1, 20, 30\), \(1, 17, 11\), \(1, 8, 6\); "
        r"declare .*resize=224",
    ):
        list(open_source(own))


def test_channels_and_dtypes_must_agree() -> None:
    colour = [(torch.rand(1, 4, 4), 0), (torch.rand(1, 5, 5).expand(3, 5, 5), 1)]
    with pytest.raises(
        DataError, match=r"differ in channels: sample '0' has 1, sample '1' has 3; .*channels=1"
    ):
        list(open_source(XrayDataset(colour, resize=4)))
    for channels in (1, 3):
        (batch,) = open_source(XrayDataset(colour, resize=4, channels=channels))
        assert {part.unit.shape[1] for part in batch.parts} == {channels}
    mixed = [(torch.rand(4, 4), 0), (torch.zeros(5, 5, dtype=torch.uint8), 1)]
    with pytest.raises(
        DataError, match=r"differ in dtype: sample '0' .*sample '1' has torch.uint8"
    ):
        list(open_source(XrayDataset(mixed, resize=4)))


def test_a_value_out_of_range_names_its_sample() -> None:
    bad = [*ITEMS[:3], (torch.full((1, 8, 6), 7.0), 1)]
    with pytest.raises(DataError, match=r"sample '3' has values from 7 to 7"):
        list(open_source(XrayDataset(bad, resize=4)))


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_resized_is_antialiased_bilinear(
    old: tuple[int, int], new: tuple[int, int], channels: int
) -> None:
    draw = torch.Generator().manual_seed(sum(old) * 100 + sum(new))
    unit = torch.rand(3, channels, *old, generator=draw).round(decimals=1)
    made = resized(unit, new)
    plain = functional.interpolate(
        unit, size=new, mode="bilinear", antialias=True, align_corners=False
    )
    assert made.shape == (3, channels, *new)
    assert torch.equal(made, plain.clamp(0, 1))
    assert torch.allclose(made, plain, rtol=0, atol=1e-5)
    alone = torch.cat([resized(unit[row : row + 1], new) for row in range(3)])
    assert torch.equal(made, alone)


def test_resized_weights_are_the_triangle_of_the_ratio() -> None:
    image = torch.rand(1, 1, 40, 60, dtype=torch.float64).float()
    rows, columns = triangle(40, 16), triangle(60, 18)
    expected = rows @ image[0, 0].double() @ columns.T
    assert torch.allclose(resized(image, (16, 18))[0, 0].double(), expected, rtol=0, atol=1e-6)


def triangle(old: int, new: int) -> torch.Tensor:
    """(new, old) weights: a triangle as wide as the ratio, around each output pixel's centre."""
    ratio = old / new
    centres = (torch.arange(new).double() + 0.5) * ratio
    distance = (torch.arange(old).double()[None] + 0.5 - centres[:, None]).abs() / max(ratio, 1)
    weights = (1 - distance).clamp(min=0)
    return weights / weights.sum(1, keepdim=True)


def test_rounding_never_leaves_the_range() -> None:
    above = 0.0
    for rows in (905, 2095, 3047, 5563):
        white = torch.ones(1, 1, rows, 40)
        plain = functional.interpolate(
            white, size=(224, 8), mode="bilinear", antialias=True, align_corners=False
        )
        above = max(above, float(plain.max()) - 1)
        made = resized(white, (224, 8))
        assert float(made.max()) <= 1
        assert torch.allclose(made, plain, rtol=0, atol=1e-5)
    assert above > 0  # else nothing was shown


def test_resized_refuses_what_is_no_intensity() -> None:
    with pytest.raises(DataError, match=r"from 2 to 2, expected 0 to 1"):
        resized(torch.full((1, 1, 8, 8), 2.0), (4, 4))
    with pytest.raises(DataError, match="expected 0 to 1"):
        resized(torch.full((1, 1, 8, 8), torch.nan), (4, 4))


def test_the_same_size_is_the_same_image() -> None:
    unit = torch.rand(2, 1, 8, 9)
    assert resized(unit, (8, 9)) is unit


@pytest.mark.parametrize(
    "dtype",
    [torch.uint8, torch.bool, torch.int64, torch.int16, torch.uint16, torch.float32, torch.float64],
)
@pytest.mark.parametrize("shape", [(50, 47), (3, 50, 47)])
def test_masks_take_their_nearest_pixels(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(0, 2 if dtype == torch.bool else 9, shape, generator=draw)
    made = resized_target(ids.to(dtype), (50, 47), (20, 61), "sample 'a'")
    rows = ((torch.arange(20) + 0.5) * 50 / 20).floor().long()
    columns = ((torch.arange(61) + 0.5) * 47 / 61).floor().long()
    assert made.dtype == dtype
    assert torch.equal(made.to(torch.int64), ids[..., rows[:, None], columns])


def test_large_ids_and_unlabelled_pixels_survive() -> None:
    mask = torch.tensor([[2**31 + 1, -1], [2**31 + 1, -1]])
    made = resized_target(mask, (2, 2), (4, 4), "s")
    assert made.tolist() == [[2**31 + 1] * 2 + [-1] * 2] * 4
    soft = torch.tensor([[torch.nan, 1.0], [0.0, 1.0]])
    made = resized_target(soft, (2, 2), (4, 4), "s")
    assert int(made.isnan().sum()) == 4


def test_masks_follow_their_images() -> None:
    masks = [(image[0] > 0.5).long() for image in IMAGES]
    data = list(zip(IMAGES, masks, strict=True))
    for form in (data, loader(data, batch_size=5)):
        (batch,) = open_source(XrayDataset(form, resize=(10, 12)), batch_size=5)
        assert batch.targets.shape == (5, 10, 12)
        for got, mask, size in zip(batch.targets, masks, SIZES, strict=True):
            assert torch.equal(got, resized_target(mask, size, (10, 12), ""))
    whole = torch.stack([masks[0], masks[2]])
    pair = (torch.stack([IMAGES[0], IMAGES[2]]), whole)
    (batch,) = open_source(XrayDataset(pair, resize=(10, 12)))
    assert torch.equal(batch.targets[1], resized_target(masks[2], SIZES[2], (10, 12), ""))
    collated = loader(data, batch_size=5, collate_fn=both_as_lists)
    (batch,) = open_source(XrayDataset(collated, resize=(10, 12)))
    assert torch.equal(batch.targets[3], resized_target(masks[3], SIZES[3], (10, 12), ""))


def test_masks_at_the_models_size_are_taken_as_they_are() -> None:
    small = torch.randint(0, 2, (10, 12))
    (batch,) = open_source(XrayDataset([(image, small) for image in IMAGES], resize=(10, 12)))
    assert torch.equal(batch.targets, small.expand(5, -1, -1))


def test_a_mask_of_another_size_is_named() -> None:
    data = [(IMAGES[0], torch.zeros(20, 30)), (IMAGES[1], torch.zeros(5, 5))]
    with pytest.raises(
        DataError,
        match=r"mask of sample '1' has shape \(5, 5\), but its image is 17 x 11; .*10 x 12",
    ):
        list(open_source(XrayDataset(data, resize=(10, 12))))
    pair = (torch.rand(2, 8, 8), torch.zeros(2, 3, 3))
    with pytest.raises(DataError, match=r"mask of image 0 of .*has shape \(3, 3\)"):
        list(open_source(XrayDataset(pair, resize=4)))


def test_vectors_are_no_masks() -> None:
    vector = torch.tensor([1.0, 0.0, torch.nan])
    (batch,) = open_source(XrayDataset([(image, vector) for image in IMAGES], resize=4))
    assert batch.targets.shape == (5, 3)


@given(
    st.floats(0.01, 1),
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    st.tuples(st.integers(1, 1024), st.integers(1, 1024)),
)
def test_the_pitch_keeps_the_area_of_the_field(
    pitch: float, old: tuple[int, int], new: tuple[int, int]
) -> None:
    after = resized_pitch(pitch, old, new)
    assert after**2 * new[0] * new[1] == pytest.approx(pitch**2 * old[0] * old[1], rel=1e-12)


def test_pitch_of_a_uniform_resize_is_exact() -> None:
    assert resized_pitch(0.139, (2048, 2048), (256, 256)) == 0.139 * 8
    assert resized_pitch(0.1, (3000, 2000), (224, 224)) == pytest.approx(
        0.1 * (3000 / 224 * 2000 / 224) ** 0.5
    )


def test_one_pitch_for_each_sample() -> None:
    pitches = [0.1, 0.2, 0.3, 0.4, 0.5]
    said: Any
    for said in (
        pitches,
        tuple(pitches),
        np.array(pitches),
        torch.tensor(pitches, dtype=torch.float64),
    ):
        for form in ("list", "loader", "loader of a stream", "loader, own collate"):
            source = open_source(XrayDataset(FORMS[form](), resize=4, pixel_pitch=said))
            assert [p for batch in source for p in batch.pixel_pitch] == pitches
    source = open_source(XrayDataset(Items(), resize=4, pixel_pitch=pitches))
    source.keep([4, 1])
    (batch,) = source
    assert batch.pixel_pitch == (0.5, 0.2)
    assert batch.rows(torch.tensor([False, True])).pixel_pitch == (0.2,)
    (batch,) = open_source(XrayDataset(ITEMS, resize=4, pixel_pitch=0.139))
    assert batch.pixel_pitch == (0.139,) * 5


def test_a_pitch_that_is_missing() -> None:
    with pytest.raises(DataError, match=r"pixel_pitch=\.\.\.\) has 2 pitches, but the data have 5"):
        open_source(XrayDataset(ITEMS, pixel_pitch=[0.1, 0.2]))
    with pytest.raises(DataError, match=r"pixel_pitch=\.\.\.\) has 2 pitches, too few"):
        list(open_source(XrayDataset(Stream(), resize=4, pixel_pitch=[0.1, 0.2])))


@pytest.mark.parametrize("resize", [0, -1, 2.0, "224", True, (224,), (1, 2, 3), (224, 0), [224.0]])
def test_resize_that_makes_no_sense(resize: Any) -> None:
    with pytest.raises(SpecError, match=r"XrayDataset: resize=.*resize=224 or resize=\(height"):
        XrayDataset(ITEMS, resize=resize)


@pytest.mark.parametrize("pitch", [0, -0.1, "0.1", True, float("nan"), 101, [0.1, None], [0.1, 0]])
def test_pitch_that_makes_no_sense(pitch: Any) -> None:
    with pytest.raises(SpecError, match=r"XrayDataset: pixel_pitch: got .* in mm"):
        XrayDataset(ITEMS, pixel_pitch=pitch)


def test_resize_of_one_number_is_both_sides() -> None:
    assert XrayDataset(ITEMS, resize=224).size == (224, 224)
    assert XrayDataset(ITEMS, resize=(256, 224)).size == (256, 224)
    assert XrayDataset(ITEMS).size is None
    assert size_text((256, 224)) == "256 x 224"


def test_a_collated_list_of_equal_images_needs_no_resize() -> None:
    images, _, _ = parse_batch(([torch.zeros(2, 2), torch.ones(2, 2)], [0, 1]), "b", False)
    assert isinstance(images, torch.Tensor)
    assert images.shape == (2, 1, 2, 2)
