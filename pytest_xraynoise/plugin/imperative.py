"""The fixture ``xraynoise``: evaluate and check by hand, inside a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.engine import evaluate
from pytest_xraynoise.engine.evaluation import measured_by
from pytest_xraynoise.errors import SpecError, XrayNoiseError
from pytest_xraynoise.judge import RobustnessFailure, check, is_limit
from pytest_xraynoise.judge.breaking import ladder_with_breaking_point
from pytest_xraynoise.judge.standing import with_estimate
from pytest_xraynoise.plugin.cluster import hold_cluster
from pytest_xraynoise.plugin.machine import machine_words
from pytest_xraynoise.plugin.measuring import measurer
from pytest_xraynoise.plugin.options import setting, with_profile
from pytest_xraynoise.plugin.progress import watched
from pytest_xraynoise.plugin.recording import Measured, remember
from pytest_xraynoise.plugin.workers import device_for
from pytest_xraynoise.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.results import BreakingPoint, LadderResult, Verdict
    from pytest_xraynoise.strategies import Searched


class Imperative:
    """What the fixture ``xraynoise`` gives."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config

    def evaluate(self, model: Any, data: Any, **words: Any) -> LadderResult:
        """:func:`pytest_xraynoise.evaluate` with this run's own settings.

        They are seed, repeats, samples, where the noise is added, and how the machine is used:
        device, batch size, precision, channels_last, compile, loader workers and engine. What was
        measured in this session is not measured again.

        Raises:
            pytest.fail.Exception: with the message of whatever the library form raises.
        """
        __tracebackhide__ = True
        words["device"] = device_for(self._config, model, words.get("device"))
        for name in ("seed", "repeats", "samples", "noise_at"):
            words[name] = setting(self._config, name, words.get(name))
        words |= machine_words(self._config, words)
        try:
            with (
                watched(self._config, str(words.get("noise", "poisson"))) as progress,
                measured_by(measurer(self._node)),
            ):
                hold_cluster(self._config, words)
                result = evaluate(model, data, **{"progress": progress, **words})
            return result.replace(settings=with_profile(self._config, result.settings))
        except XrayNoiseError as error:
            raise _told(error) from None

    def breaking_point(self, model: Any, data: Any, **words: Any) -> BreakingPoint:
        """:func:`pytest_xraynoise.breaking_point` with this run's own settings.

        The ladder on which it was found, and the breaking point, show in the reports.

        Raises:
            pytest.fail.Exception: with the message of whatever the library form raises.
        """
        __tracebackhide__ = True
        words["device"] = device_for(self._config, model, words.get("device"))
        for name in ("seed", "repeats", "samples", "noise_at"):
            words[name] = setting(self._config, name, words.get(name))
        words |= machine_words(self._config, words)
        limits = tuple(f"{word}={value}" for word, value in words.items() if is_limit(word))
        try:
            with (
                watched(self._config, str(words.get("noise", "poisson"))) as progress,
                measured_by(measurer(self._node)),
            ):
                hold_cluster(self._config, words)
                result = ladder_with_breaking_point(model, data, **{"progress": progress, **words})
        except XrayNoiseError as error:
            raise _told(error) from None
        result = result.replace(settings=with_profile(self._config, result.settings))
        remember(self._node, Measured(result.noise, limits, int(words["seed"]), result))
        if result.breaking_point is None:
            raise _told(SpecError("no limit applies to every rung, so nothing can break"))
        return result.breaking_point

    def robust_search(self, model: Any, data: Any, **words: Any) -> Searched:
        """:func:`pytest_xraynoise.strategies.robust_search` with this run's own settings.

        What it finds shows in the reports.

        Raises:
            FalsifyingNoise: the mildest noise that breaks a limit; the test fails.
            pytest.fail.Exception: with the message of whatever else the library form raises, and
                when Hypothesis is not installed.
        """
        __tracebackhide__ = True
        words["device"] = device_for(self._config, model, words.get("device"))
        for name in ("seed", "repeats", "samples", "noise_at"):
            words[name] = setting(self._config, name, words.get(name))
        words |= machine_words(self._config, words)
        named = [word for word in words if is_limit(word) and word != "max_examples"]
        limits = tuple(f"{word}={words[word]}" for word in named)
        try:
            from pytest_xraynoise.strategies import robust_search

            with measured_by(measurer(self._node)):
                hold_cluster(self._config, words)
                return robust_search(model, data, **words)
        except ModuleNotFoundError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        except RobustnessFailure as failure:
            found = failure.result.replace(
                settings=with_profile(self._config, failure.result.settings)
            )
            own = Measured(found.noise, limits, int(words["seed"]), found, failure.verdict)
            remember(self._node, own)
            raise
        except XrayNoiseError as error:
            raise _told(error) from None

    def check(
        self,
        result: LadderResult,
        *,
        aggregate: str = "worst",
        per_label: bool = False,
        decide: str | None = None,
        inconclusive: str | None = None,
        min_dose: float | None = None,
        min_severity: int | None = None,
        **limits: float | Mapping[int, float],
    ) -> Verdict:
        """Hold limits against a result and add it to the reports.

        ``decide`` and ``inconclusive`` are those of :func:`pytest_xraynoise.check`, and of this run
        where they are not given.

        Raises:
            RobustnessFailure: when a limit is broken; the test fails.
            pytest.skip.Exception: when the verdict is inconclusive and that is to skip.
            pytest.fail.Exception: for a bad limit, or one that cannot be judged.
        """
        __tracebackhide__ = True
        required = {"min_dose": min_dose, "min_severity": min_severity}
        words = {**limits, **{word: value for word, value in required.items() if value is not None}}
        texts = tuple(f"{word}={value}" for word, value in words.items())
        measured = Measured(result.noise, texts, int(result.settings["seed"]), result)
        try:
            measured.verdict = check(
                result,
                aggregate=aggregate,
                per_label=per_label,
                decide=setting(self._config, "decide", decide),
                inconclusive=setting(self._config, "inconclusive", inconclusive),
                min_dose=min_dose,
                min_severity=min_severity,
                **limits,
            )
            measured.result = with_estimate(result, limits, per_label=per_label)
        except RobustnessFailure as failure:
            measured.result, measured.verdict = failure.result, failure.verdict
            raise
        except XrayNoiseError as error:
            raise _told(error) from None
        finally:
            remember(self._node, measured)
        if measured.verdict.action == "skip":
            pytest.skip(measured.verdict.headline)
        return measured.verdict


def _told(error: XrayNoiseError) -> BaseException:
    """The error as a failure that pytest shows without a traceback."""
    return pytest.fail.Exception(clean(f"{type(error).__name__}: {error}"), pytrace=False)
