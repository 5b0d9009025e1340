"""The fingerprint that data offer counts for these data, not for whatever wraps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset
from pytest_xraynoise.data.source import open_source
from pytest_xraynoise.engine.cache.data import offered_digest

N = 1200


class Known(torch_data.Dataset[Any]):
    """A dataset that says what it is."""

    fingerprint = "v1"

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.full((1, 2, 2), index / N), index % 2


class Wrapper:
    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        image, target = self.dataset[index]
        return 1 - image, target


class Forwarding(Wrapper):
    def __getattr__(self, name: str) -> Any:
        if name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


class Stream(torch_data.IterableDataset[Any]):
    fingerprint = "v1"

    def __iter__(self) -> Iterator[Any]:
        return (Known()[n] for n in range(8))


def offered(data: Any) -> str | None:
    return offered_digest(open_source(data))


def _inverting(samples: list[Any]) -> Any:
    images, targets = torch_data.default_collate(samples)
    return 1 - images, targets


def test_data_and_a_plain_loader_offer_it() -> None:
    assert offered(Known()) is not None
    assert offered(torch_data.DataLoader(Known(), batch_size=4)) is not None


@pytest.mark.parametrize(
    "data",
    [
        Wrapper(Known()),
        Forwarding(Known()),
        torch_data.DataLoader(Known(), collate_fn=_inverting),
        torch_data.DataLoader(Wrapper(Known())),  # type: ignore[arg-type]
        torch_data.Subset(Wrapper(Known()), [0, 1]),  # type: ignore[arg-type]
        torch_data.DataLoader(Stream(), drop_last=True, batch_size=3),
    ],
    ids=["wrapper", "forwarding", "collate", "in a loader", "in a subset", "stream"],
)
def test_wrappers_that_may_change_samples_do_not(data: Any) -> None:
    assert offered(data) is None


def test_a_subset_is_told_by_its_indices() -> None:
    subset = torch_data.Subset
    alike = [subset(Known(), [0, 1, 2]), subset(Known(), range(3)), subset(Known(), np.arange(3))]  # type: ignore[arg-type]
    others = [
        Known(),
        subset(Known(), [1, 2, 3]),
        subset(Known(), [2, 1, 0]),
        subset(subset(Known(), [3, 4, 5, 6]), [0, 1, 2]),
        torch_data.DataLoader(subset(Known(), [5, 6, 7])),
        torch_data.DataLoader(Known(), sampler=[0, 1, 5]),
    ]
    assert len({offered(data) for data in alike}) == 1
    digests = [offered(data) for data in (alike[0], *others)]
    assert None not in digests
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("word", ["ids", "groups", "pixel_pitch"])
def test_every_value_of_long_declarations_counts(word: str) -> None:
    """The text of a long array leaves out its middle."""
    values = np.arange(1, N + 1) / 100
    other = values.copy()
    other[N // 2] = 2 * N / 100
    one, two = (offered(XrayDataset(Known(), **{word: v})) for v in (values, other))  # type: ignore[arg-type]
    assert one is not None
    assert one != two
