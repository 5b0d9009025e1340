"""Noises and metrics of a user's own, through hooks."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import CONFTEST, read_tests, stdout

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


def pytest_xraynoise_noises():
    return [Fog()]


def pytest_xraynoise_metrics(config):
    return [
        Metric(
            name="hits",
            title="Hits",
            lower=0.0,
            upper=1.0,
            compute=lambda targets, scores: float(((scores > 0.5) == targets).mean()),
        )
    ]
"""


def test_a_marker_can_name_them(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + OWN)
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="fogg", max_hits_drop=0.1)
        def test_typo(): ...
        """
    )
    assert "did you mean 'fog'?" in stdout(repo.runpytest_subprocess())
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="fog", max_hits_drop=0.1)
        def test_fog(robustness):
            assert robustness.clean["hits"] > 0.9
            assert "auroc" in robustness.metrics
        """
    )
    result = repo.runpytest_subprocess("--xraynoise-json=out.json", "-n", "2")
    result.assert_outcomes(failed=1)
    test = read_tests(repo.path / "out.json")["test_fog[fog]"]
    assert test["verdict"] == "fail"
    assert [rung["parameter"] for rung in test["rungs"]] == [None, 0.1, 0.5]


def test_they_are_listed(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + OWN)
    repo.runpytest_subprocess("--xraynoise-noises").stdout.fnmatch_lines(
        ["fog", "*a grey veil", "*density: of full scale"]
    )


def test_a_built_in_name_is_refused(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + OWN.replace('name = "fog"', 'name = "poisson"'))
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", max_auroc_drop=0.1)
        def test_it(): ...
        """
    )
    result = repo.runpytest_subprocess()
    text = stdout(result)
    assert "is built in; choose another name" in text
    assert "INTERNALERROR" not in text
