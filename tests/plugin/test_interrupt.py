"""Ctrl-C in mid-ladder: a quick end, whole reports, no process left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_xraynoise.report.json import schema
from tests.plugin.conftest import read_tests, stdout

SLOW = '''
import os
import time
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader
from pytest_xraynoise import robust

HERE = Path(__file__).parent

pytestmark = robust(noise="poisson", severities=[1], max_auroc_drop=0.9)


def note(name):
    (HERE / f"{name}.{os.getpid()}").touch()


@pytest.fixture
def slow(request):
    def model(images):
        note("running")
        try:
            time.sleep(60)  # an eternity beside a second
        finally:
            (HERE / f"ended.{os.getpid()}").write_text(str(time.monotonic()))
    return model


@pytest.fixture
def sticky(xray_dataset):
    """A loader whose second batch takes for ever."""
    images, targets = xray_dataset

    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return len(images)

        def __getitem__(self, index):
            if index == 0:
                note("loader")
            if index == 16:
                note("running")
                time.sleep(60)
            return images[index], targets[index]

    return DataLoader(Data(), batch_size=16, num_workers=1)


def test_a_done(): ...
def test_b_done(): ...
'''

IN_MODEL = (
    SLOW
    + """
@robust(noise="gaussian", model="slow", severities=[1], max_auroc_drop=0.9)
def test_c_stuck(): ...

def test_d_left(): ...
def test_e_left(): ...
"""
)

LATE = 4.0
"""Seconds. The report is there after 0.4 on a machine that has nothing else to do; what would wait
for a sample or a worker takes five.
"""


def start(repo: pytest.Pytester, *options: str) -> subprocess.Popen[str]:
    """Pytest in a process group of its own, as a shell starts it."""
    others = ("cacheprovider", "hypothesispytest", "rerunfailures")  # they take seconds to end
    words = [word for other in others for word in ("-p", f"no:{other}")]
    command = [sys.executable, "-m", "pytest", *words, *options]
    reports = ["--xraynoise-json=out.json", "--xraynoise-report=out.html"]
    return subprocess.Popen(
        [*command, *reports],
        cwd=repo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(folder: Path, name: str, run: subprocess.Popen[str], count: int = 1) -> None:
    """Until that many processes left a note."""
    end = time.monotonic() + 120
    while len(list(folder.glob(f"{name}.*"))) < count:
        assert run.poll() is None, f"ended too early:\n{run.communicate()[0]}"
        assert time.monotonic() < end, "never got there"
        time.sleep(0.05)
    time.sleep(0.2)  # into the sleep


def interrupt(repo: pytest.Pytester, run: subprocess.Popen[str], *, group: bool) -> float:
    """Press Ctrl-C and wait for the JSON report; return when it was pressed."""
    began = time.monotonic()
    if group:
        os.killpg(run.pid, signal.SIGINT)  # what a terminal does
    else:
        os.kill(run.pid, signal.SIGINT)
    while not (repo.path / "out.json").exists():
        assert time.monotonic() < began + LATE, "no report"
        time.sleep(0.02)
    return began


def alive(folder: Path) -> list[int]:
    """Processes that left a note and still run."""
    notes = [*folder.glob("loader.[0-9]*"), *folder.glob("running.[0-9]*")]
    pids = {int(path.suffix[1:]) for path in notes}
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and not _is_zombie(pid)]


def _is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def ends(folder: Path) -> list[float]:
    """When slow models were interrupted."""
    return [float(path.read_text()) for path in folder.glob("ended.*")]


def check_reports(repo: pytest.Pytester, expected: dict[str, str]) -> dict[str, dict[str, Any]]:
    tests = read_tests(repo.path / "out.json")
    assert {name.partition("[")[0]: test["outcome"] for name, test in tests.items()} == expected
    for test in tests.values():
        done = test["outcome"] == "passed"
        assert (len(test["scores"]) == 2) is done
        assert test["limits"] == ["max_auroc_drop=0.9"]
        assert (test["verdict"] == "pass") is done
        assert test["noise"] in ("poisson", "gaussian")
    return tests


# The model of test_c_stuck gets both markers: the module's and its own, hence the choice with -k.
ONE_EACH = "not (stuck and poisson)"
EXPECTED = {
    "test_a_done": "passed",
    "test_b_done": "passed",
    "test_c_stuck": "interrupted",
    "test_d_left": "not run",
    "test_e_left": "not run",
}


def test_serial(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_slow=IN_MODEL)
    run = start(repo, "-k", ONE_EACH)
    wait_for(repo.path, "running", run)
    began = interrupt(repo, run, group=True)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert [ended - began < 1.0 for ended in ends(repo.path)] == [True]
    tests = check_reports(repo, EXPECTED)
    assert "interrupted" in tests["test_c_stuck[gaussian]"]["message"]
    html = (repo.path / "out.html").read_text(encoding="utf-8")
    assert html.rstrip().endswith("</html>")
    assert "1 interrupted" in html
    assert "2 not run" in html
    assert "<h1>All 2 tests passed; 3 not finished</h1>" in html
    document = json.loads((repo.path / "out.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema())
    for name in EXPECTED:
        assert name in html
    assert "2 not run" in out
    assert "X-ray noise robustness" in out
    assert "INTERNALERROR" not in out


def test_loader_workers_end_too(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        test_slow=SLOW
        + """
