"""Run the ladder of one marked test item, in its setup phase."""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.engine import run_request
from pytest_xraynoise.engine.breaking import Prober
from pytest_xraynoise.engine.denoiser_words import is_word, parse_word
from pytest_xraynoise.errors import ModelError, XrayNoiseError
from pytest_xraynoise.judge import decide
from pytest_xraynoise.judge.standing import stand
from pytest_xraynoise.plugin.baselines import hold, unlimited
from pytest_xraynoise.plugin.cluster import hold_cluster
from pytest_xraynoise.plugin.early_end import settling_limits, stopped
from pytest_xraynoise.plugin.machine import machine_words
from pytest_xraynoise.plugin.measuring import measurer
from pytest_xraynoise.plugin.options import setting, with_profile
from pytest_xraynoise.plugin.progress import watched
from pytest_xraynoise.plugin.recording import measured_by_marker, numbered_id
from pytest_xraynoise.plugin.workers import device_for
from pytest_xraynoise.report.text import clean

if TYPE_CHECKING:
    from pytest_xraynoise.plugin.marker import RobustCase
    from pytest_xraynoise.results import LadderResult, Verdict


def run_case(request: pytest.FixtureRequest, case: RobustCase) -> LadderResult:
    """Evaluate and judge a case; trouble on the way is an error of the setup, not a failure."""
    measured = measured_by_marker(request.node)
    model = request.getfixturevalue(case.model)
    data = request.getfixturevalue(case.dataset)
    preprocess = request.getfixturevalue(case.preprocess)
    output = request.getfixturevalue("xray_output")
    trouble: XrayNoiseError | None = None
    try:
        with watched(request.config, case.request.noise) as progress:
            how: dict[str, Any] = {
                "preprocess": preprocess,
                "output": output,
                "device": device_for(request.config, model),
                **machine_words(request.config, case.machine),
                "progress": progress,
                "workers": int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
                "measurer": measurer(request.node),
            }
            if case.denoiser is not None:
                how["denoiser"] = _denoiser(request, case.denoiser)
            hold_cluster(request.config, how)
            fast = setting(request.config, "fail_fast", case.fail_fast)
            limits = settling_limits(case, data) if fast else ()
            ended = None
            if limits:
                ended = stopped(
                    case, limits, lambda asked, n: run_request(asked, model, data, **how, strips=n)
                )
            result = ended[0] if ended else run_request(case.request, model, data, **how)
            if case.denoiser is not None and is_word(case.denoiser):
                result = _named(result, case.denoiser)
            measured.result = result = result.replace(
                model=_fixture_label(request, case.model, result.model),
                dataset=_fixture_label(request, case.dataset, result.dataset),
                settings=with_profile(request.config, result.settings),
            )
            if ended is not None:
                measured.verdict = ended[1]
                return result
            probe = Prober(
                case.request,
                case.metrics,
                lambda asked: run_request(asked, model, data, **how, strips=0),
                result,
            )
            measured.result, measured.verdict = _judged(case, result, probe)
            result = measured.result
        if case.compare is not None:
            node, rules = request.node, case.compare_fail
            hold(node, measured, numbered_id(node, 0), case.compare, rules, case.decide)
    except XrayNoiseError as error:
        trouble = error
    if trouble is not None:  # told outside the except block, so that pytest shows one message
        pytest.fail(clean(f"{type(trouble).__name__}: {trouble}"), pytrace=False)
    return result


def _named(result: LadderResult, word: str) -> LadderResult:
    """With the denoiser called as the marker calls it: a folder is another one elsewhere."""
    if result.denoising is None:
        return result
    denoising = replace(result.denoising, name=word)
    return result.replace(denoising=denoising, settings={**result.settings, "denoiser": word})


def _denoiser(request: pytest.FixtureRequest, name: str) -> Any:
    """A word of a denoiser that comes along as it is; else what the fixture gives.

    Raises:
        ModelError: for a fixture that gives None.
    """
    if is_word(name):
        word = parse_word(name)
        return f"dncnn:{request.config.rootpath / word.path}" if word.path else name
    found = request.getfixturevalue(name)
    if found is None:
        raise ModelError(
            f"the fixture {name!r} gave None for a denoiser; did it forget its return?"
        )
    return found


def _judged(case: RobustCase, result: LadderResult, probe: Prober) -> tuple[LadderResult, Verdict]:
    """The verdict on a case, and its ladder with the breaking point."""
    if not case.limits:
        return result, unlimited()
    held = functools.partial(
        decide,
        aggregate=case.aggregate,
        per_label=case.per_label,
        mode=case.decide,
        inconclusive=case.inconclusive,
    )
    return stand(
        result,
        case.limits,
        case.requirement,
        held,
        aggregate=case.aggregate,
        per_label=case.per_label,
        kind=case.request.kind,
        probe=probe,
    )


def _fixture_label(request: pytest.FixtureRequest, fixture: str, name: str) -> str:
    """The model's or dataset's own name, with the parameter of its fixture where it has one."""
    spec = getattr(request.node, "callspec", None)
    value = None if spec is None else spec.params.get(fixture)
    return f"{name} [{value}]" if isinstance(value, (str, int, float)) else name
