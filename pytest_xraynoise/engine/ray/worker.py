"""The actor's side: holds the model and the opened data, measures one block after the other."""

from __future__ import annotations

import contextlib
import copy
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import torch

import pytest_xraynoise
from pytest_xraynoise.data import open_source
from pytest_xraynoise.engine.device import choose_device
from pytest_xraynoise.engine.measuring import measure
from pytest_xraynoise.engine.ray.parcel import unpacked
from pytest_xraynoise.engine.ray.task import Done, Net, Refused, Task
from pytest_xraynoise.engine.targets import NothingComparedError
from pytest_xraynoise.errors import XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data import Source
    from pytest_xraynoise.engine.ray.parcel import Bytes
    from pytest_xraynoise.engine.ray.task import Block


class Worker:
    """Made an actor by :class:`~pytest_xraynoise.engine.ray.crew.Crew`; needs no Ray itself.

    Args:
        paths: where the driver imports from; those that exist here too are searched last.
        threads: how many this actor may use.
    """

    def __init__(self, paths: Sequence[str], threads: int) -> None:
        sys.path += [path for path in paths if path not in sys.path]
        torch.set_num_threads(threads)
        self._tokens: dict[str, str] = {}
        self._held: dict[str, Any] = {}
        self._source: tuple[object, Source] | None = None
        self._sizes: dict[object, int] = {}

    def about(self) -> tuple[str, str]:
        """The version of this package, and where the actor runs."""
        return pytest_xraynoise.__version__, _here()

    def run(
        self, block: Block, tokens: dict[str, str], model: Bytes, data: Bytes, task: Bytes
    ) -> Done | Refused:
        """Measure one block.

        Args:
            block: which samples.
            tokens: of the parcels by what they hold; one that is held already is not opened again.
            model: the parcel of a :class:`~pytest_xraynoise.engine.ray.task.Net`.
            data: that of the declared dataset.
            task: that of a :class:`~pytest_xraynoise.engine.ray.task.Task`.
        """
        try:
            for what, box in (("model", model), ("data", data), ("task", task)):
                self._take(what, tokens[what], box)
            return Done(self._measured(block))
        except NothingComparedError:
            return Done(None)
        except XrayNoiseError as error:
            return Refused.of(error)

    def _take(self, what: str, token: str, box: Bytes) -> None:
        if self._tokens.get(what) == token:
            return
        self._held.pop(what, None)
        self._source = None
        self._held[what] = unpacked(what, box, _here())
        self._tokens[what] = token
        if what == "task":
            self._held[what].register()

    def _measured(self, block: Block) -> Any:
        net: Net = self._held["model"]
        task: Task = self._held["task"]
        self._settle(net, task)
        source = copy.copy(self._opened(task))
        order = source.positions
        if order != range(len(source)):
            at = {place: n for n, place in enumerate(order or ())}
            source.keep([at[place] for place in block.positions])
        else:
            source.keep(block.positions)
        source.batch_size = self._sizes.get(self._key, source.batch_size)
        words = {"preprocess": net.preprocess, "output": net.output, **task.words}
        measured = measure(task.request, net.model, source, task.how, **words)
        if not source.in_batches and task.how.fixed_batch is None:
            self._sizes = {self._key: measured.settings["batch_size"]}
        return measured

    @property
    def _key(self) -> object:
        return tuple(sorted(self._tokens.items()))

    def _settle(self, net: Net, task: Task) -> None:
        """Leave a module on its device between blocks, where every block would move it there."""
        if isinstance(net.model, torch.nn.Module):
            with contextlib.suppress(Exception):  # told by the pass itself, in its own words
                net.model.to(choose_device(task.how.device))

    def _opened(self, task: Task) -> Source:
        if self._source is None or self._source[0] != self._key:
            source = open_source(
                self._held["data"],
                task=task.request.task,
                batch_size=task.batch_size,
                workers=task.how.loader_workers,
            )
            self._source = self._key, source
        return self._source[1]


def _here() -> str:
    return f"{socket.gethostname()} (process {os.getpid()})"
