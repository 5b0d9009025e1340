"""How far a ladder is: counted where it runs, shown where the terminal is."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.plugin.options import setting
from pytest_xraynoise.plugin.status_line import StatusLine, open_line
from pytest_xraynoise.plugin.workers import worker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

_LINE = pytest.StashKey["StatusLine | None"]()

DRAW_EVERY = 0.1
"""Seconds between two drawings: faster is not read."""

SEND_EVERY = 0.25
"""Seconds between two messages of a worker."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one ladder stands.

    Attributes:
        noise: its kind.
        done, total: samples that went through every rung, and all of them (None: not known).
        rungs: how many rungs each goes through, the clean one included.
        rate: samples a second, None before it can be told.
    """

    noise: str
    done: int
    total: int | None
    rungs: int
    rate: float | None = None

    @property
    def left(self) -> float | None:
        """Seconds to go."""
        if self.total is None or not self.rate:
            return None
        return (self.total - self.done) / self.rate


def words(running: Sequence[Progress], width: int) -> str:
    """Every running ladder in one line of at most ``width`` columns; empty where none fits."""
    if not running:
        return ""
    done = sum(each.done for each in running)
    totals = [each.total for each in running]
    known = [total for total in totals if total is not None]
    counted = f"{done}/{sum(known)}" if len(known) == len(totals) else f"{done}"
    rungs = "/".join(map(str, sorted({each.rungs for each in running})))
    what = running[0].noise if len(running) == 1 else f"{len(running)} ladders"
    rates = [each.rate for each in running if each.rate]
    pace = f", {_rate(sum(rates))}/s" if rates else ""
    lefts = [each.left for each in running]
    waits = [left for left in lefts if left is not None]
    left = f", {_clock(max(waits))} left" if len(waits) == len(running) else ""
    forms = (
        f"{what}: {counted} samples x {rungs} rungs{pace}{left}",
        f"{counted} x {rungs} rungs{left}",
        f"{counted}{left}",
        counted,
    )
    return next((form for form in forms if len(form) <= width), "")


def _rate(samples: float) -> str:
    return f"{samples:.0f}" if samples >= 10 else f"{samples:.1f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Meter:
    """What a ladder calls after each batch: measures its pace and tells it, not too often.

    The first batch carries what is done once (kernels that are compiled, caches that are filled),
    so the pace is measured from its end.

    Args:
        noise: the kind of noise of the ladder.
        tell: what is told.
        every: seconds between two tellings; the first comes at once.
        clock: seconds from any moment.
    """

    def __init__(
        self,
        noise: str,
        tell: Callable[[Progress], None],
        every: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._noise = noise
        self._tell = tell
        self._every = every
        self._clock = clock
        self._first: tuple[float, int] | None = None
        self._told = float("-inf")

    def __call__(self, done: int, total: int | None, rungs: int) -> None:
        """``done`` of ``total`` samples went through all of ``rungs``."""
        now = self._clock()
        self._first = self._first or (now, done)
        if now - self._told < self._every:
            return
        self._told = now
        progress = Progress(self._noise, done, total, rungs)
        since, before = self._first
        if now > since and done > before:
            progress = replace(progress, rate=(done - before) / (now - since))
        self._tell(progress)


@contextmanager
def watched(
    config: pytest.Config, noise: str
) -> Iterator[Callable[[int, int | None, int], None] | None]:
    """What to call while a ladder runs, None where nobody wants to know; cleared at the end.

    A worker of pytest-xdist has no terminal: it tells the controller.
    """
    worker = worker_of(config)
    if worker is not None:
        if not worker.tells_progress:
            yield None
            return
        try:
            yield Meter(noise, lambda now: worker.send("progress", **asdict(now)), SEND_EVERY)
        finally:
            worker.send("ended")
        return
    if _LINE not in config.stash:
        config.stash[_LINE] = open_line(config, setting(config, "progress"))
    line = config.stash[_LINE]
    if line is None:
        yield None
        return
    shown = line
    try:
        yield Meter(noise, lambda now: shown.draw(lambda w: words([now], w)), DRAW_EVERY)
    finally:
        shown.clear()


class Board:
    """On the controller: one line for what the workers tell.

    Their messages come in on threads of their own while pytest writes from the main one. So the
    line is cleared, and kept clear, for as long as a hook may write.
    """

    def __init__(self, line: StatusLine, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._clock = clock
        self._running: dict[str, Progress] = {}
        self._drawn = float("-inf")
        self._closed = False

    def heard(self, worker: str, kind: str, message: dict[str, Any]) -> None:
        """A worker said how far it is, or that its ladder ended."""
        with self._line.lock:
            if kind == "progress":
                self._running[worker] = Progress(**message)
            else:
                self._running.pop(worker, None)
            now = self._clock()
            if self._closed or now - self._drawn < DRAW_EVERY:
                return
            self._drawn = now
            running = list(self._running.values())
            self._line.draw(lambda width: words(running, width))

    def _cleared(self) -> Generator[None, Any, Any]:
        with self._line.lock:
            self._line.clear()
            try:
                return (yield)
            finally:
                # What pytest-xdist writes right after a hook, outside any, is left in peace too.
                self._drawn = self._clock()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        """Written about with ``-v``."""
        return (yield from self._cleared())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        """Written about as a letter or a line."""
        return (yield from self._cleared())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Generator[None, Any, Any]:
        """Written about as a percentage."""
        return (yield from self._cleared())

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> Generator[None, Any, Any]:
        """A worker that is gone runs nothing any more."""
        with self._line.lock:
            self._running.pop(str(node.gateway.id), None)
        return (yield from self._cleared())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """The end; the summary has the terminal for itself."""
        self._closed = True
        return (yield from self._cleared())
