"""What the workers of pytest-xdist and their controller tell each other, beside xdist's own talk.

Each worker gets a channel of its own. On it a worker says which tests it will run (the controller
collects none) and how far its ladder is; the controller says when to stop.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.plugin import placement
from pytest_xraynoise.plugin.interrupt import planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_xraynoise.plugin.progress import Board

_WORKER = pytest.StashKey["Worker"]()
_CHANNEL, _PLACE, _PROGRESS = "xraynoise_channel", "xraynoise_place", "xraynoise_progress"
_STOP = "stop"


def configure_worker(config: pytest.Config) -> None:
    """Register a worker's side."""
    worker = Worker(config.workerinput)  # type: ignore[attr-defined]
    config.stash[_WORKER] = worker
    config.pluginmanager.register(worker, "xraynoise-worker")


def configure_controller(
    config: pytest.Config, plan: Callable[[list[dict[str, Any]]], None]
) -> None:
    """Register the controller's side, where workers are asked for."""
    if config.getoption("tx", None):
        config.pluginmanager.register(Controller(config, plan), "xraynoise-controller")


def worker_of(config: pytest.Config) -> Worker | None:
    """This process as a worker; None in the controller, and without workers."""
    return config.stash.get(_WORKER, None)


def device_for(config: pytest.Config, model: Any, said: str | None = None) -> str:
    """The device for a model in this process; ``said`` by a test itself it wins over settings."""
    from pytest_xraynoise.engine.gpus import gpus_for
    from pytest_xraynoise.plugin.options import setting

    device: str = setting(config, "device", said)
    if setting(config, "engine") == "ray":  # Ray gives each actor its GPU
        return device
    worker = worker_of(config)
    place = None if worker is None else worker.place
    return placement.device_of_worker(device, place, gpus_for(model, device))


class Worker:
    """One worker's side.

    Attributes:
        place: its number among those that run, for the choice of a GPU. A worker that replaces a
            dead one takes its place.
        tells_progress: whether the controller has a terminal to show it on.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.place = int(given.get(_PLACE, placement.worker_number(str(given["workerid"]))))
        self.tells_progress = bool(given.get(_PROGRESS))
        self._count = int(given["workercount"])
        self._channel: Any = given.get(_CHANNEL)
        self._stopping = False
        if self._channel is not None:
            self._channel.setcallback(self._heard)

    def send(self, kind: str, **message: Any) -> None:
        """Tell the controller; a controller that is gone needs to know nothing."""
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.send((kind, message))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """With ``--dist=loadgroup``, keep the items of one model on one worker."""
        if getattr(config.option, "loadgroup", False):
            placement.mark_groups(items, self._count)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say what there is to run, before pytest-xdist says so and the controller deals it out."""
        self.send(
            "plan", tests=planned(session.items), groups=placement.marked_groups(session.items)
        )

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self) -> None:
        """Ctrl-C came to this process as well, as it does from a terminal."""
        self._stopping = True

    def _heard(self, message: str) -> None:
        # execnet would wait five seconds for the running test before it interrupts it.
        if message == _STOP and not self._stopping:
            self._stopping = True
            _interrupt_main()


class Controller:
    """The controller's side."""

    def __init__(self, config: pytest.Config, plan: Callable[[list[dict[str, Any]]], None]) -> None:
        self._config = config
        self._plan = plan
        self._board: Board | None = None
        self._groups: dict[str, str] = {}
        self._channels: dict[str, Any] = {}
        self._places: dict[str, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Look for a terminal before the first worker starts; there is none before this."""
        from pytest_xraynoise.plugin.options import setting
        from pytest_xraynoise.plugin.progress import Board
        from pytest_xraynoise.plugin.status_line import open_line

        line = open_line(self._config, setting(self._config, "progress"))
        if line is not None:
            self._board = Board(line)
            self._config.pluginmanager.register(self._board, "xraynoise-board")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Open the channel of a new worker and give it a place."""
        name = str(node.gateway.id)
        taken = set(self._places.values())
        self._places[name] = next(n for n in range(len(taken) + 1) if n not in taken)
        channel = self._channels[name] = node.gateway.newchannel()
        channel.setcallback(lambda said: self._heard(name, *said))
        node.workerinput |= {
            _CHANNEL: channel,
            _PLACE: self._places[name],
            _PROGRESS: self._board is not None,
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """With ``--dist=loadgroup``, go by the groups that workers told.

        pytest-xdist 3.8 reads them from test ids, to which it cannot append them since pytest 9.2.
        """
        if config.getoption("dist") != "loadgroup":
            return None
        from pytest_xraynoise.plugin.scheduling import grouped_scheduling

        return grouped_scheduling(config, log, self._groups)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Free the place of a worker that ended or died."""
        self._places.pop(str(node.gateway.id), None)
        self._channels.pop(str(node.gateway.id), None)

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self) -> None:
        """Pass Ctrl-C on."""
        for channel in self._channels.values():
            with contextlib.suppress(OSError):
                channel.send(_STOP)

    def _heard(self, worker: str, kind: str, message: dict[str, Any]) -> None:
        if kind == "plan":
            self._groups |= message["groups"]
            self._plan(message["tests"])
        elif self._board is not None:
            self._board.heard(worker, kind, message)


def _interrupt_main() -> None:
    """Raise KeyboardInterrupt in the main thread, out of a sleep or a wait too."""
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.CTRL_C_EVENT)  # type: ignore[attr-defined]
