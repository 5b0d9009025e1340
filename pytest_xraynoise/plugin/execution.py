"""Run the ladder of one marked test item, in its setup phase."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_xraynoise.engine import run_request
from pytest_xraynoise.errors import XrayNoiseError
from pytest_xraynoise.judge import decide
from pytest_xraynoise.plugin.options import setting
from pytest_xraynoise.plugin.recording import measured_by_marker

if TYPE_CHECKING:
    from pytest_xraynoise.plugin.marker import RobustCase
    from pytest_xraynoise.results import LadderResult


def run_case(request: pytest.FixtureRequest, case: RobustCase) -> LadderResult:
    """Evaluate and judge a case; trouble on the way is an error of the setup, not a failure."""
    measured = measured_by_marker(request.node)
    model = request.getfixturevalue(case.model)
    data = request.getfixturevalue(case.dataset)
    device = setting(request.config, "device")
    batch_size = setting(request.config, "batch_size")
    preprocess = request.getfixturevalue(case.preprocess)
    output = request.getfixturevalue("xray_output")
    trouble: XrayNoiseError | None = None
    try:
        result = run_request(
            case.request,
            model,
            data,
            preprocess=preprocess,
            output=output,
            device=device,
            batch_size=batch_size,
            workers=int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
        )
        measured.result = result = result.replace(
            model=_fixture_label(request, case.model, result.model),
            dataset=_fixture_label(request, case.dataset, result.dataset),
        )
        measured.verdict = decide(
            result, case.limits, aggregate=case.aggregate, per_label=case.per_label
        )
    except XrayNoiseError as error:
        trouble = error
    if trouble is not None:  # told outside the except block, so that pytest shows one message
        pytest.fail(f"{type(trouble).__name__}: {trouble}", pytrace=False)
    return result


def _fixture_label(request: pytest.FixtureRequest, fixture: str, name: str) -> str:
    """The model's or dataset's own name, with the parameter of its fixture where it has one."""
    spec = getattr(request.node, "callspec", None)
    value = None if spec is None else spec.params.get(fixture)
    return f"{name} [{value}]" if isinstance(value, (str, int, float)) else name
