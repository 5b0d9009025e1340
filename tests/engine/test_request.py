"""Requests are refused before any image is loaded, with the nearest right word."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from pytest_xraynoise.engine.request import LadderRequest, listed, own_rungs
from pytest_xraynoise.errors import SpecError


def test_whole_ladder_by_default() -> None:
    rungs = LadderRequest("poisson").rungs
    assert [rung.severity for rung in rungs] == [0, 1, 2, 3, 4, 5]
    assert [rung.parameter for rung in rungs] == [None, 60, 25, 12, 5, 3]


def test_severities_are_sorted_and_clean_is_added() -> None:
    rungs = LadderRequest("gaussian", severities=(4, 2, 4)).rungs
    assert [(rung.severity, rung.parameter) for rung in rungs] == [(0, None), (2, 0.12), (4, 0.26)]


def test_named_ladder() -> None:
    request = LadderRequest("poisson", ladder="medmnist-c-pneumonia")
    assert request.resolved_ladder.name == "medmnist-c-pneumonia"
    assert [r.parameter for r in request.rungs[1:]] == [300, 200, 150, 100, 80]


def test_own_rungs_in_their_order() -> None:
    request = LadderRequest("poisson", parameters=own_rungs({"photons": [50, 1000, 200]}))
    assert [(r.severity, r.parameter) for r in request.rungs[1:]] == [(1, 50), (2, 1000), (3, 200)]
    assert request.resolved_ladder.name == "custom"


@pytest.mark.parametrize(
    "values", [[1000, 200, 50], (1000, 200, 50), np.array([1000, 200, 50]), range(50, 1001, 475)]
)
def test_own_rungs_of_every_kind_of_list(values: Any) -> None:
    assert set(own_rungs({"photons": values})["photons"]) <= {1000.0, 525.0, 200.0, 50.0}
    assert len(own_rungs({"photons": values})["photons"]) == 3


def test_one_number_is_one_rung() -> None:
    assert own_rungs({"photons": 50}) == {"photons": (50.0,)}
    assert own_rungs({"sigma": np.float64(0.5)}) == {"sigma": (0.5,)}


@pytest.mark.parametrize("value", [[], "50", [50, "x"], [50, None], [True], float("nan"), [1e999]])
def test_own_rungs_that_are_no_numbers(value: Any) -> None:
    with pytest.raises(SpecError, match="photons="):
        own_rungs({"photons": value})


@pytest.mark.parametrize("value", [3, "auroc", 0.5, {1: 2}])
def test_lists_that_are_none(value: Any) -> None:
    with pytest.raises(SpecError, match=r"severities=.*: expected a list, such as severities=\["):
        listed("severities", value)


def test_lists_of_every_kind() -> None:
    assert listed("severities", None) is None
    for value in ([1, 2], (1, 2), range(1, 3), np.array([1, 2]), iter([1, 2]), {1: 0, 2: 0}.keys()):
        assert listed("severities", value) == (1, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"noise": "poison"}, "unknown noise 'poison'; did you mean 'poisson'"),
        ({"noise": ["poisson"]}, r"unknown noise \['poisson'\]"),
        ({"ladder": "imagenet"}, "did you mean 'imagenet-c'"),
        ({"metrics": ("aurocc",)}, "unknown metric 'aurocc'; did you mean 'auroc'"),
        ({"also": ("dise",)}, "did you mean 'dice'"),
        ({"task": "multi-label"}, "unknown task 'multi-label'; did you mean 'multilabel'"),
        ({"outputs": "logit"}, "did you mean 'logits'"),
        ({"severities": (6,)}, "severity 6 is not on ladder 'imagenet-c'.*0, 1, 2, 3, 4, 5"),
        ({"severities": ()}, r"severities=\[\] runs nothing"),
        ({"severities": (0,)}, r"severities=\[0\] is the clean image only"),
        ({"severities": (1.0,)}, "1.0 is no whole number"),
        ({"severities": (True,)}, "True is no whole number"),
        ({"severities": ("1",)}, "'1' is no whole number"),
        ({"severities": (-1,)}, "severity -1 is not on ladder"),
        ({"confidence": 95}, "confidence=95: expected a number from 0.5 to below 1"),
        ({"confidence": 1.0}, "confidence=1.0"),
        ({"confidence": float("nan")}, "confidence=nan"),
        ({"confidence": "0.95"}, "confidence='0.95'"),
        ({"seed": -1}, r"seed=-1: expected a whole number from 0 to below 2\*\*64"),
        ({"seed": 2**64}, "seed=18446744073709551616"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"samples": 1}, "samples=1: expected a whole number from 2"),
        ({"samples": True}, "samples=True"),
        ({"labels": ()}, r"labels=\[\] leaves nothing to judge"),
        ({"labels": ("a", "a")}, "names a label twice"),
        ({"contrast": ("a",)}, "expected two different labels"),
        ({"contrast": ("a", "a")}, "expected two different labels"),
        ({"contrast": "ab"}, "expected two different labels"),
        ({"contrast": ("a", "b"), "labels": ("a",)}, "leave labels= out"),
        ({"parameters": {"photon": (50.0,)}}, "unknown word 'photon'; did you mean 'photons'"),
        ({"parameters": {"severity": (3.0,)}}, "did you mean 'severities'"),
        ({"parameters": {"pixel_pitch": (0.1,)}}, "unknown word 'pixel_pitch'"),
        ({"parameters": {"max_auroc_drop": (0.1,)}}, r"is a limit.*check\(result, max_auroc_drop"),
        ({"parameters": {"photons": (0.0,)}}, "photons=0.0: expected a finite number"),
        ({"parameters": {"photons": (9.0,)}, "ladder": "imagenet-c"}, "not both"),
        ({"parameters": {"photons": (9.0,)}, "severities": (2,)}, "severity 2 is not on ladder"),
    ],
)
def test_requests_that_make_no_sense(words: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        LadderRequest(**{"noise": "poisson", **words})


def test_checking_a_request_loads_no_torch() -> None:
    code = (
        "import sys; from pytest_xraynoise.engine import LadderRequest; "
        "LadderRequest('poisson', severities=(1,), metrics=('auroc',)); "
        "print([m for m in ('torch', 'numpy', 'sklearn', 'jinja2') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
