"""Threads are shared among workers, and given back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from pytest_xraynoise.engine import threads
from pytest_xraynoise.engine.threads import shared_threads


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine of four processors, all used by torch."""
    monkeypatch.setattr(threads, "_processors", lambda: 4)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("workers", "share"), [(1, 4), (2, 2), (3, 1), (8, 1)])
def test_a_worker_takes_its_share(four: None, workers: int, share: int) -> None:
    with shared_threads(workers):
        assert torch.get_num_threads() == share
    assert torch.get_num_threads() == 4


def test_fewer_threads_are_left_alone(four: None) -> None:
    torch.set_num_threads(1)
    with shared_threads(2):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 1


def test_they_are_given_back_after_an_error(four: None) -> None:
    with pytest.raises(RuntimeError, match="model"), shared_threads(4):
        raise RuntimeError("model")
    assert torch.get_num_threads() == 4
