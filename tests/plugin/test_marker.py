"""The marker: its forms, where it may stand, and what pytest tells about it."""

from __future__ import annotations

import inspect

import pytest

from pytest_xraynoise import robust
from pytest_xraynoise.plugin import kind_words
from pytest_xraynoise.plugin.marker import WORDS, parse_marker
from pytest_xraynoise.plugin.settings import resolve
from tests.plugin.conftest import stdout


def test_the_decorator_is_the_mark() -> None:
    assert robust(noise="poisson", max_auroc_drop=0.05) == pytest.mark.robust(
        noise="poisson", max_auroc_drop=0.05
    )


def test_the_typed_form_has_every_word() -> None:
    typed = {name for name in inspect.signature(robust).parameters if name != "limits"}
    assert typed == {*WORDS, *kind_words.TYPED}


def test_cases_are_frozen() -> None:
    mark = robust(noise=["poisson", "gaussian"], severities=[1, 2], max_auroc_drop=0.1).mark
    cases = parse_marker(mark, lambda name, said: resolve(name, marker=said))
    assert [case.request.noise for case in cases] == ["poisson", "gaussian"]
    with pytest.raises(AttributeError):
        cases[0].model = "other"  # type: ignore[misc]


def test_one_item_for_each_noise_and_each_marker(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest
        from pytest_xraynoise import robust

        @robust(noise=["poisson", "gaussian"], severities=[1], max_auroc_drop=0.5)
        @pytest.mark.robust(noise="poisson", severities=[2], min_auroc=0.1)
        def test_both(robustness):
            assert robustness.severities in ((0, 1), (0, 2))
        """
    )
    result = repo.runpytest_inprocess("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*test_both?poisson? PASSED*", "*test_both?gaussian? PASSED*", "*test_both?poisson-2?*"]
    )


def test_class_and_module_marks_add_up(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        pytestmark = robust(noise="poisson", severities=[1], max_auroc_drop=0.5)

        def test_by_module(robustness):
            assert robustness.noise == "poisson"

        @robust(noise="gaussian", severities=[1], max_auroc_drop=0.5)
        class TestClass:
            def test_by_class(self, robustness):
                assert robustness.ids

            @staticmethod
            def test_static(robustness):
                assert robustness.ids
        """
    )
    result = repo.runpytest_inprocess("-v")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        [
            "*test_by_module?poisson? PASSED*",
            "*TestClass::test_by_class?poisson? PASSED*",
            "*TestClass::test_by_class?gaussian? PASSED*",
        ]
    )


def test_an_inherited_method_follows_its_own_class(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        class Base:
            def test_it(self, robustness):
                assert robustness.model == self.expected

        @robust(noise="poisson", model="bright", severities=[1], min_auroc=0.1)
        class TestBright(Base):
            expected = "Bright"

        @robust(noise="poisson", model="texture", severities=[1], min_auroc=0.1)
        class TestTexture(Base):
            expected = "Texture"

        class TestPlain:
            def test_without(self, request):
                assert "xray_model" not in request.fixturenames
        """
    )
    repo.runpytest_inprocess().assert_outcomes(passed=3)


def test_the_mark_leaves_the_function_as_it_was(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(request):
            names = [mark.name for mark in request.function.pytestmark]
            assert names == ["robust"]
        """
    )
    repo.runpytest_inprocess().assert_outcomes(passed=1)


def test_marks_that_cannot_work_fail_instead_of_passing_unseen(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import unittest
        from pytest_xraynoise import robust

        @robust(noise="poisson", max_auroc_drop=0.05)
        class TestCase(unittest.TestCase):
            def test_it(self): ...
        """
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*@robust has no effect here*unittest.TestCase*"])


def test_a_mark_added_after_collection_fails(repo: pytest.Pytester) -> None:
    repo.makepyfile("def test_it(): ...")
    with (repo.path / "conftest.py").open("a") as conftest:
        conftest.write(
            "\ndef pytest_collection_modifyitems(items):\n"
            "    items[0].add_marker(pytest.mark.robust(noise='poisson', max_auroc_drop=0.1))\n"
        )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)


def test_markers_and_fixtures_are_explained(repo: pytest.Pytester) -> None:
    repo.runpytest_inprocess("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.robust(noise*limits: max_<metric>_drop*"]
    )
    repo.makeconftest("")
    text = stdout(repo.runpytest_inprocess("--fixtures"))
    for name, words in {
        "xray_model": "The model under test",
        "xray_dataset": "The data to test on",
        "xray_preprocess": "normalisation, applied after the noise",
        "xray_output": "Picks the tensor",
        "robustness": "What the ladder of this test",
        "xraynoise": "The imperative form",
    }.items():
        assert name in text
        assert words in text


def test_strict_markers_know_it(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest

        @pytest.mark.robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    repo.runpytest_inprocess("--strict-markers").assert_outcomes(passed=1)
