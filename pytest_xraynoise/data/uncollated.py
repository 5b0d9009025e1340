"""Items of a loader that are not stacked, because they are to be resized and may differ in size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch.utils import data as torch_data

from pytest_xraynoise.data.readers import as_batch, gathered, parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data.readers import RawBatch, Reading


def is_default(loader: torch_data.DataLoader[Any]) -> bool:
    """Whether the loader stacks items as torch does, which can be left out."""
    return loader.collate_fn is torch_data.default_collate


def as_they_are(samples: list[Any]) -> list[Any]:
    """A collate function that does nothing."""
    return samples


def batch_of(raw: list[Any], positions: Sequence[int], how: Reading) -> RawBatch | None:
    """A batch of such items; None where all of them are left out."""
    items = dict(zip(positions, raw, strict=True))
    return as_batch(
        gathered(positions, lambda n: parsed(items[n], n, how.prefer_mask, how.field), how), how
    )
