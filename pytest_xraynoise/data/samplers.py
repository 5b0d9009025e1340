"""Which samples a loader's sampler can give, whatever order it draws them in."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils import data as torch_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WHOLE = (torch_data.SequentialSampler, torch_data.RandomSampler)


def reachable(loader: torch_data.DataLoader[Any]) -> Sequence[int]:
    """Every index that the loader's sampler can give, ascending, each once."""
    batches: Any = loader.batch_sampler
    if batches is not None and type(batches) is not torch_data.BatchSampler:
        return sorted({int(index) for chunk in _drawn(batches) for index in chunk})
    sampler: Any = loader.sampler if batches is None else batches.sampler
    if isinstance(sampler, _WHOLE):
        return range(len(sampler.data_source))
    if isinstance(sampler, torch_data.WeightedRandomSampler):
        return range(len(sampler.weights))
    if isinstance(sampler, torch_data.SubsetRandomSampler):
        return sorted({int(index) for index in sampler.indices})
    return sorted({int(index) for index in _drawn(sampler)})


def _drawn(sampler: Iterable[Any]) -> list[Any]:
    """What a sampler of the user gives: the same every time, and from nobody's random numbers.

    One with a random generator of its own is on its own.
    """
    python, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            random.seed(0)
            np.random.seed(0)  # noqa: NPY002
            return list(sampler)
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
