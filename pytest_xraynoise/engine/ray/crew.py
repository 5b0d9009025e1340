"""The actors of this process: hand out blocks, take results, replace those that are lost."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest_xraynoise
from pytest_xraynoise.engine.ray.task import Refused
from pytest_xraynoise.engine.ray.worker import Worker
from pytest_xraynoise.errors import DataError, ModelError, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.engine.ray.parcel import Parcel
    from pytest_xraynoise.engine.ray.size import Share
    from pytest_xraynoise.engine.ray.task import Block, Done
    from pytest_xraynoise.errors import XrayNoiseError

IN_FLIGHT = 2
"""Blocks that an actor has at a time: the one that it works on, and the next."""

RETRIES = 3
"""How often a block whose actor was lost is run again, and how often a start is tried again."""

START = 600.0
"""Seconds to wait for the first actor; a cluster that adds nodes on demand takes minutes."""

_LOOK = 1.0  # seconds after which a wait is taken up again, to notice what no result tells


@dataclass
class _Hand:
    """One actor with the blocks that it was given; ``starting`` until it has said who it is."""

    actor: Any
    starting: Any
    given: deque[tuple[Any, Block]] = field(default_factory=deque)


class Crew:
    """Actors that stay for several runs."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._share: Share | None = None
        self._hands: list[_Hand] = []
        self._boxes: dict[str, tuple[str, Any]] = {}

    def close(self) -> None:
        """End the actors, whatever they do; nothing else in the cluster is touched."""
        hands, self._hands = self._hands, []
        self._boxes.clear()
        for hand in hands:
            self._kill(hand)

    def run(
        self,
        share: Share,
        blocks: Sequence[Block],
        parcels: Sequence[Parcel],
        finished: Callable[[Block, Done], None],
    ) -> None:
        """Run every block somewhere.

        Blocks are given out in order. After an error those before it are waited for, so that the
        error is the one that a run on one machine meets first.

        Args:
            share: what each actor gets.
            blocks: what to run.
            parcels: model, data and task.
            finished: called with each block and what it gave, in the order in which they end.

        Raises:
            DataError, ModelError: as the pass itself raises them.
            ModelError: when actors are lost again and again over one block.
            SpecError: when no actor can be started.
        """
        try:
            self._fit(share, min(share.actors, len(blocks)))
            _Run(self, blocks, parcels, finished).all()
        except (DataError, ModelError):
            for hand in self._hands:  # what they have in hand is short, and starting is not
                hand.given.clear()
            raise
        except BaseException:  # Ctrl-C too: what still runs would run on for nobody
            self.close()
            raise

    def sent(self, parcel: Parcel) -> Any:
        """The reference of a parcel in the object store; put there once for the same content."""
        token, box = self._boxes.get(parcel.what, ("", None))
        if token != parcel.token:
            box = self._ray.put(parcel.box)
            self._boxes[parcel.what] = parcel.token, box
        return box

    def hire(self) -> None:
        """Start one more actor."""
        share = self._share
        if share is None:
            raise RuntimeError("nobody said what an actor gets")
        made = self._ray.remote(Worker).options(
            num_gpus=share.gpus,
            num_cpus=share.cpus,
            max_restarts=0,
            scheduling_strategy="SPREAD",
        )
        actor = made.remote([path for path in sys.path if path], share.cpus)
        self._hands.append(_Hand(actor, actor.about.remote()))

    def lose(self, hand: _Hand) -> None:
        """Take an actor off, dead or not."""
        self._hands.remove(hand)
        self._kill(hand)

    @property
    def hands(self) -> tuple[_Hand, ...]:
        """The actors there are."""
        return tuple(self._hands)

    @property
    def ray(self) -> Any:
        """The package."""
        return self._ray

    def _fit(self, share: Share, count: int) -> None:
        if self._share is None or (share.gpus, share.cpus) != (self._share.gpus, self._share.cpus):
            self.close()
        self._share = share
        while len(self._hands) < count:
            self.hire()

    def _kill(self, hand: _Hand) -> None:
        with contextlib.suppress(Exception):
            self._ray.kill(hand.actor)


