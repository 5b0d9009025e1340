"""Progress on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from pytest_xraynoise.training.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable

    Watch = Callable[[int, int, float], None]


class Bar:
    """Bars of one run.

    Args:
        show: whether to draw them; None: where stderr is a terminal.
    """

    def __init__(self, show: bool | None = None) -> None:
        self._off = not (sys.stderr.isatty() if show is None else show)

    def reading(self, data: Any, **words: Any) -> Samples:
        """Open the samples of a run, with a bar while they are read."""
        with tqdm(desc="reading", unit="image", disable=self._off, leave=False) as line:

            def progress(done: int, total: int) -> None:
                line.total = total
                line.update(done - line.n)

            return Samples(data, progress=progress, **words)

    def watching(self, also: Watch | None = None) -> Watch:
        """A function for the loop, that draws the bar and calls ``also``."""
        line: list[Any] = []

        def watch(done: int, total: int, loss: float) -> None:
            if not line:
                line.append(tqdm(desc="training", unit="step", disable=self._off, total=total))
            line[0].update(done - line[0].n)
            line[0].set_postfix(loss=f"{loss:.3f}", refresh=False)
            if done == total:
                line[0].close()
            if also is not None:
                also(done, total, loss)

        return watch
