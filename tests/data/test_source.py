"""Every form of dataset, opened as the same batches with the same ids."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils import data as torch_data

from pytest_xraynoise.data import IntensityRange, Normalized, Source, XrayDataset, open_source
from pytest_xraynoise.errors import DataError, SpecError

N = 7
IMAGES = torch.arange(N, dtype=torch.float32).div(10).view(N, 1, 1, 1).expand(N, 1, 4, 5).clone()
TARGETS = torch.arange(N) % 2
ITEMS = list(zip(IMAGES, TARGETS, strict=True))
Pair = torch_data.TensorDataset(IMAGES, TARGETS)


class Stream(torch_data.IterableDataset[Any]):
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Mapped(torch_data.Dataset[Any]):
    """A map-style dataset of a user, with mappings as items."""

    classes = ("normal", "pneumonia")

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"img": IMAGES[index], "lab": TARGETS[index], "id": f"case {index}"}


def loader(data: Any, **how: Any) -> torch_data.DataLoader[Any]:
    return torch_data.DataLoader(data, **how)


def all_of(source: Source) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    batches = list(source)
    ids = [ident for batch in batches for ident in batch.ids]
    return ids, torch.cat([b.images for b in batches]), torch.cat([b.targets for b in batches])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


FORMS: dict[str, Callable[[], Any]] = {
    "tensor dataset": lambda: Pair,
    "list of items": lambda: ITEMS,
    "tuple of items": lambda: tuple(ITEMS),
    "list of mappings": lambda: [{"image": i, "target": t} for i, t in ITEMS],
    "tensors": lambda: (IMAGES, TARGETS),
    "arrays": lambda: (IMAGES.numpy(), TARGETS.numpy()),
    "list of two arrays": lambda: [IMAGES.numpy(), TARGETS.numpy()],
    "tensors and a list": lambda: (IMAGES, TARGETS.tolist()),
    "without a channel": lambda: (IMAGES[:, 0].numpy(), TARGETS),
    "items without a channel": lambda: [(i[0].numpy(), int(t)) for i, t in ITEMS],
    "loader": lambda: loader(Pair, batch_size=3),
    "shuffled loader": lambda: loader(Pair, batch_size=3, shuffle=True, generator=generator()),
    "loader, drop_last": lambda: loader(Pair, batch_size=3, drop_last=True),
    "loader of single items": lambda: loader(Pair, batch_size=None),
    "loader, batch_sampler": lambda: loader(Pair, batch_sampler=[[6, 0], [3, 1, 2], [5], [4]]),
    "loader, BatchSampler": lambda: loader(
        Pair,
        batch_sampler=torch_data.BatchSampler(torch_data.RandomSampler(Pair), 2, drop_last=False),
    ),
    "loader, weighted": lambda: loader(
        Pair, batch_size=2, sampler=torch_data.WeightedRandomSampler([1.0] * N, 3)
    ),
    "loader, replacement": lambda: loader(
        Pair, sampler=torch_data.RandomSampler(Pair, replacement=True, num_samples=2)
    ),
    "loader of mappings": lambda: loader(
        [{"image": i, "label": t} for i, t in ITEMS],
        batch_size=4,
    ),
    "loader over a list": lambda: loader(ITEMS, batch_size=2),
    "stream": lambda: Stream(ITEMS),
    "loader of a stream": lambda: loader(Stream(ITEMS), batch_size=3),
    "loader of single samples": lambda: loader(Stream(ITEMS), batch_size=None),
    "loader of ready batches": lambda: loader(
        Stream([(IMAGES[:4], TARGETS[:4]), (IMAGES[4:], TARGETS[4:])]), batch_size=None
    ),
    "declared": lambda: XrayDataset(Pair),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_samples(form: str) -> None:
    ids, images, targets = all_of(open_source(FORMS[form]()))
    assert ids == [str(i) for i in range(N)]
    assert torch.equal(images, IMAGES)
    assert torch.equal(targets, TARGETS)


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("form", ["tensors", "list of items", "loader", "stream"])
def test_batch_size(form: str, size: int) -> None:
    source = open_source(FORMS[form](), batch_size=size)
    assert source.batch_size == size
    assert [len(batch.ids) for batch in source] == [
        min(size, N - start) for start in range(0, N, size)
    ]
    assert [len(batch.unit) for batch in source] == [len(b.ids) for b in source]


def test_loaders_batch_size_is_the_default() -> None:
    assert open_source(loader(Pair, batch_size=3)).batch_size == 3
    assert open_source(Pair).batch_size == 16


@pytest.mark.parametrize("size", [0, -1, 2.0, "4", True])
def test_batch_size_that_makes_no_sense(size: Any) -> None:
    with pytest.raises(SpecError, match=r"batch_size=.*whole number from 1"):
        open_source(Pair, batch_size=size)


@pytest.mark.parametrize("which", ["Subset", "SubsetRandomSampler", "BatchSampler", "custom"])
def test_subsets_keep_to_the_subset(which: str) -> None:
    chosen = [5, 0, 3]
    sampler: Any = torch_data.SubsetRandomSampler(chosen)
    forms: dict[str, Callable[[], Any]] = {
        "Subset": lambda: torch_data.Subset(Pair, chosen),
        "SubsetRandomSampler": lambda: loader(Pair, batch_size=2, sampler=sampler),
        "BatchSampler": lambda: loader(
            Pair, batch_sampler=torch_data.BatchSampler(sampler, 2, drop_last=True)
        ),
        "custom": lambda: loader(Pair, sampler=[5, 0, 3, 3]),
    }
    ids, images, _ = all_of(open_source(forms[which]()))
    if which == "Subset":  # its own indices
        assert ids == ["0", "1", "2"]
        assert torch.equal(images, IMAGES[chosen])
    else:  # indices of the dataset, ascending, each once
        assert ids == ["0", "3", "5"]
        assert torch.equal(images, IMAGES[[0, 3, 5]])


def test_loader_leaves_the_random_state_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    all_of(open_source(loader(Pair, batch_size=3, shuffle=True)))
    assert torch.equal(torch.get_rng_state(), before)


def test_collate_function_of_the_loader_is_used() -> None:
    def collate(samples: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        images, targets = zip(*samples, strict=True)
        return torch.stack(images) / 2, torch.stack(targets) + 10

    _, images, targets = all_of(open_source(loader(Pair, batch_size=3, collate_fn=collate)))
    assert torch.equal(images, IMAGES / 2)
    assert torch.equal(targets, TARGETS + 10)


def test_collate_function_that_drops_samples_would_mix_up_ids() -> None:
    def collate(samples: list[Any]) -> Any:
        return torch_data.default_collate(samples[1:] if len(samples) > 1 else samples)

    with pytest.raises(DataError, match=r"2 images for 3 samples, so their ids cannot be told"):
        all_of(open_source(loader(Pair, batch_size=3, collate_fn=collate)))


def test_collate_function_may_drop_samples_that_have_ids() -> None:
    def collate(samples: list[Any]) -> Any:
        return torch_data.default_collate(samples[1:])

    ids, _, _ = all_of(open_source(loader(Mapped(), batch_size=4, collate_fn=collate)))
    assert ids == ["case 1", "case 2", "case 3", "case 5", "case 6"]


@pytest.mark.parametrize("form", ["dataset", "loader", "shuffled", "stream"])
def test_items_own_ids(form: str) -> None:
    data: Any = {
        "dataset": Mapped(),
        "loader": loader(Mapped(), batch_size=2),
        "shuffled": loader(Mapped(), batch_size=2, shuffle=True),
        "stream": loader(Stream([Mapped()[i] for i in range(N)]), batch_size=2),
    }[form]
    assert all_of(open_source(data))[0] == [f"case {i}" for i in range(N)]


@pytest.mark.parametrize(
    "ids",
    [list(range(10, 17)), np.arange(10, 17), torch.arange(10, 17), [str(i) for i in range(10, 17)]],
)
def test_declared_ids_come_first(ids: Any) -> None:
    expected = [str(i) for i in range(10, 17)]
    for data in (Mapped(), Pair, (IMAGES, TARGETS), loader(Pair, shuffle=True), Stream(ITEMS)):
        assert all_of(open_source(XrayDataset(data, ids=ids)))[0] == expected


@pytest.mark.parametrize("count", [N - 1, N + 1])
@pytest.mark.parametrize("form", ["tensors", "list of items", "loader"])
def test_ids_have_to_match_the_data(form: str, count: int) -> None:
    data = XrayDataset(FORMS[form](), ids=range(count))
    with pytest.raises(DataError, match=f"has {count} ids, but the data have {N} samples"):
        open_source(data)


def test_too_few_ids_for_a_stream() -> None:
    with pytest.raises(DataError, match=r"has 3 ids, too few"):
        all_of(open_source(XrayDataset(Stream(ITEMS), ids=[1, 2, 3])))


def test_duplicate_ids() -> None:
    with pytest.raises(DataError, match="two samples have the id '3'; ids must be unique"):
        open_source(XrayDataset(Pair, ids=[0, 1, 2, 3, "3", 5, 6]))
    twice = [{"image": i, "target": t, "id": "p1"} for i, t in ITEMS]
    with pytest.raises(DataError, match="two samples have the id 'p1'"):
        all_of(open_source(twice, batch_size=1))


@pytest.mark.parametrize(
    "data",
    [
        [],
        (torch.zeros(0, 1, 4, 4), torch.zeros(0)),
        (np.zeros((0, 4, 4)), np.zeros(0)),
        torch_data.Subset(Pair, []),
        XrayDataset([], name="nothing"),
    ],
)
def test_empty(data: Any) -> None:
    with pytest.raises(DataError, match=r"the dataset \(\w+\) is empty"):
        open_source(data)


def test_empty_stream_is_found_when_it_is_read() -> None:
    with pytest.raises(DataError, match=r"the dataset \(Stream\) is empty"):
        list(open_source(Stream([])))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (3, "the dataset is a int; expected a map-style Dataset"),
        ("images/", "the dataset is a str; expected"),
        ({"images": IMAGES, "targets": TARGETS}, "the dataset is a dict; expected"),
        (iter(ITEMS), "the dataset is a list_iterator; expected"),
        ((IMAGES, TARGETS[:3]), "have 7 images but 3 targets"),
        ((IMAGES[:, 0], torch.zeros(3, 4, 5)), "have 7 images but 3 targets"),
        ((IMAGES, torch.tensor(1)), "have 7 images but one number"),
        ((torch.zeros(N, 4, 5, 3), TARGETS), r"shape \(7, 4, 5, 3\).*permute\(0, 3, 1, 2\)"),
        ((torch.zeros(N, 9), TARGETS), r"shape \(7, 9\); expected NxHxW"),
        ((torch.zeros(N, 1, 0, 5), TARGETS), "hold no pixel"),
    ],
)
def test_data_that_cannot_be_opened(data: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        open_source(data)


def test_images_alone_are_no_dataset() -> None:
    with pytest.raises(DataError, match="sample 0 is a Tensor; expected"):
        all_of(open_source(IMAGES))


class Broken(torch_data.Dataset[Any]):
    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        if index == 4:
            raise OSError("film 4 is missing")
        return ITEMS[index]


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: loader(d, batch_size=3)])
def test_sample_that_raises_is_named(wrap: Any) -> None:
    with pytest.raises(DataError, match="sample 4 could not be loaded: OSError: film 4 is missing"):
        all_of(open_source(wrap(Broken())))


@pytest.mark.parametrize("batch_size", [None, 3])
def test_stream_that_raises_is_named(batch_size: int | None) -> None:
    class Fails(torch_data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            yield from ITEMS[:4]
            raise OSError("connection lost")

    what = "sample 4" if batch_size is None else "batch 1"
    with pytest.raises(DataError, match=f"{what} of the loader could not be loaded: OSError"):
        all_of(open_source(loader(Fails(), batch_size=batch_size)))


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: loader(d, batch_size=3)])
def test_varying_sizes_are_named(wrap: Any) -> None:
    items = [*ITEMS[:4], (torch.zeros(1, 4, 9), 1)]
    with pytest.raises(
        DataError, match=r"sample '[03]' has \(1, 4, 5\), sample '4' has \(1, 4, 9\)"
    ):
        all_of(open_source(wrap(items)))
    assert [b.images.shape[-1] for b in open_source(items, batch_size=1)] == [5, 5, 5, 5, 9]


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: loader(d, batch_size=2)])
def test_target_none_is_named(wrap: Any) -> None:
    with pytest.raises(DataError, match="target of sample 1 is None"):
        all_of(open_source(wrap([ITEMS[0], (IMAGES[1], None)])))


def test_custom_collate_that_raises() -> None:
    def collate(samples: list[Any]) -> Any:
        raise KeyError("age")

    with pytest.raises(
        DataError, match=r"batch 0 of the loader \(samples 0 to 2\) could not be loaded: KeyError"
    ):
        all_of(open_source(loader(Pair, batch_size=3, collate_fn=collate)))


def test_uint16_in_every_form() -> None:
    wide = (IMAGES[:, 0] * 60000).numpy().astype(np.uint16)
    pictures = [Image.fromarray(image) for image in wide]
    forms = [
        (wide, TARGETS),
        (torch.from_numpy(wide.copy()), TARGETS),
        list(zip(pictures, TARGETS, strict=True)),
        list(zip(wide, TARGETS, strict=True)),
    ]
    for form in forms:
        (batch,) = open_source(form)
        assert batch.images.dtype == torch.uint16
        expected = torch.from_numpy(wide.astype(np.float32) / np.float32(65535))[:, None]
        assert torch.equal(batch.unit, expected)
        assert batch.rows(TARGETS == 1).ids == ("1", "3", "5")
        assert torch.equal(batch.rows(TARGETS == 1).unit, expected[1::2])


def test_channels() -> None:
    (three,) = open_source(XrayDataset(Pair, channels=3))
    assert torch.equal(three.images, IMAGES.expand(-1, 3, -1, -1))
    (one,) = open_source(XrayDataset((IMAGES.expand(-1, 3, -1, -1), TARGETS), channels=1))
    assert torch.equal(one.images, IMAGES)
    colour = IMAGES.repeat(1, 3, 1, 1)
    colour[2, 1] += 0.1
    with pytest.raises(DataError, match="three channels of sample '2' differ"):
        list(open_source(XrayDataset((colour, TARGETS), channels=1)))


def test_declared_intensities_reach_unit_and_images_stay() -> None:
    scaled = IMAGES * 2048 - 1024
    (batch,) = open_source(XrayDataset((scaled, TARGETS), intensity=IntensityRange(-1024, 1024)))
    assert torch.equal(batch.images, scaled)
    assert torch.allclose(batch.unit, IMAGES, atol=1e-6)
    with pytest.raises(DataError, match=r"sample '0'.*XrayDataset"):
        list(open_source((scaled, TARGETS)))


def test_labels_of_the_dataset() -> None:
    assert open_source(Mapped()).labels == ("normal", "pneumonia")
    assert open_source(loader(Mapped())).labels == ("normal", "pneumonia")
    assert open_source(XrayDataset(Mapped(), labels=["a", "b"])).labels == ("a", "b")
    assert open_source(Pair).labels is None


def test_labels_of_samples_are_no_label_names() -> None:
    class PerSample(Mapped):
        classes = ("normal", "normal", "pneumonia")  # type: ignore[assignment]

    assert open_source(PerSample()).labels is None


def test_names() -> None:
    assert open_source(Mapped()).name == "Mapped"
    assert open_source(loader(Mapped())).name == "Mapped"
    assert open_source(XrayDataset(Mapped(), name="clinic A")).name == "clinic A"


def test_keep_and_targets() -> None:
    for form in ("tensors", "list of items", "loader", "shuffled loader"):
        source = open_source(FORMS[form](), batch_size=2)
        assert [int(t) for t in source.targets()] == TARGETS.tolist()
        source.keep([1, 4, 6])
        assert len(source) == 3
        assert all_of(source)[0] == ["1", "4", "6"]
        assert all_of(source)[0] == ["1", "4", "6"]  # a source may be read twice
    with pytest.raises(DataError, match="cannot be subset"):
        open_source(Stream(ITEMS)).keep([0])
    with pytest.raises(TypeError, match="length of an iterable dataset is not known"):
        len(open_source(Stream(ITEMS)))


def test_mask_is_preferred_for_segmentation() -> None:
    items = [{"image": i[0], "target": 1, "mask": torch.zeros(4, 5)} for i, _ in ITEMS]
    assert next(iter(open_source(items))).targets.ndim == 1
    assert next(iter(open_source(items, task="segmentation"))).targets.ndim == 3
    assert next(iter(open_source(loader(items), task="segmentation"))).targets.ndim == 3


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"data": XrayDataset(Pair)}, "wrap the data once"),
        ({"channels": 2}, "channels=2.*expected 1, 3 or None"),
        ({"intensity": (0, 255)}, "expected IntensityRange"),
        ({"labels": "Pneumonia"}, "expected a list of names"),
        ({"labels": ["a", "a"]}, "names a label twice"),
        ({"ids": "abcdefg"}, "expected one id for each sample"),
    ],
)
def test_declarations_that_make_no_sense(how: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        XrayDataset(**{"data": Pair, **how})


def test_normalized_three_channels() -> None:
    intensity = Normalized((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    grey = IMAGES.repeat(1, 3, 1, 1)
    (batch,) = open_source(XrayDataset((intensity.from_unit(grey), TARGETS), intensity=intensity))
    assert torch.allclose(batch.unit, grey, atol=1e-6)


class Drawing(torch_data.Sampler[int]):
    """Draws with replacement, from everybody's random numbers."""

    def __iter__(self) -> Any:
        rows = torch.multinomial(torch.ones(N), N, replacement=True).tolist()
        return iter([*rows, random.randrange(N), int(np.random.randint(N))])  # noqa: NPY002

    def __len__(self) -> int:
        return N + 2


@pytest.mark.parametrize("which", ["sampler", "batch_sampler"])
def test_a_sampler_that_draws_gives_the_same_samples_each_time(which: str) -> None:
    drawing: Any = Drawing()
    if which == "batch_sampler":
        drawing = _Batches(Drawing())
    made = torch_data.DataLoader(Pair, **{which: drawing})
    numbers: Any = np.random.get_state()  # noqa: NPY002
    before = torch.get_rng_state(), random.getstate(), numbers[1].copy()
    first = [ident for batch in open_source(made) for ident in batch.ids]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    numbers = np.random.get_state()  # noqa: NPY002
    assert (numbers[1] == before[2]).all()
    torch.manual_seed(99)
    assert [ident for batch in open_source(made) for ident in batch.ids] == first
    assert 1 < len(first) <= N


class _Batches(torch_data.Sampler[list[int]]):
    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __iter__(self) -> Any:
        return iter([[row] for row in self.rows])
