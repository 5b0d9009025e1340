"""The step that has the model, on a cluster: cut, sent, measured, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.addresses import everything
from pytest_xraynoise.engine.joining import joined
from pytest_xraynoise.engine.measuring import check_strips
from pytest_xraynoise.engine.ray.connection import connected
from pytest_xraynoise.engine.ray.parcel import packed
from pytest_xraynoise.engine.ray.size import blocks_of, share_of
from pytest_xraynoise.engine.ray.task import Net, Task
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from pytest_xraynoise.data import Source
    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured, Picture, Plan
    from pytest_xraynoise.engine.measuring import Progress
    from pytest_xraynoise.engine.ray.parcel import Parcel
    from pytest_xraynoise.engine.ray.task import Block, Done
    from pytest_xraynoise.engine.request import LadderRequest

_MODEL = (
    "Hold what cannot be pickled (sessions, locks, open files, handles) outside of it: load it at "
    "the first call, or leave it out in __getstate__"
)
_DATA = (
    "Keep paths in the dataset and open files in __getitem__, as the worker processes of a "
    "DataLoader need it too"
)


def measure_on_ray(
    request: LadderRequest,
    model: Any,
    source: Source,
    how: Execution,
    *,
    rungs: Plan | None = None,
    base: Measured | None = None,
    preprocess: Callable[[torch.Tensor], Any] | None = None,
    output: Callable[[Any], Any] | None = None,
    strips: int = 3,
    progress: Progress | None = None,
    workers: int = 1,
    address: str | None = None,
    actors: int | None = None,
    **further: Any,
) -> Measured:
    """:func:`~pytest_xraynoise.engine.measuring.measure` on a Ray cluster.

    The noise follows the samples' ids, so numbers are those of one machine, up to the last bits
    where batches or processors differ.

    Args:
        request: as there, as are all but the last three.
        model: picklable.
        source: the samples to run; read here by nobody.
        how: how each actor uses its machine.
        rungs: the noisy rungs to run, draw by draw; all of the request by default.
        base: an earlier pass over the same samples.
        preprocess: the model's own normalisation, picklable.
        output: picks the tensor out of what the model returns, picklable.
        strips: how many samples to keep pictures of.
        progress: called after each block.
        workers: processes that share the processors of a local cluster.
        address: of the cluster; that of ``RAY_ADDRESS`` by default, else one that is started.
        actors: how many at most; by default one for each GPU, else for each CPU.
        further: other words of ``measure``, picklable.

    Raises:
        DataError, ModelError, SpecError: as there; and for a stream, for what cannot be pickled,
            and for a cluster that is not there.
    """
    check_strips(strips)
    positions = _check_sized(source)
    net = packed(Net(model, preprocess, output), "model", _MODEL)
    data = packed(source.declared, "data", _DATA)
    # The outputs alone are read of an earlier pass, and its rows may be many.
    before = None if base is None else base.replace(rungs={}, pictures=())
    words = {"rungs": rungs, "base": before, "strips": strips, **further}
    task = Task.of(request, how, source.batch_size, **words)
    plan = everything(request) if rungs is None else rungs
    steps = len({rung.severity for _, noisy in plan for rung in noisy}) + (base is None)
    with connected(address, workers=workers) as cluster:
        share = share_of(
            cluster.ray.nodes(),
            model,
            how.device,
            actors=actors,
            loader_workers=how.loader_workers or 0,
        )
        blocks = blocks_of(positions, share.actors, source.batch_size)
        tally = _Tally(len(positions), steps, strips, progress)

        def run(chosen: Sequence[Block], what: Task) -> None:
            parcels: list[Parcel] = [net, data, packed(what, "task")]
            cluster.crew.run(share, chosen, parcels, tally.add)

        run(blocks, task)
        if (logits := tally.logits) is not None and (other := tally.unlike(logits)):
            run([blocks[number] for number in other], task.pinned(logits))
    measured = tally.joined(request)
    device = f"{measured.settings['device']} x {min(share.actors, len(blocks))} (Ray)"
    return measured.replace(
        settings={**measured.settings, "device": device},
        loaded=tuple(positions),
        dataset=source.name,
    )


def _check_sized(source: Source) -> Sequence[int]:
    positions = source.positions
    if positions is None:
        raise DataError(
            f"the dataset ({source.name}) is read as a stream, which cannot be cut into parts for "
            "the Ray cluster; use a map-style dataset (len and [index]), or the local engine"
        )
    return positions


class _Tally:
    """What came back so far."""

    def __init__(self, total: int, steps: int, strips: int, progress: Progress | None) -> None:
        self._total, self._steps, self._strips = total, steps, strips
        self._progress = progress
        self._parts: dict[int, Measured] = {}
        self._pictures: list[tuple[float, int, Picture]] = []
        self._done: dict[int, int] = {}

    def add(self, block: Block, done: Done) -> None:
        """A block ended."""
        self._done[block.number] = len(block.positions)
        if done.measured is not None:
            self._keep(block.number, done.measured.pictures)
            self._parts[block.number] = done.measured.replace(pictures=())
        if self._progress is not None:
            self._progress(sum(self._done.values()), self._total, self._steps)

    def _keep(self, number: int, pictures: Sequence[Picture]) -> None:
        """Pictures of the samples that lost most so far; those of all blocks would be many."""
        found = [kept for kept in self._pictures if kept[1] != number]
        found += [(-picture.lost, number, picture) for picture in pictures]
        self._pictures = sorted(found, key=lambda kept: kept[:2])[: self._strips]

    @property
    def logits(self) -> bool | None:
        """What the first block of a segmentation took the outputs for; None where it is clear."""
        return None if not self._parts else self._parts[min(self._parts)].outputs.logits

    def unlike(self, logits: bool) -> list[int]:
        """The blocks that took them for the other thing, which one machine would not have done."""
        return sorted(n for n, part in self._parts.items() if part.outputs.logits is not logits)

    def joined(self, request: LadderRequest) -> Measured:
        """All blocks as one."""
        if not self._parts:
            pair = " or ".join(request.contrast or ())
            raise DataError(f"no sample has exactly one of {pair}; nothing can be compared")
        parts = [self._parts[number] for number in sorted(self._parts)]
        return joined(parts).replace(pictures=tuple(kept[2] for kept in self._pictures))
