"""The plugin costs next to nothing in a run that does not use it."""

from __future__ import annotations

import pytest

# Plugins of others that load NumPy or jinja2 themselves.
WITHOUT = ("-p", "no:hypothesispytest", "-p", "no:html")
HEAVY = ("torch", "numpy", "jinja2", "sklearn", "scipy", "matplotlib", "PIL", "numba")


@pytest.mark.parametrize("options", [[], ["--xraynoise-report=out.html"], ["--collect-only"]])
def test_an_unrelated_run_loads_nothing_heavy(
    pytester: pytest.Pytester, options: list[str]
) -> None:
    pytester.makepyfile(
        f"""
        import sys

        def test_it():
            assert "pytest_xraynoise.plugin" in sys.modules
            assert not [name for name in {HEAVY!r} if name in sys.modules]
        """
    )
    result = pytester.runpytest_subprocess(*WITHOUT, *options)
    assert result.ret == 0


def test_collecting_robust_tests_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        f"""
        import sys

        def pytest_sessionfinish():
            assert "pytest_xraynoise.plugin.robust" in sys.modules
            assert not [name for name in {HEAVY!r} if name in sys.modules]
        """
    )
    pytester.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise=["poisson", "gaussian"], max_auroc_drop=0.05)
        def test_it(): ...
        """
    )
    result = pytester.runpytest_subprocess(*WITHOUT, "--collect-only")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*2 tests collected*"])
