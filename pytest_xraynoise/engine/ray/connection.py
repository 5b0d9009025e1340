"""Being connected to a cluster: once for all runs inside ``connected``, whoever opened it first."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.ray.address import (
    AUTO,
    LOCAL,
    check_answers,
    chosen,
    not_connected,
)
from pytest_xraynoise.engine.ray.crew import Crew
from pytest_xraynoise.engine.ray.library import need_ray
from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
"""Nothing is told to anybody outside the user's own cluster."""

_TOUCHED = (*_QUIET, "RAY_AUTH_MODE")  # Ray sets the latter for a cluster that it starts


@dataclass
class Connection:
    """A cluster that is in use.

    Attributes:
        ray: the package.
        address: as it was chosen.
        ours: whether this package connected, and has to disconnect.
        crew: the actors of this process.
    """

    ray: Any
    address: str
    ours: bool
    crew: Crew


_current: list[Connection] = []


@contextlib.contextmanager
def connected(address: str | None = None, *, workers: int = 1) -> Iterator[Connection]:
    """Connect to a cluster, or use the connection that is open.

    The one who opened it closes it: actors end, a local cluster that was started for it is shut
    down, an existing one goes on. A connection that the process made itself (``ray.init``) is used
    and left as it is. Hold it open over several evaluations to start actors once.

    Args:
        address: ``HOST:PORT``, ``ray://HOST:PORT``, ``auto`` or ``local``; that of ``RAY_ADDRESS``
            by default, else ``local``.
        workers: processes that run ladders at the same time and share the processors of a local
            cluster.

    Raises:
        SpecError: without Ray, or where there is no such cluster.
    """
    if _current:
        if address is not None and chosen(address) != _current[0].address:
            raise SpecError(
                f"Ray is connected to {_current[0].address!r} already; {address!r} cannot be used "
                "beside it"
            )
        yield _current[0]
        return
    ray = need_ray()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment())
        where, ours = _open(ray, address, workers)
        if ours:
            stack.callback(_close, ray)
        crew = Crew(ray)
        stack.callback(crew.close)
        _current.append(Connection(ray, where, ours, crew))
        stack.callback(_current.clear)
        yield _current[0]


def _open(ray: Any, address: str | None, workers: int) -> tuple[str, bool]:
    if ray.is_initialized():
        return _joined(ray, address), False
    where = chosen(address)
    check_answers(where)
    how: dict[str, Any] = {}
    if where == LOCAL:
        how = {"num_cpus": max(1, _processors() // workers), "include_dashboard": False}
    try:
        with _unnoticed():
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR, **how)
    except Exception as error:
        with contextlib.suppress(Exception):
            ray.shutdown()
        raise not_connected(where, error) from error
    return where, True


def _joined(ray: Any, address: str | None) -> str:
    """The address of a connection that is not ours."""
    there = str(ray.get_runtime_context().gcs_address)
    if address is not None and chosen(address) not in (there, AUTO):
        raise SpecError(
            f"Ray is connected to {there!r} by this process already; {address!r} cannot be used "
            "beside it. Leave the address out, or call ray.shutdown() before"
        )
    return there


def _close(ray: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        ray.shutdown()


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """The variables that a connection needs, while it is open."""
    before = {name: os.environ.get(name) for name in _TOUCHED}
    os.environ.update(_QUIET)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def _unnoticed() -> Iterator[None]:
    """``ray.init`` without its warnings, and with SIGTERM left as it was."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        with warnings.catch_warnings():
            # They are about Ray's own inside; a run under -W error must not fail on them.
            for kind in (DeprecationWarning, FutureWarning, ResourceWarning):
                warnings.simplefilter("ignore", kind)
            yield
    finally:
        if main and before is not None:
            signal.signal(signal.SIGTERM, before)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