class _Run:
    """One run of a crew."""

    def __init__(
        self,
        crew: Crew,
        blocks: Sequence[Block],
        parcels: Sequence[Parcel],
        finished: Callable[[Block, Done], None],
    ) -> None:
        self._crew, self._ray = crew, crew.ray
        self._waiting = deque(blocks)
        self._tokens = {parcel.what: parcel.token for parcel in parcels}
        self._boxes = {parcel.what: crew.sent(parcel) for parcel in parcels}
        self._finished = finished
        self._failed: tuple[int, XrayNoiseError] | None = None
        self._losses: Counter[int] = Counter()
        self._since = time.monotonic()

    def all(self) -> None:
        while self._left():
            self._give()
            self._look()
        if self._failed is not None:
            raise self._failed[1]

    def _left(self) -> bool:
        """Whether a block is to be run whose result still matters."""
        flying = [block for hand in self._crew.hands for _, block in hand.given]
        left = [*self._waiting, *flying]
        if self._failed is None:
            return bool(left)
        return any(block.number < self._failed[0] for block in left)

    def _give(self) -> None:
        for _ in range(IN_FLIGHT):  # everybody gets one before anybody gets the next
            for hand in self._crew.hands:
                if hand.starting is None and len(hand.given) < IN_FLIGHT and self._waiting:
                    block = self._waiting.popleft()
                    made = hand.actor.run.remote(block, self._tokens, **self._boxes)
                    hand.given.append((made, block))

    def _look(self) -> None:
        hands = {}
        for hand in self._crew.hands:
            if hand.starting is not None:
                hands[hand.starting] = hand
            elif hand.given:
                hands[hand.given[0][0]] = hand
        ready, _ = self._ray.wait(list(hands), num_returns=1, timeout=_LOOK)
        for reference in ready:
            if hands[reference].starting is not None:
                self._started(hands[reference])
            else:
                self._ended(hands[reference])
        if not ready:
            self._check_start()

    def _started(self, hand: _Hand) -> None:
        try:
            version, where = self._ray.get(hand.starting)
        except self._ray.exceptions.RayError as error:
            self._crew.lose(hand)
            self._losses[-1] += 1
            if self._losses[-1] > RETRIES:
                raise SpecError(
                    f"no actor could be started on the Ray cluster: {_reason(error)}. Every node "
                    "needs the same versions of Python, ray, torch and pytest-xraynoise"
                ) from error
            self._crew.hire()
            return
        if version != (ours := pytest_xraynoise.__version__):
            raise SpecError(
                f"pytest-xraynoise is {ours} here and {version} on {where}; install the same "
                "version on every node"
            )
        hand.starting = None

    def _ended(self, hand: _Hand) -> None:
        reference, block = hand.given[0]
        try:
            said: Done | Refused = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError:
            raise  # a fault in what runs there, with its own traceback
        except self._ray.exceptions.RayError as error:
            self._lost(hand, block, error)
            return
        hand.given.popleft()
        if isinstance(said, Refused):
            if self._failed is None or block.number < self._failed[0]:
                self._failed = block.number, said.error
                self._waiting = deque(b for b in self._waiting if b.number < block.number)
        else:
            self._finished(block, said)

    def _lost(self, hand: _Hand, block: Block, error: Exception) -> None:
        self._crew.lose(hand)
        self._waiting.extendleft(block for _, block in reversed(hand.given))
        self._losses[block.number] += 1
        if self._losses[block.number] > RETRIES:
            raise ModelError(
                f"{self._losses[block.number]} actors of the Ray cluster were lost, one after the "
                f"other, over {block.words}: {_reason(error)}. Does the model or the dataset end "
                "its process there, or run out of memory?"
            ) from error
        self._crew.hire()

    def _check_start(self) -> None:
        if any(hand.starting is None for hand in self._crew.hands):
            self._since = time.monotonic()
        elif time.monotonic() - self._since > START:
            raise SpecError(
                f"no actor of this run was started in {START:.0f} s; the Ray cluster has free "
                f"{self._ray.available_resources()}: do other jobs use it?"
            )


def _reason(error: Exception) -> str:
    """The line that says most: the last one of a traceback, else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    named = [line for line in lines if "Error: " in line]
    return named[-1] if named else " ".join(lines)[:300]
