"""Threads are shared among workers, and given back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

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


def pools() -> dict[str, int]:
    """Threads of each OpenMP and BLAS library that is loaded, and of torch."""
    np.linalg.norm(np.ones((2, 2)))  # loads NumPy's BLAS
    found = {str(pool["filepath"]): int(pool["num_threads"]) for pool in threadpool_info()}
    return {**found, "torch": torch.get_num_threads()}


@pytest.mark.parametrize("fails", [False, True])
def test_openmp_and_blas_are_shared_and_given_back_too(four: None, fails: bool) -> None:
    with threadpool_limits(limits=3):
        before = pools()
        assert {threadpool["user_api"] for threadpool in threadpool_info()} >= {"openmp", "blas"}
        assert max(before.values()) >= 3
        try:
            with shared_threads(2):
                assert max(pools().values()) == 2
                torch.set_num_threads(1)  # a model that changes it on its own
                if fails:
                    raise RuntimeError("model")
        except RuntimeError:
            assert fails
        assert pools() == before


def test_a_pool_with_fewer_threads_than_the_share_is_not_given_more(four: None) -> None:
    with threadpool_limits(limits=1, user_api="blas"):
        before = pools()
        with shared_threads(2):
            assert pools() == {name: min(2, count) for name, count in before.items()}
        assert pools() == before
        assert {1, 4} <= set(before.values())


def test_blas_is_shared_where_torch_has_few_threads_already(four: None) -> None:
    torch.set_num_threads(1)
    with threadpool_limits(limits=4, user_api="blas"), shared_threads(2):
        blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        assert set(blas) == {2}
        assert torch.get_num_threads() == 1


def test_one_process_uses_what_it_was_given(four: None) -> None:
    before = pools()
    with shared_threads(1):
        assert pools() == before
