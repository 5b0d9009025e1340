"""Under pytest-xdist: which worker, which GPU, and what a dead worker takes along."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.plugin.placement import (
    device_of_worker,
    groups_for,
    without_group,
    worker_number,
)
from tests.plugin.conftest import read_tests, stdout


@pytest.mark.parametrize(
    ("device", "worker", "gpus", "expected"),
    [
        ("cuda", 0, 2, "cuda:0"),
        ("cuda", 1, 2, "cuda:1"),
        ("cuda", 2, 2, "cuda:0"),
        ("cuda", 5, 4, "cuda:1"),
        ("cuda", 1, 1, "cuda:0"),
        ("auto", 1, 2, "cuda:1"),
        ("auto", 1, 0, "auto"),
        ("cuda", 1, 0, "cuda"),  # no GPU: the engine tells
        ("cuda:1", 0, 2, "cuda:1"),
        ("cuda:0", 1, 2, "cuda:0"),
        ("cpu", 1, 2, "cpu"),
        ("mps", 1, 2, "mps"),
        ("cuda", None, 2, "cuda"),
        ("auto", None, 2, "auto"),
    ],
)
def test_each_worker_takes_its_own_gpu(
    device: str, worker: int | None, gpus: int, expected: str
) -> None:
    assert device_of_worker(device, worker, gpus) == expected


@pytest.mark.parametrize(("name", "number"), [("gw0", 0), ("gw12", 12), ("master", 0)])
def test_worker_numbers(name: str, number: int) -> None:
    assert worker_number(name) == number


@pytest.mark.parametrize(
    ("keys", "workers", "expected"),
    [
        ("aabb", 2, ["a", "a", "b", "b"]),
        ("abab", 2, ["a", "b", "a", "b"]),
        ("aaaa", 2, ["a", "a", "a-2", "a-2"]),
        ("aaab", 3, ["a", "a", "a-2", "b"]),
        ("ab", 8, ["a", "b"]),
        ("", 2, []),
        ("aaaaa", 1, ["a"] * 5),
    ],
)
def test_items_of_one_model_stay_together_where_no_worker_idles(
    keys: str, workers: int, expected: list[str]
) -> None:
    assert groups_for(list(keys), workers) == expected


def test_names_of_different_models_differ() -> None:
    assert groups_for([("a@b", "c]"), ("a_b", "c_")], 1) == ["a_b-c_", "a_b-c_-2"]


@given(
    keys=st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=30), workers=st.integers(1, 9)
)
def test_groups(keys: list[Hashable | None], workers: int) -> None:
    groups = groups_for(keys, workers)
    named = {group for group in groups if group is not None}
    wanted = sum(key is not None for key in keys)
    for key, group in zip(keys, groups, strict=True):
        assert (key is None) == (group is None)
    for group in named:
        assert len({k for k, g in zip(keys, groups, strict=True) if g == group}) == 1
    assert len(named) >= min(workers, wanted), "a worker would idle"
    if len({k for k in keys if k is not None}) >= workers:
        assert len(named) == len({k for k in keys if k is not None}), "split without need"


@pytest.mark.parametrize(
    ("nodeid", "plain"),
    [
        ("test_a.py::test_x[poisson]@model-data", "test_a.py::test_x[poisson]"),
        ("test_a.py::test_x@g", "test_a.py::test_x"),
        ("test_a.py::test_x[me@home]", "test_a.py::test_x[me@home]"),
        ("test_a.py::test_x", "test_a.py::test_x"),
    ],
)
def test_ids_without_group(nodeid: str, plain: str) -> None:
    assert without_group(nodeid) == plain


PLACED = """
import pytest
from pytest_xraynoise import robust

words = dict(noise=["poisson", "gaussian"], severities=[1], max_auroc_drop=0.9)

@pytest.fixture(scope="session", params=["one", "two"])
def which(request):
    return request.param

@pytest.fixture(scope="session")
def either(which, bright):
    return bright

@robust(model="either", **words)
def test_either(): ...

@pytest.mark.xdist_group("mine")
@robust(**words)
def test_own_group(): ...

@robust(**words)
def test_other(): ...
"""


def places(repo: pytest.Pytester, *options: str) -> dict[str, str]:
    """The worker of each test, from the verbose lines."""
    result = repo.runpytest_subprocess("-v", "-n", "2", "--xraynoise-json=out.json", *options)
    result.assert_outcomes(passed=8)
    lines = [re.match(r"\[(gw\d)\].* PASSED test_placed.py::(\S+)", x) for x in result.outlines]
    return {without_group(m[2]): m[1] for m in lines if m}


def test_loadgroup_keeps_a_model_on_one_worker(repo: pytest.Pytester) -> None:
    repo.makepyfile(test_placed=PLACED)
    found = places(repo, "--dist=loadgroup")
    groups: dict[str, set[str]] = {}
    for test, worker in found.items():
        param = re.search(r"-(one|two)\]", test)
        group = param[1] if param else test.partition("[")[0]
        groups.setdefault(group, set()).add(worker)
    assert set(groups) == {"one", "two", "test_own_group", "test_other"}
    assert all(len(workers) == 1 for workers in groups.values()), groups
    grouped = read_tests(repo.path / "out.json")
    repo.runpytest_inprocess("--xraynoise-json=out.json").assert_outcomes(passed=8)
    assert list(grouped) == list(read_tests(repo.path / "out.json"))


def test_plain_n_is_left_as_it_is(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
        def test_it(request):
            assert not request.node.get_closest_marker("xdist_group")
        """
    )
    result = repo.runpytest_subprocess("-n", "2", "-v")
    result.assert_outcomes(passed=1)
    assert "LoadScheduling" in stdout(result)


