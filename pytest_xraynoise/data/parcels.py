"""Batches on their way out of a worker process: packed there, so that nobody waits for ever."""

from __future__ import annotations

import contextlib
import copy
import warnings
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.closing import closing_workers
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch.utils import data as torch_data


class NotHandedOverError(DataError):
    """A batch that a worker could not pickle."""


@dataclass(frozen=True, slots=True)
class _Unsent:
    """What stands for a batch that cannot be pickled."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Parcelled:
    """A collate function whose batches leave the worker pickled; tensors stay in shared memory.

    The queue of a worker pickles in a thread of its own, which prints an error and drops the batch;
    the other side would wait for it without end.
    """

    collate: Callable[[list[Any]], Any]

    def __call__(self, samples: list[Any]) -> bytes:
        """The batch, or the reason why it cannot be sent."""
        made = self.collate(samples)
        try:
            return bytes(ForkingPickler.dumps(made))
        except Exception as error:
            return bytes(ForkingPickler.dumps(_Unsent(f"{type(error).__name__}: {error}")))


@contextlib.contextmanager
def handed_over(loader: torch_data.DataLoader[Any], data: Any) -> Iterator[Callable[[str], Any]]:
    """The batches of a loader, whose workers end with the block.

    Args:
        loader: with workers or without; it is not changed.
        data: the user's dataset, for messages.

    Yields:
        What gives the next batch, and raises ``StopIteration`` after the last. It is told what the
        batch is called, for the message of a :class:`NotHandedOverError`.

    Raises:
        DataError: for a dataset that workers cannot be given.
    """
    workers = loader.num_workers > 0
    with closing_workers(_started(_parcelling(loader) if workers else loader, data)) as batches:

        def take(where: str) -> Any:
            found = next(batches)
            return _unpacked(found, where) if workers else found

        yield take


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """More workers than processors are the user's choice, and waiting takes none: no warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        yield


def _parcelling(loader: torch_data.DataLoader[Any]) -> torch_data.DataLoader[Any]:
    """A copy of a loader, with workers of its own whose batches leave them as parcels."""
    made = copy.copy(loader)
    made.collate_fn = _Parcelled(loader.collate_fn)
    # A loader refuses to have these changed, as the workers that it has could not follow.
    made.__dict__.update(persistent_workers=False, _iterator=None)
    return made


def _started(loader: torch_data.DataLoader[Any], data: Any) -> Iterator[Any]:
    try:
        with quiet():
            return iter(loader)
    except Exception as error:
        if not loader.num_workers:
            raise
        cause = DataError(
            f"the dataset ({type(data).__name__}) cannot be sent to loader workers "
            f"({type(error).__name__}: {error}); make it picklable (a class of a module, no "
            "lambdas, files opened when they are read), or load in this process: loader_workers=0"
        )
    raise cause


def _unpacked(parcel: bytes, where: str) -> Any:
    """What a parcel holds; it can be opened once."""
    found = ForkingPickler.loads(parcel)
    if isinstance(found, _Unsent):
        raise NotHandedOverError(
            f"{where} cannot be handed over by a loader worker ({found.reason}); let the dataset "
            "yield tensors, numbers and texts alone, or load in this process: loader_workers=0"
        )
    return found
