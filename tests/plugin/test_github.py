"""In a job of GitHub Actions: annotations on the marker's line, and a step summary."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import stdout
from tests.report.test_github import parse

SUMMARY = "summary.md"
UNDECIDED = """
from pytest_xraynoise import robust

@robust(
    noise="poisson", model="texture", severities=[3], samples=10, max_auroc_drop=0.05,
    decide="confident-fail",
)
def test_undecided(): ...
"""


@pytest.fixture
def job(mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The repository, checked out by a job of GitHub Actions."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(mixed.path / SUMMARY))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(mixed.path.parent))
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/chest")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    return mixed


def commands(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("::")]


def line_of(repo: pytest.Pytester, file: str, text: str) -> str:
    lines = (repo.path / file).read_text("utf-8").splitlines()
    return str(1 + next(i for i, line in enumerate(lines) if text in line))


@pytest.mark.parametrize(
    "options",
    [["-q"], ["-s", "-v", "--no-summary", "--color=yes"], ["-n", "2", "-q"]],
    ids=" ".join,
)
def test_failures_stand_on_their_markers(job: pytest.Pytester, options: list[str]) -> None:
    run = job.runpytest_subprocess if "-n" in options else job.runpytest_inprocess
    result = run("--xraynoise-json=out.json", *options)
    found = [parse(line) for line in commands(result)]
    assert [name for name, _, _ in found] == ["error"] * 3
    titles = {p["title"]: p for _, p, _ in found}
    assert set(titles) == {
        "FAIL: test_mixed.py::test_breaks[poisson]",
        "FAIL: test_mixed.py::test_breaks[gaussian]",
        "ERROR: test_mixed.py::test_error[poisson]",
    }
    assert {p["file"] for p in titles.values()} == {f"{job.path.name}/test_mixed.py"}
    lines = [line_of(job, "test_mixed.py", text) for text in ('["poisson", "gau', '"broken"')]
    assert [p["line"] for p in titles.values()].count(lines[0]) == 2
    assert titles["ERROR: test_mixed.py::test_error[poisson]"]["line"] == lines[1]
    assert any("weights are gone" in text for _, _, text in found)
    summary = (job.path / SUMMARY).read_text("utf-8")
    assert summary.count("## X-ray noise robustness: 2 of 6 tests failed, 1 error") == 1
    assert "**Worst failure:** test\\_mixed.py::test\\_breaks" in summary
    assert "[out.json, in the artifacts of this run](<https://github.com/someone/chest/" in summary


def test_without_a_terminal_the_runner_is_told_all_the_same(job: pytest.Pytester) -> None:
    result = job.runpytest_inprocess("-p", "no:terminal", "-k", "test_breaks")
    assert len(commands(result)) == 2


@pytest.mark.parametrize("variable", [None, "", "false"])
def test_nothing_outside_of_github(
    job: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    if variable is None:
        monkeypatch.delenv("GITHUB_ACTIONS")
    else:
        monkeypatch.setenv("GITHUB_ACTIONS", variable)
    assert commands(job.runpytest_inprocess("-k", "test_breaks")) == []
    assert not (job.path / SUMMARY).exists()


@pytest.mark.parametrize("options", [["-k", "test_unmarked"], ["--collect-only"]], ids=" ".join)
def test_nothing_where_no_robust_test_ran(job: pytest.Pytester, options: list[str]) -> None:
    assert commands(job.runpytest_inprocess(*options)) == []
    assert not (job.path / SUMMARY).exists()


def test_what_is_inconclusive_is_a_warning(job: pytest.Pytester) -> None:
    job.makepyfile(test_open=UNDECIDED)
    result = job.runpytest_inprocess("test_open.py")
    result.assert_outcomes(passed=1)
    ((level, properties, text),) = map(parse, commands(result))
    assert level == "warning"
    assert properties["line"] == line_of(job, "test_open.py", "@robust(")
    assert "inconclusive" in properties["title"]
    assert "max_auroc_drop=0.05 is undecided" in text
    failed = job.runpytest_inprocess("test_open.py", "--xraynoise-inconclusive=fail")
    assert [parse(line)[0] for line in commands(failed)] == ["error"]


def test_a_summary_that_cannot_be_written_is_told_and_fails_nothing(
    job: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(job.path / "none" / "summary.md"))
    result = job.runpytest_inprocess("-k", "test_holds")
    assert result.ret == 0
    ((level, properties, text),) = map(parse, commands(result))
    assert (level, properties) == ("warning", {"title": "pytest-xraynoise"})
    assert "No such file" in text


def test_many_failures_are_ten_and_a_notice(job: pytest.Pytester) -> None:
    job.makepyfile(
        test_many="""
        import pytest
        from pytest_xraynoise import robust

        @pytest.mark.parametrize("number", range(12))
        @robust(noise="poisson", model="texture", severities=[3], max_auroc_drop=0.05)
        def test_it(number): ...
        """
    )
    found = commands(job.runpytest_inprocess("test_many.py"))
    assert [line.split()[0] for line in found] == ["::error"] * 10 + ["::notice"]
    assert "2 more tests" in found[-1]
    summary = (job.path / SUMMARY).read_text("utf-8")
    assert summary.count("| FAIL |") == 12


MARKERS = """
import pytest
from pytest_xraynoise import robust

@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "number",
    [1],
)
@robust(noise="poisson", severities=[1], model='broken', min_auroc=0.9)  # first
@pytest.mark.robust(noise="gaussian", severities=[1], model='broken', min_auroc=0.9)  # second
def test_two(number): ...


class TestIn:
    @pytest.mark.filterwarnings("ignore")
    @robust(  # third
        noise="poisson", severities=[1], model='broken', min_auroc=0.9
    )
    def test_it(self): ...


strict = robust(noise="poisson", severities=[1], model='broken', min_auroc=0.9)

@pytest.mark.filterwarnings("ignore")  # fourth
@strict
def test_by_another_name(): ...


@robust(noise="poisson", severities=[1], model='broken', min_auroc=0.9)
class TestMarked:
    def test_it(self): ...  # fifth


@pytest.fixture
def broken():
    return lambda images: 1 / 0
"""


def test_each_marker_has_its_line(job: pytest.Pytester) -> None:
    job.makepyfile(test_markers=MARKERS)
    result = job.runpytest_inprocess("test_markers.py")
    lines = {p["title"].split("::", 1)[1]: p["line"] for _, p, _ in map(parse, commands(result))}
    assert lines == {
        f"{name}": line_of(job, "test_markers.py", f"# {word}")
        for name, word in {
            "test_two[poisson-1]": "first",
            "test_two[gaussian-1]": "second",
            "TestIn::test_it[poisson]": "third",
            "test_by_another_name[poisson]": "fourth",
            "TestMarked::test_it[poisson]": "fifth",
        }.items()
    }, stdout(result)
