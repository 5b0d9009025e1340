"""Batches on their way out of a worker process: packed there, so that nobody waits for ever."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable


class NotHandedOverError(DataError):
    """A batch that a worker could not pickle."""


@dataclass(frozen=True, slots=True)
class _Unsent:
    """What stands for a batch that cannot be pickled."""

    reason: str


@dataclass(frozen=True, slots=True)
class Parcelled:
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


def unpacked(parcel: bytes, where: str) -> Any:
    """The batch; a parcel can be opened once.

    Raises:
        NotHandedOverError: when it could not be packed.
    """
    found = ForkingPickler.loads(parcel)
    if isinstance(found, _Unsent):
        raise NotHandedOverError(
            f"{where} cannot be handed over by a loader worker ({found.reason}); let the dataset "
            "yield tensors, numbers and texts alone, or load in this process: loader_workers=0"
        )
    return found


def not_sendable(data: Any, error: Exception) -> DataError:
    """The error of a dataset that workers cannot be given."""
    return DataError(
        f"the dataset ({type(data).__name__}) cannot be sent to loader workers "
        f"({type(error).__name__}: {error}); make it picklable (a class of a module, no lambdas, "
        "files opened when they are read), or load in this process: loader_workers=0"
    )
