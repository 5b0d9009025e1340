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


KAPPA = """
from pytest_xraynoise.metrics import Metric

def pytest_xraynoise_metrics(config):
    return [Metric(name="kappa_of_mine", title="Kappa", lower=0.0, upper=1.0,
                   compute=lambda targets, scores: 0.5)]
"""
USES = """
from pytest_xraynoise import robust

@robust(noise="poisson", severities=[1], max_kappa_of_mine_drop=0.1)
def test_it(): ...
"""


def test_a_conftest_of_a_folder_that_comes_later(repo: pytest.Pytester) -> None:
    for folder in ("a", "b"):
        (repo.path / folder).mkdir()
    (repo.path / "a" / "test_first.py").write_text(USES.replace("kappa_of_mine", "auroc"))
    (repo.path / "b" / "test_second.py").write_text(USES)
    (repo.path / "b" / "conftest.py").write_text(KAPPA)
    repo.runpytest_subprocess().assert_outcomes(passed=2)
    repo.runpytest_subprocess("-n", "2").assert_outcomes(passed=2)


def test_two_sessions_in_one_process(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + KAPPA)
    repo.makepyfile(test_it=USES)
    code = "import pytest; raise SystemExit(pytest.main(['-q']) or pytest.main(['-q']))"
    assert repo.runpython_c(code).ret == 0


def test_two_of_one_name_are_refused(repo: pytest.Pytester) -> None:
    repo.makeconftest(CONFTEST + KAPPA.replace("return [", "return 2 * ["))
    repo.makepyfile(USES)
    assert "the metric 'kappa_of_mine' exists already" in stdout(repo.runpytest_subprocess())


@pytest.mark.parametrize("where", ["ini", "environment"])
def test_rules_about_them_in_a_setting(
    repo: pytest.Pytester, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.makeconftest(CONFTEST + KAPPA)
    repo.makepyfile(USES)
    if where == "ini":
        repo.makeini("[pytest]\nxraynoise_compare_fail = kappa_of_mine:0.01\n")
    else:
        monkeypatch.setenv("XRAYNOISE_COMPARE_FAIL", "kappa_of_mine:0.01")
    monkeypatch.setenv("XRAYNOISE_COMPARE", "main")
    repo.runpytest_subprocess("--xraynoise-save=main").assert_outcomes(passed=1)
    repo.runpytest_subprocess().assert_outcomes(passed=1)
