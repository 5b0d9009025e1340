"""``--xraynoise-storage``: where baselines live."""

from __future__ import annotations

import os

import pytest

from tests.plugin.baseline_repo import TWO, run, store
from tests.plugin.conftest import stdout

ONE = TWO.replace('["poisson", "gaussian"]', '"poisson"')


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("CI", "BUILD_NUMBER", "SKILL"):
        monkeypatch.delenv(word, raising=False)


def test_by_default_it_stands_at_the_root_wherever_pytest_starts(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(repo, ONE)
    repo.makeini("[pytest]\n")
    below = repo.mkdir("below")
    monkeypatch.chdir(below)
    run(repo, str(repo.path / "test_it.py"), "--xraynoise-save").assert_outcomes(passed=1)
    assert (repo.path / ".xraynoise" / "baseline.json").exists()
    monkeypatch.chdir(repo.path)
    run(repo, "--xraynoise-compare").assert_outcomes(passed=1)


def test_on_the_command_line_it_is_relative_to_where_pytest_starts(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(repo, ONE)
    repo.makeini("[pytest]\n")
    below = repo.mkdir("below")
    monkeypatch.chdir(below)
    words = ("--xraynoise-storage=deep/kept", str(repo.path / "test_it.py"))
    run(repo, "--xraynoise-save=main", *words).assert_outcomes(passed=1)
    assert (below / "deep" / "kept" / "main.json").exists()
    result = run(repo, "--xraynoise-compare=main", *words)
    result.assert_outcomes(passed=1)


def test_in_the_ini_it_is_relative_to_the_root(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(repo, ONE)
    repo.makeini("[pytest]\nxraynoise_storage = kept\n")
    monkeypatch.chdir(repo.mkdir("below"))
    run(repo, str(repo.path / "test_it.py"), "--xraynoise-save").assert_outcomes(passed=1)
    assert (repo.path / "kept" / "baseline.json").exists()


@pytest.mark.parametrize("option", ["--xraynoise-save", "--xraynoise-compare"])
def test_a_file_is_no_storage(repo: pytest.Pytester, option: str) -> None:
    store(repo, ONE)
    (repo.path / "taken").write_text("")
    result = run(repo, option, "--xraynoise-storage=taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is to be a folder" in stdout(result)


def test_a_folder_below_a_file_is_refused_before_the_run(repo: pytest.Pytester) -> None:
    store(repo, ONE)
    (repo.path / "taken").write_text("")
    result = run(repo, "--xraynoise-save", "--xraynoise-storage=taken/below")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is a file, not a directory" in stdout(result)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_is_refused_before_the_run(repo: pytest.Pytester) -> None:
    store(repo, ONE)
    closed = repo.mkdir("closed")
    closed.chmod(0o555)
    result = run(repo, "--xraynoise-save", "--xraynoise-storage=closed")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "no permission to write" in stdout(result)


def test_what_closes_during_the_run_fails_it(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        test_it=ONE.replace(
            "def test_two(): ...",
            "def test_two(request):\n"
            "    (request.config.rootpath / '.xraynoise').write_text('taken')\n",
        )
    )
    result = run(repo, "--xraynoise-save")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "xraynoise: baseline not written" in stdout(result)
