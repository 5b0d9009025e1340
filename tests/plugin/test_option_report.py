"""``--xraynoise-report``: one HTML file, and trouble with it found before the run."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import stdout


def test_default_path_and_ini_and_environment(
    mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("-k", "test_holds")
    mixed.runpytest_inprocess(*args, "--xraynoise-report").stdout.fnmatch_lines(
        ["xraynoise report: *xraynoise-report.html"]
    )
    assert (mixed.path / "xraynoise-report.html").is_file()
    mixed.makeini("[pytest]\nxraynoise_report = from_ini.html")
    mixed.runpytest_inprocess(*args)
    assert (mixed.path / "from_ini.html").is_file()
    monkeypatch.setenv("XRAYNOISE_REPORT", "deep/from_env.html")
    mixed.runpytest_inprocess(*args)
    assert (mixed.path / "deep" / "from_env.html").is_file()


def test_a_path_that_cannot_be_written_is_found_before_the_run(mixed: pytest.Pytester) -> None:
    mixed.path.joinpath("file").write_text("a file")
    for path in ("file/report.html", "."):
        result = mixed.runpytest_inprocess(f"--xraynoise-report={path}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        text = stdout(result)
        assert "xraynoise:" in text
        assert "collected" not in text, "the run had started"
        assert "Traceback" not in text


def test_a_report_that_fails_at_the_end_fails_the_run(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pathlib
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it():
            pathlib.Path("out.html").mkdir()
        """
    )
    result = repo.runpytest_inprocess("--xraynoise-report=out.html")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*report not written:*"])


def test_the_path_is_where_pytest_was_started(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(monkeypatch, tmp_path):
            import os
            os.chdir(tmp_path)
        """
    )
    repo.runpytest_subprocess("--xraynoise-report=out.html").assert_outcomes(passed=1)
    assert (repo.path / "out.html").is_file()


def test_a_run_without_robust_tests_says_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): ...")
    text = stdout(pytester.runpytest_inprocess())
    assert "X-ray noise" not in text
