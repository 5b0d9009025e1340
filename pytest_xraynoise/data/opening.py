"""From what the user's fixture returned to the reader that suits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch.utils import data as torch_data

from pytest_xraynoise.data.loaders import LoaderReader
from pytest_xraynoise.data.readers import RECIPE, PairReader, is_map_style, is_pair
from pytest_xraynoise.data.samplers import reachable
from pytest_xraynoise.data.streams import StreamReader
from pytest_xraynoise.data.workers import item_reader, with_workers
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pytest_xraynoise.data.readers import Reader


def open_reader(data: Any, workers: int | None) -> Reader:
    """Who reads these data.

    Args:
        data: anything that may hold samples.
        workers: processes that load samples; None leaves a loader its own.

    Raises:
        DataError: for what has no form that is known.
    """
    if isinstance(data, torch_data.IterableDataset):
        data = torch_data.DataLoader(data, batch_size=None, collate_fn=_as_it_is)
    if isinstance(data, torch_data.DataLoader):
        if isinstance(data.dataset, torch_data.IterableDataset):
            return StreamReader(data)
        if data.batch_sampler is None:  # batch_size=None: the loader yields single items
            return item_reader(data.dataset, reachable(data), workers=workers)
        return LoaderReader(data if workers is None else with_workers(data, workers))
    if is_pair(data):
        return PairReader(*data)
    if is_map_style(data):
        return item_reader(data, workers=workers)
    raise DataError(f"the dataset is a {type(data).__name__}; {RECIPE}")


def _as_it_is(item: Any) -> Any:
    return item
