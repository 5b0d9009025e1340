"""The fixtures that users override, name, parametrise, or ask for."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import read_tests, stdout


def test_the_defaults_give_a_recipe(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from pytest_xraynoise import robust

        @robust(noise="poisson", max_auroc_drop=0.05)
        def test_model(): ...

        @pytest.fixture
        def some_model():
            return lambda images: images.mean((1, 2, 3))

        @robust(noise="poisson", model="some_model", max_auroc_drop=0.05)
        def test_dataset(): ...
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=2)
    text = stdout(result)
    for part in ("no model to test", "no data to test on", "def xray_model():", "load_my_model()"):
        assert part in text
    assert "pytest_xraynoise/" not in text


def test_fixtures_by_other_names(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="gaussian", severities=[1], model="masks", dataset="masked", min_dice=0.5)
        def test_it(robustness):
            assert robustness.model == "Masks"
        """
    )
    repo.runpytest_inprocess().assert_outcomes(passed=1)


def test_parametrised_fixtures_multiply_the_items(repo: pytest.Pytester) -> None:
    with (repo.path / "conftest.py").open("a") as conftest:
        conftest.write(
            """

@pytest.fixture(scope="session", params=["bright", "texture"])
def xray_model(request):
    return {"bright": Bright, "texture": Texture}[request.param]()


@pytest.fixture(scope="session", params=[20, 40], ids=["few", "many"])
def xray_dataset(request):
    return make_data(request.param)
"""
        )
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise=["poisson", "gaussian"], severities=[1], min_auroc=0.1)
        def test_it(robustness, xray_model, xray_dataset):
            assert robustness.model.startswith(type(xray_model).__name__)
            assert len(robustness.ids) == len(xray_dataset[0])
        """
    )
    result = repo.runpytest_inprocess("-v")
    result.assert_outcomes(passed=8)
    text = stdout(result)
    for model in ("bright", "texture"):
        for data in ("few", "many"):
            for noise in ("poisson", "gaussian"):
                parts = {model, data, noise}
                assert any(
                    parts <= set(line.split("[")[1].split("]")[0].split("-"))
                    for line in text.splitlines()
                    if "test_it[" in line and "PASSED" in line
                )


def test_models_that_depend_on_other_fixtures(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest
        from pytest_xraynoise import robust

        @pytest.fixture(params=[30.0, 40.0])
        def gain(request):
            return request.param

        @pytest.fixture
        def xray_model(gain):
            return lambda images: gain * (images.mean((1, 2, 3)) - 0.46)

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(robustness): ...
        """
    )
    repo.runpytest_inprocess().assert_outcomes(passed=2)


def test_preprocess_and_output_are_used(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest
        import torch
        from pytest_xraynoise import robust

        seen = []

        @pytest.fixture
        def xray_preprocess():
            return lambda images: (images - 0.5) / 0.25

        @pytest.fixture
        def xray_output():
            return lambda out: out["scores"][1]

        @pytest.fixture
        def xray_model():
            def model(images):
                seen.append(float(images.min()))
                return {"scores": ["unused", images.mean((1, 2, 3))], "other": torch.zeros(1)}
            return model

        @robust(noise="gaussian", severities=[1], max_auroc_drop=0.5)
        def test_it(robustness):
            assert min(seen) < -0.4, "not normalised"

        @pytest.fixture
        def shifted():
            return lambda images: images + 100

        @robust(noise="gaussian", severities=[1], preprocess="shifted", max_auroc_drop=0.5)
        def test_by_name(robustness):
            assert max(seen) > 99
        """
    )
    repo.runpytest_inprocess().assert_outcomes(passed=2)


def test_robustness_without_a_marker_says_so(repo: pytest.Pytester) -> None:
    repo.makepyfile("def test_it(robustness): ...")
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture robustness needs the marker*"])


def test_the_imperative_form(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("noise", ["poisson", "gaussian"])
        def test_loop(xraynoise, xray_model, xray_dataset, noise):
            result = xraynoise.evaluate(xray_model, xray_dataset, noise=noise, severities=[1])
            assert result.settings["seed"] == 7
            verdict = xraynoise.check(result, max_auroc_drop=0.5)
            assert verdict.status == "pass"

        def test_broken(xraynoise, texture, xray_dataset):
            result = xraynoise.evaluate(texture, xray_dataset, noise="gaussian", severities=[5])
            xraynoise.check(result, max_auroc_drop=0.05)

        def test_bad_word(xraynoise, texture, xray_dataset):
            xraynoise.evaluate(texture, xray_dataset, noise="gausian")
        """
    )
    result = repo.runpytest_inprocess("--xraynoise-seed=7", "--xraynoise-json=out.json")
    result.assert_outcomes(passed=2, failed=2)
    text = stdout(result)
    assert "RobustnessFailure: auroc dropped by" in text
    assert "did you mean 'gaussian'?" in text
    tests = read_tests(repo.path / "out.json")
    assert set(tests) == {"test_loop[poisson]", "test_loop[gaussian]", "test_broken"}
    assert tests["test_broken"]["verdict"] == "fail"
