"""Every kind: the same floats however the batch is cut, ordered, laid out or computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise import noise

KINDS = noise.names()
IDS: Sequence[Any] = [3, "b", 2**64 - 1, "ü", 0, 2**63]


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def batch(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal as bit patterns: -0.0 is not 0.0."""
    return a.shape == b.shape and torch.equal(
        a.contiguous().view(torch.int32), b.contiguous().view(torch.int32)
    )


@st.composite
def cuts(draw: st.DrawFn) -> list[list[int]]:
    """The six samples in any order, cut into batches of any size."""
    order = draw(st.permutations(range(6)))
    ends = [*sorted(draw(st.sets(st.integers(1, 5)))), 6]
    return [order[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(KINDS),
    parts=cuts(),
    threads=st.sampled_from([1, 2, 4]),
    severity=st.integers(1, 5),
    shape=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    clip=st.booleans(),
    keep=st.booleans(),
)
def test_any_batch_size_order_split_and_thread_count(
    kind: str,
    parts: list[list[int]],
    threads: int,
    severity: int,
    shape: tuple[int, int],
    clip: bool,
    keep: bool,
) -> None:
    images = batch(6, 1, *shape)
    torch.set_num_threads(1)
    whole = noise.add(images, kind, severity=severity, ids=IDS, seed=4, clip=clip)
    torch.set_num_threads(threads)
    for part in parts:
        ids = [IDS[index] for index in part]
        if keep:
            ready = noise.prepare(images[part], kind, ids=ids, seed=4, clip=clip)
            made = ready.at(noise.ladder(kind).rung(severity))
        else:
            made = noise.add(images[part], kind, severity=severity, ids=ids, seed=4, clip=clip)
        assert same_bits(made.images, whole.images[part])
        assert same_bits(made.clipped, whole.clipped[part])
        assert same_bits(made.mean_shift, whole.mean_shift[part])


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_more_than_one_block_on_1_2_and_4_threads(kind: str) -> None:
    images = batch(5, 1, 70, 65)
    made = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        made.append(noise.add(images, kind, severity=3, seed=9))
    for other in made[1:]:
        assert same_bits(made[0].images, other.images)
        assert same_bits(made[0].mean_shift, other.mean_shift)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_rungs_does_not_matter(kind: str) -> None:
    images = batch(3, 1, 20, 21)
    rungs = noise.ladder(kind).rungs
    up = noise.prepare(images, kind, ids=None)
    down = noise.prepare(images, kind, ids=None)
    rising = {rung.severity: up.at(rung).images for rung in rungs}
    falling = {rung.severity: down.at(rung).images for rung in reversed(rungs)}
    for severity, made in rising.items():
        assert same_bits(made, falling[severity])
        assert same_bits(made, noise.add(images, kind, severity=severity).images)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_layout_does_not_matter(kind: str) -> None:
    """Transposed, strided, at an odd address, channels last, expanded: the same images."""
    images = batch(3, 1, 33, 47)
    expected = noise.add(images, kind, severity=3).images
    transposed = images.transpose(-1, -2).contiguous().transpose(-1, -2)
    strided = torch.zeros(3, 1, 33, 94)[..., ::2]
    shifted = torch.zeros(images.numel() + 3)[3:].reshape(images.shape)
    strided.copy_(images)
    shifted.copy_(images)
    for other in (transposed, strided, shifted):
        assert same_bits(noise.add(other, kind, severity=3).images, expected)
    three = images.repeat(1, 3, 1, 1)
    for other in (images.expand(3, 3, 33, 47), three.contiguous(memory_format=torch.channels_last)):
        made = noise.add(other, kind, severity=3).images
        assert same_bits(made, expected.expand(3, 3, 33, 47))


@pytest.mark.parametrize("kind", KINDS)
def test_a_colour_image_in_the_batch_leaves_the_grey_ones_alone(kind: str) -> None:
    grey, colour = batch(2, 1, 16, 17).repeat(1, 3, 1, 1), batch(1, 3, 16, 17, seed=5)
    alone = noise.add(grey, kind, severity=2, ids=["a", "b"])
    mixed = noise.add(torch.cat([grey, colour]), kind, severity=2, ids=["a", "b", "c"])
    assert same_bits(mixed.images[:2], alone.images)
    torch.testing.assert_close(mixed.mean_shift[:2], alone.mean_shift, atol=1e-6, rtol=0)
    assert same_bits(mixed.clipped[:2], alone.clipped)


@pytest.mark.parametrize("kind", KINDS)
def test_each_input_to_the_streams_matters(kind: str) -> None:
    """The opposite of the tests above: what is meant to change the noise does."""
    images = batch(1, 1, 64, 64)
    plain = noise.add(images, kind, severity=4, ids=[1]).images
    for change in ({"ids": [2]}, {"ids": [1 + 2**63]}, {"ids": ["x"]}, {"seed": 1}, {"draw": 1}):
        made = noise.add(images, kind, severity=4, **{"ids": [1], **change}).images  # type: ignore[arg-type]
        assert not torch.equal(made, plain), change


# Severity 0.


def awkward() -> torch.Tensor:
    """Values that an operation in float32 would change: -0, denormals, just outside [0, 1]."""
    odd = [0.0, -0.0, 1e-40, -1e-40, 1.0, 1 + 5e-7, -5e-7, 1 / 3, float(np.nextafter(1, 0))]
    return torch.tensor(odd, dtype=torch.float32).repeat(2, 4).reshape(2, 1, 4, 9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clip", [True, False])
def test_severity_0_is_the_input_bit_for_bit(kind: str, clip: bool) -> None:
    images = awkward()
    for shaped in (images, images[:, 0], images.repeat(1, 3, 1, 1), images.expand(2, 3, 4, 9)):
        by_add = noise.add(shaped, kind, severity=0, clip=clip)
        ready = noise.prepare(shaped, kind, ids=["a", "b"], clip=clip)
        for out in (by_add, ready.at(noise.ladder(kind).rung(0))):
            assert same_bits(out.images, shaped)
            assert out.images.is_contiguous()
            assert not out.mean_shift.any()
            assert not out.clipped.any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_severity_0_of_other_floats_is_their_value_in_float32(
    kind: str, dtype: torch.dtype
) -> None:
    """Half floats lose nothing on the way to float32 and back; doubles become the nearest one."""
    images = batch(2, 1, 9, 7).to(dtype)
    out = noise.add(images, kind, severity=0).images
    assert out.dtype == torch.float32
    assert same_bits(out, images.to(torch.float32))
    if dtype != torch.float64:
        assert torch.equal(out.to(dtype), images)


@pytest.mark.parametrize("kind", KINDS)
def test_severity_0_after_other_rungs_is_still_the_input(kind: str) -> None:
    images = batch(2, 1, 9, 7)
    ladder = noise.ladder(kind)
    ready = noise.prepare(images, kind, ids=None)
    ready.at(ladder.rung(5)).images.zero_()
    ready.at(ladder.rung(0)).images.zero_()
    assert same_bits(ready.at(ladder.rung(0)).images, batch(2, 1, 9, 7))
