"""Rows that come batch by batch are those that one array would hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.engine import rows
from pytest_xraynoise.engine.rows import GrowingRows


@given(st.lists(st.integers(0, 700), min_size=1, max_size=12), st.sampled_from([(), (3,)]))
def test_as_one_array(counts: list[int], shape: tuple[int, ...]) -> None:
    drawn = np.random.default_rng(sum(counts))
    parts = [drawn.normal(size=(count, *shape)) for count in counts]
    held = GrowingRows()
    for number, part in enumerate(parts, start=1):
        held.add(part)
        assert len(held) == sum(counts[:number])
    np.testing.assert_array_equal(held.array, np.concatenate(parts))


def test_what_was_given_is_not_written() -> None:
    whole = np.arange(6.0).reshape(3, 2)
    before = whole.copy()
    held = GrowingRows(whole[:2])
    held.add(np.full((1, 2), 9.0))
    np.testing.assert_array_equal(whole, before)
    np.testing.assert_array_equal(held.array, [[0, 1], [2, 3], [9, 9]])


def test_few_allocations() -> None:
    held, seen = GrowingRows(), set()
    for _ in range(1000):
        held.add(np.zeros((16, 2)))
        seen.add(held.array.__array_interface__["data"][0])
    assert len(seen) <= 2 + int(np.log2(16_000 / rows.FIRST))


def test_nothing_yet() -> None:
    assert len(GrowingRows()) == 0
    with pytest.raises(ValueError, match="no rows were added"):
        _ = GrowingRows().array


def test_another_shape_is_refused() -> None:
    held = GrowingRows(np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"rows of \(3,\) after rows of \(2,\)"):
        held.add(np.zeros((1, 3)))
    assert len(held) == 1