@robust(noise="gaussian", dataset="sticky", severities=[1], max_auroc_drop=0.9)
def test_c_stuck(): ...
"""
    )
    run = start(repo, "-k", "gaussian")
    wait_for(repo.path, "running", run)
    loaders = [int(path.suffix[1:]) for path in repo.path.glob("loader.*")]
    assert loaders
    assert run.pid not in loaders
    interrupt(repo, run, group=False)  # the loader's process hears nothing of it
    assert alive(repo.path) == [], "it is ended before the report is written"
    run.communicate(timeout=60)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    check_reports(repo, {"test_c_stuck": "interrupted"})


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(True, id="from a terminal", marks=pytest.mark.slow),
        pytest.param(False, id="to the controller"),
    ],
)
def test_two_workers(repo: pytest.Pytester, group: bool) -> None:
    repo.makepyfile(test_slow=IN_MODEL)
    run = start(repo, "-n", "2", "-k", ONE_EACH)
    wait_for(repo.path, "running", run)
    began = interrupt(repo, run, group=group)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert [ended - began < LATE for ended in ends(repo.path)] == [True]
    tests = read_tests(repo.path / "out.json")
    assert {name.partition("[")[0] for name in tests} == set(EXPECTED)
    assert tests["test_c_stuck[gaussian]"]["outcome"] == "interrupted"
    outcomes = {test["outcome"] for test in tests.values()}
    assert outcomes <= {"passed", "interrupted", "not run"}, "whatever the other worker had done"
    for test in tests.values():
        assert test["limits"] == ["max_auroc_drop=0.9"]
        assert (len(test["scores"]) == 2) is (test["outcome"] == "passed")
    assert json.loads((repo.path / "out.json").read_text(encoding="utf-8"))["schema_version"] == 1
    assert (repo.path / "out.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert "INTERNALERROR" not in out
    assert alive(repo.path) == []


def test_what_the_first_failure_leaves_is_told(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="gaussian", model="texture", severities=[1], max_auroc_drop=0.05)
        def test_a(): ...

        @robust(noise=["poisson", "gaussian"], severities=[1], max_auroc_drop=0.05)
        def test_b(): ...

        def test_unmarked(): ...
        """
    )
    result = repo.runpytest_inprocess("-x", "--xraynoise-json=out.json")
    result.assert_outcomes(failed=1)
    outcomes = {k: t["outcome"] for k, t in read_tests(repo.path / "out.json").items()}
    assert outcomes == {
        "test_a[gaussian]": "failed",
        "test_b[poisson]": "not run",
        "test_b[gaussian]": "not run",
    }
    result.stdout.fnmatch_lines(["2 not run"])


def test_a_whole_run_leaves_nothing(mixed: pytest.Pytester) -> None:
    result = mixed.runpytest_inprocess("--xraynoise-json=out.json", "-k", "holds or error")
    assert "not run" not in stdout(result)
    outcomes = {t["outcome"] for t in read_tests(mixed.path / "out.json").values()}
    assert outcomes == {"passed", "error"}


def test_skipped_tests_are_no_rest(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest
        from pytest_xraynoise import robust

        @pytest.mark.skip(reason="not today")
        @robust(noise="poisson", severities=[1], max_auroc_drop=0.05)
        def test_skipped(): ...
        """
    )
    result = repo.runpytest_inprocess("--xraynoise-json=out.json")
    result.assert_outcomes(skipped=1)
    assert not {
        name: test["outcome"]
        for name, test in read_tests(repo.path / "out.json").items()
        if test["outcome"] in ("not run", "interrupted")
    }
