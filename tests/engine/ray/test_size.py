"""How many actors, what each gets, and how samples are cut; no cluster needed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.engine.ray.size import MOST_SAMPLES, Share, blocks_of, share_of
from pytest_xraynoise.errors import SpecError

NET = torch.nn.Identity()


def node(cpus: float, gpus: float = 0, alive: bool = True) -> dict[str, object]:
    return {"Alive": alive, "Resources": {"CPU": cpus} | ({"GPU": gpus} if gpus else {})}


HEAD = node(4)
EIGHT = node(64, 8)


@pytest.mark.parametrize(
    ("nodes", "device", "words", "expected"),
    [
        ([HEAD, EIGHT, EIGHT], "auto", {}, Share(1, 1, 16)),
        ([HEAD, EIGHT], "cuda", {"loader_workers": 3}, Share(1, 4, 8)),
        ([node(64), node(8, 8)], "auto", {"loader_workers": 12}, Share(1, 1, 8)),
        ([HEAD, EIGHT], "auto", {"actors": 2}, Share(1, 1, 2)),
        ([HEAD, EIGHT], "cpu", {}, Share(0, 1, 68)),
        ([node(8), node(8, alive=False)], "auto", {}, Share(0, 1, 8)),
        ([node(8)], "auto", {"actors": 3}, Share(0, 2, 3)),
        ([node(0)], "cuda", {"actors": 5}, Share(1, 1, 5)),
    ],
)
def test_one_actor_for_each_gpu_else_for_each_cpu(
    nodes: list[dict[str, object]], device: str, words: dict[str, int], expected: Share
) -> None:
    assert share_of(nodes, NET, device, **words) == expected


def test_a_callable_stays_on_the_cpu_unless_told_otherwise() -> None:
    assert share_of([EIGHT], lambda images: images, "auto").gpus == 0
    assert share_of([EIGHT], lambda images: images, "cuda").gpus == 1


def test_a_cluster_with_nothing_to_give() -> None:
    with pytest.raises(SpecError, match=r"has a CPU or GPU to give now.*ray_actors"):
        share_of([node(0)], NET, "auto")


@given(
    positions=st.lists(st.integers(0, 10**6), min_size=1, max_size=5000, unique=True),
    actors=st.integers(1, 64),
    batch=st.integers(1, 600),
)
def test_blocks_are_the_samples_in_order_in_whole_batches(
    positions: list[int], actors: int, batch: int
) -> None:
    blocks = blocks_of(positions, actors, batch)
    assert [place for block in blocks for place in block.positions] == positions
    assert [block.number for block in blocks] == list(range(len(blocks)))
    sizes = {len(block.positions) for block in blocks[:-1]}
    assert len(sizes) <= 1
    assert all(size % batch == 0 and size < MOST_SAMPLES + batch for size in sizes)
