"""How many actors a cluster has room for, what each gets, and how the samples are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.engine.ray.task import Block
from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_SAMPLES = 1024
"""Samples of a block: seconds of work on a GPU, and all that a lost actor costs."""

BLOCKS_EACH = 4
"""Blocks that every actor gets at least, so that none waits long for the slowest."""


@dataclass(frozen=True, slots=True)
class Share:
    """What each actor gets, and how many of them there is room for."""

    gpus: int
    cpus: int
    actors: int


def share_of(
    nodes: Iterable[Mapping[str, Any]],
    model: Any,
    device: str,
    *,
    actors: int | None = None,
    loader_workers: int = 0,
) -> Share:
    """One actor for each GPU where the model runs on GPUs, else one for each CPU.

    Args:
        nodes: what ``ray.nodes()`` says.
        model: a callable that is no module stays on the CPU under ``auto``, as it does locally.
        device: auto, cpu, cuda or mps; Ray chooses which GPU.
        actors: how many at most, which then share the CPUs.
        loader_workers: processes that each starts; they take CPUs too, where there are enough.

    Raises:
        SpecError: for a device that the cluster does not have.
    """
    if device.startswith("cuda:"):
        raise SpecError(
            f"device {device!r}: on a Ray cluster Ray chooses the GPU of each actor; say cuda"
        )
    have = [node.get("Resources", {}) for node in nodes if node.get("Alive", True)]
    gpus = sum(int(one.get("GPU", 0)) for one in have)
    cpus = sum(int(one.get("CPU", 0)) for one in have)
    may = device == "cuda" or (device == "auto" and isinstance(model, torch.nn.Module))
    if may and gpus:
        each = min(int(one.get("CPU", 0)) // int(one["GPU"]) for one in have if one.get("GPU"))
        return Share(1, max(1, min(1 + loader_workers, each)), min(gpus, actors or gpus))
    if device == "cuda":
        if actors is None:
            raise SpecError(
                "device 'cuda' is not there: no node of the Ray cluster has a GPU now. Where nodes "
                "come when they are asked for, say how many actors to ask for (ray_actors)"
            )
        return Share(1, 1, actors)
    if not cpus and actors is None:
        raise SpecError(
            "no node of the Ray cluster has a CPU or GPU to give now. Where nodes come when they "
            "are asked for, say how many actors to ask for (ray_actors)"
        )
    count = cpus if actors is None else actors
    return Share(0, max(1, cpus // count), count)


def blocks_of(positions: Sequence[int], actors: int, batch: int) -> list[Block]:
    """Disjoint blocks of whole batches, in order: the batches are those of a run on one machine."""
    even = -(-len(positions) // (actors * BLOCKS_EACH))
    size = batch * max(1, -(-min(even, MOST_SAMPLES) // batch))
    starts = range(0, len(positions), size)
    return [Block(n, tuple(positions[at : at + size])) for n, at in enumerate(starts)]
