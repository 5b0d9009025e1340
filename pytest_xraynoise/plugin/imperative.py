"""The fixture ``xraynoise``: evaluate and check by hand, inside a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.engine import evaluate
from pytest_xraynoise.errors import XrayNoiseError
from pytest_xraynoise.judge import RobustnessFailure, check
from pytest_xraynoise.plugin.options import setting
from pytest_xraynoise.plugin.recording import Measured, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.results import LadderResult, Verdict


class Imperative:
    """What the fixture ``xraynoise`` gives."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config

    def evaluate(self, model: Any, data: Any, **words: Any) -> LadderResult:
        """:func:`pytest_xraynoise.evaluate` with this run's seed, device, batch size and samples.

        Raises:
            pytest.fail.Exception: with the message of whatever the library form raises.
        """
        __tracebackhide__ = True
        for name in ("seed", "device", "batch_size", "samples"):
            words[name] = setting(self._config, name, words.get(name))
        try:
            return evaluate(model, data, **words)
        except XrayNoiseError as error:
            raise _told(error) from None

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
            pytest.fail.Exception: for a bad limit, or one that cannot be judged.
        """
        __tracebackhide__ = True
        texts = tuple(f"{word}={value}" for word, value in limits.items())
        measured = Measured(result.noise, texts, int(result.settings["seed"]), result)
        try:
            measured.verdict = check(result, aggregate=aggregate, per_label=per_label, **limits)
        except RobustnessFailure as failure:
            measured.verdict = failure.verdict
            raise
        except XrayNoiseError as error:
            raise _told(error) from None
        finally:
            remember(self._node, measured)
        return measured.verdict


def _told(error: XrayNoiseError) -> BaseException:
    """The error as a failure that pytest shows without a traceback."""
    return pytest.fail.Exception(f"{type(error).__name__}: {error}", pytrace=False)
