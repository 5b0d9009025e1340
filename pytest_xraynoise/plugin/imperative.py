"""The fixture ``xraynoise``: evaluate and check by hand, inside a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine import evaluate
from pytest_xraynoise.judge import RobustnessFailure, check
from pytest_xraynoise.plugin.options import setting
from pytest_xraynoise.plugin.recording import Measured, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_xraynoise.results import LadderResult, Verdict


class Imperative:
    """What the fixture ``xraynoise`` gives."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config

    def evaluate(self, model: Any, data: Any, **words: Any) -> LadderResult:
        """:func:`pytest_xraynoise.evaluate` with this run's seed, device, batch size and samples.

        Raises:
            XrayNoiseError: whatever the library form raises.
        """
        __tracebackhide__ = True
        for name in ("seed", "device", "batch_size", "samples"):
            words[name] = setting(self._config, name, words.get(name))
        return evaluate(model, data, **words)

    def check(
        self,
        result: LadderResult,
        *,
        aggregate: str = "worst",
        per_label: bool = False,
        **limits: float | Mapping[int, float],
    ) -> Verdict:
        """Hold limits against a result and add it to the reports.

        Raises:
            RobustnessFailure: when a limit is broken; the test fails.
            SpecError: for a bad limit.
        """
        __tracebackhide__ = True
        texts = tuple(f"{word}={value}" for word, value in limits.items())
        measured = Measured(result.noise, texts, int(result.settings["seed"]), result)
        try:
            measured.verdict = check(result, aggregate=aggregate, per_label=per_label, **limits)
        except RobustnessFailure as failure:
            measured.verdict = failure.verdict
            raise
        finally:
            remember(self._node, measured)
        return measured.verdict
