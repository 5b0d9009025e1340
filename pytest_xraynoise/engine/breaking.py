"""Single settings of a noise run over the data, a few in each pass, for a search among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.results import LadderResult


class Prober:
    """Runs settings of the noise of one request as the rungs of a ladder of their own.

    Seed and sample ids stay those of the request, so every setting is made from the same random
    field as the rungs of its ladder: common random numbers.

    Attributes:
        passes: how often the data were run over so far.
    """

    def __init__(
        self,
        request: LadderRequest,
        metrics: Sequence[str],
        run: Callable[[LadderRequest], LadderResult],
        like: LadderResult | None = None,
    ) -> None:
        """Get ready; nothing is run yet.

        Args:
            request: what was asked for; noise, settings, seed, samples and labels are kept.
            metrics: what to compute, as a rule what the limits name.
            run: runs a request over the model and the data.
            like: an earlier run over them, whose samples every pass has to have again.
        """
        self._request = replace(
            request, severities=None, ladder=None, metrics=tuple(metrics), also=()
        )
        self._run = run
        self._ids = None if like is None else sorted(like.ids)
        self.passes = 0

    def __call__(self, settings: Sequence[Mapping[str, float]]) -> LadderResult:
        """Run settings in one pass; the first of them becomes severity 1.

        Raises:
            DataError: when the data gave other samples than before.
        """
        columns: dict[str, Any] = {
            word: tuple(one[word] for one in settings) for word in settings[0]
        }
        result = self._run(replace(self._request, parameters=columns))
        self.passes += 1
        ids = sorted(result.ids)
        if self._ids is None:
            self._ids = ids
        if ids != self._ids:
            raise DataError(
                f"a breaking point needs several passes over the same samples, but pass "
                f"{self.passes + 1} gave {len(ids)} samples that are not the {len(self._ids)} of "
                "the first; use a map-style dataset, or one that can be read again"
            )
        return result


def remembering(how: Mapping[str, Any]) -> dict[str, Any]:
    """The words of ``run_request``, with a memory of what was run: clean images go through once.

    A ``measurer`` of the caller's own stays, and so does the one that all evaluations have here.
    """
    from pytest_xraynoise.engine.evaluation import current_measurer
    from pytest_xraynoise.engine.sharing import SharedMeasurements

    measurer = how.get("measurer") or current_measurer() or SharedMeasurements()
    return {**how, "measurer": measurer}
