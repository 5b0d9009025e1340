"""The connection to a Ray cluster, held for the session, so that actors start once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.plugin.workers import worker_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPEN = pytest.StashKey["contextlib.ExitStack"]()


def hold_cluster(config: pytest.Config, words: Mapping[str, Any]) -> None:
    """Connect where the first ladder runs on Ray; the session's end disconnects, Ctrl-C too.

    Workers of pytest-xdist connect for each ladder instead: a worker that held its actors while it
    waits for the others would keep theirs from starting.

    Args:
        config: of this run.
        words: how a ladder is run, as :func:`pytest_xraynoise.evaluate` takes them.

    Raises:
        SpecError: where there is no such cluster.
    """
    if words.get("engine") != "ray" or worker_of(config) is not None or _OPEN in config.stash:
        return
    from pytest_xraynoise.engine.ray.connection import connected

    with contextlib.ExitStack() as stack:
        stack.enter_context(connected(words.get("ray_address")))
        config.stash[_OPEN] = stack.pop_all()
    config.add_cleanup(config.stash[_OPEN].close)
