"""``--xraynoise-engine``, ``-ray-address`` and ``-ray-actors``."""

from __future__ import annotations

import importlib
import socket
import sys

import pytest

from tests.plugin.conftest import CONFTEST, read_tests, stdout

importlib.import_module("ray")  # C extensions do not survive being imported twice

OWN = """

from pytest_xraynoise.metrics import Metric
from pytest_xraynoise.noise import NoiseKind, Parameter


class Fog(NoiseKind):
    name = "fog"
    parameters = (Parameter("density", "of full scale", high=1.0),)
    ladders = {"default": {"density": [0.1, 0.5]}}
    default_ladder = "default"
    summary = "a grey veil"

    def apply(self, image, field, parameters):
        density = parameters["density"]
        return image * (1 - density) + density


def area_of(predicted, true):
    return predicted.mean((2, 3))


def pytest_xraynoise_noises():
    return [Fog()]


def pytest_xraynoise_metrics():
    return [Metric.from_masks(name="area", title="Area", values=area_of, lower=0.0, upper=1.0)]
"""

TESTS = """
from pytest_xraynoise import robust


@robust(noise="poisson", severities=[1, 3], max_auroc_drop=0.05)
def test_holds(): ...


@robust(noise="fog", max_auroc_drop=0.0)
def test_fog(): ...


@robust(noise="fog", model="masks", dataset="masked", max_area_drop=1.0, min_dice=0.0)
def test_masks(): ...


def test_by_hand(xraynoise, xray_model, xray_dataset):
    import ray

    result = xraynoise.evaluate(xray_model, xray_dataset, noise="gaussian", severities=[2])
    assert len(result.ids) == 40
    assert ray.is_initialized()
"""


@pytest.fixture(autouse=True)
def _no_cluster_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_what_a_conftest_defines_runs_on_a_cluster_of_the_run(repo: pytest.Pytester) -> None:
    """Its models, data, noises and metrics; under ``-W error``, and without a word of Ray's own."""
    repo.makeconftest(CONFTEST + OWN)
    repo.makepyfile(TESTS)
    result = repo.runpytest_subprocess(
        "-W",
        "error",
        "--xraynoise-json=ray.json",
        "--xraynoise-engine=ray",
        "--xraynoise-ray-address=local",
        "--xraynoise-ray-actors=2",
        "--xraynoise-batch-size=4",
    )
    result.assert_outcomes(passed=4)
    assert "Ray" not in result.stderr.str(), "Ray talks into the terminal"
    tests = read_tests(repo.path / "ray.json")
    assert set(tests) == {"test_holds[poisson]", "test_fog[fog]", "test_masks[fog]"}
    for test in tests.values():
        assert test["verdict"] == "pass"
        assert test["settings"]["device"] == "cpu x 2 (Ray)"
    assert [rung["parameter"] for rung in tests["test_fog[fog]"]["rungs"]] == [None, 0.1, 0.5]
    areas = [rung["metrics"]["area"]["value"] for rung in tests["test_masks[fog]"]["rungs"]]
    assert areas == [0.5, 0.5, 1.0], "the veil makes everything bright"


@pytest.mark.slow
def test_workers_of_xdist_take_turns(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + OWN)
    repo.makepyfile(TESTS)
    result = repo.runpytest_subprocess(
        "-n2", "--xraynoise-engine=ray", "--xraynoise-ray-address=local", "-k", "not by_hand"
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--xraynoise-engine=rey", "unknown engine 'rey'; did you mean 'ray'? Known: local, ray"),
        ("--xraynoise-ray-address=head", "Ray address 'head': expected HOST:PORT"),
        ("--xraynoise-ray-actors=none", "whole number from 1"),
    ],
)
def test_bad_settings_are_told_before_the_run(
    mixed: pytest.Pytester, option: str, expected: str
) -> None:
    result = mixed.runpytest_inprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert expected in stdout(result)
    assert "Traceback" not in stdout(result)


def test_without_ray(mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = mixed.runpytest_inprocess("--xraynoise-engine=ray")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "pip install 'pytest-xraynoise[ray]'" in stdout(result)


@pytest.mark.parametrize("said", ["option", "RAY_ADDRESS"])
def test_an_address_where_nobody_answers(
    mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    address = f"127.0.0.1:{free_port()}"
    options = ["--xraynoise-engine=ray", "-k", "test_holds"]
    if said == "option":
        options.append(f"--xraynoise-ray-address={address}")
    else:
        monkeypatch.setenv("RAY_ADDRESS", address)
    result = mixed.runpytest_inprocess(*options)
    result.assert_outcomes(errors=1, deselected=6)
    result.stdout.fnmatch_lines([f"*no Ray cluster answers at '{address}'*ray start --head*"])


def test_an_address_is_not_looked_at_by_the_local_engine(mixed: pytest.Pytester) -> None:
    mixed.runpytest_inprocess(
        "--xraynoise-ray-address=127.0.0.1:1", "-k", "test_holds"
    ).assert_outcomes(passed=1, deselected=6)