FAKE_GPUS = '''
import importlib
import pytest

@pytest.fixture(autouse=True)
def two_gpus(monkeypatch):
    """Devices by name only: what is asked for is noted, and run on the CPU."""
    gpus = importlib.import_module("pytest_xraynoise.engine.gpus")
    monkeypatch.setattr(gpus, "gpus_for", lambda model, device: 2)
    execution = importlib.import_module("pytest_xraynoise.plugin.execution")
    run = execution.run_request

    def noted(*args, device, **words):
        result = run(*args, device="cpu", **words)
        return result.replace(settings={**result.settings, "asked": device})

    monkeypatch.setattr(execution, "run_request", noted)
'''


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-n", "2", "--xraynoise-device=cuda"], {"cuda:0", "cuda:1"}),
        pytest.param(["-n", "2"], {"cuda:0", "cuda:1"}, marks=pytest.mark.slow),
        pytest.param(["-n", "2", "--xraynoise-device=cuda:1"], {"cuda:1"}, marks=pytest.mark.slow),
        (["--xraynoise-device=cuda"], {"cuda"}),
    ],
)
def test_workers_ask_for_their_own_gpu(
    repo: pytest.Pytester, options: list[str], expected: set[str]
) -> None:
    conftest = (repo.path / "conftest.py").read_text(encoding="utf-8")
    repo.makeconftest(conftest + FAKE_GPUS)
    repo.makepyfile(
        """
        import os, time
        from pytest_xraynoise import robust

        @robust(noise=["poisson", "gaussian", "speckle", "impulse"], severities=[1],
                max_auroc_drop=0.9)
        def test_it():
            time.sleep(0.3)  # so that neither worker takes them all
            assert os.environ.get("CUDA_VISIBLE_DEVICES") == "4,7"
        """
    )
    repo._monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    run = repo.runpytest_subprocess if "-n" in options else repo.runpytest_inprocess
    run("--xraynoise-json=out.json", *options).assert_outcomes(passed=4)
    tests = read_tests(repo.path / "out.json")
    assert {test["settings"]["asked"] for test in tests.values()} == expected


DIES = """
import os
import pytest
from pytest_xraynoise import robust

@robust(noise=["poisson", "gaussian"], severities=[1], max_auroc_drop=0.9)
def test_before(): ...

@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
def test_dies():
    os._exit(1)

@pytest.fixture
def deadly():
    return lambda images: os._exit(1)

@robust(noise="poisson", model="deadly", severities=[1], max_auroc_drop=0.9)
def test_dies_in_its_ladder(): ...

@robust(noise=["poisson", "gaussian"], severities=[1], max_auroc_drop=0.9)
def test_after(): ...
"""


def _summary(path: Path) -> dict[str, tuple[Any, Any, bool]]:
    return {
        name: (test["outcome"], test["verdict"], test["ladder"] is not None)
        for name, test in read_tests(path).items()
    }


@pytest.mark.parametrize(
    "dist",
    [
        pytest.param([], id="load"),
        pytest.param(["--dist=loadgroup"], id="loadgroup", marks=pytest.mark.slow),
    ],
)
def test_a_dead_worker_loses_its_running_test_only(repo: pytest.Pytester, dist: list[str]) -> None:
    repo.makepyfile(test_dies=DIES)
    result = repo.runpytest_subprocess(
        "-n", "2", *dist, "--xraynoise-json=out.json", "--xraynoise-report=out.html"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in stdout(result)
    lost, fine = ("error", "error", False), ("passed", "pass", True)
    assert _summary(repo.path / "out.json") == {
        "test_before[poisson]": fine,
        "test_before[gaussian]": fine,
        "test_dies[poisson]": lost,
        "test_dies_in_its_ladder[poisson]": lost,
        "test_after[poisson]": fine,
        "test_after[gaussian]": fine,
    }
    tests = read_tests(repo.path / "out.json")
    assert "crashed while running" in tests["test_dies[poisson]"]["message"]
    assert tests["test_dies[poisson]"]["limits"] == ["max_auroc_drop=0.9"]
    assert tests["test_dies[poisson]"]["line"] > 1
    html = (repo.path / "out.html").read_text(encoding="utf-8")
    assert html.count("crashed while running") >= 2
    result.stdout.fnmatch_lines(["ERROR *test_dies*crashed while running*"])
    document = json.loads((repo.path / "out.json").read_text(encoding="utf-8"))
    assert document["schema_version"] == 1


@pytest.mark.slow
def test_a_test_that_kills_its_worker_in_teardown_keeps_what_it_measured(
    repo: pytest.Pytester,
) -> None:
    repo.makepyfile(
        """
        import os, time
        import pytest
        from pytest_xraynoise import robust

        @pytest.fixture
        def killer():
            yield
            time.sleep(0.5)  # the report of the call is on its way
            os._exit(1)

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
        def test_it(killer): ...
        """
    )
    repo.runpytest_subprocess("-n", "1", "--xraynoise-json=out.json")
    test = read_tests(repo.path / "out.json")["test_it[poisson]"]
    assert (test["outcome"], test["verdict"]) == ("error", "pass")
    assert len(test["scores"]["1"]) == 40
