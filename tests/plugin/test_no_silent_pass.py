"""A marker that took no effect, or a ladder that never ran, must not look like a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import read_tests, stdout

BROKEN = '@robust(noise="gaussian", severities=[5], model="texture", max_auroc_drop=0.01)'
HEAD = "import pytest\nfrom pytest_xraynoise import robust\n\n"


def test_subtests_do_not_hide_a_broken_limit(repo: pytest.Pytester) -> None:
    pytest.importorskip("_pytest.subtests", reason="pytest before 9 has no subtests")
    repo.makepyfile(
        f"""{HEAD}
{BROKEN}
def test_it(robustness, subtests):
    with subtests.test("one"):
        assert robustness.ids
    with subtests.test("two"):
        assert robustness.ids
"""
    )
    result = repo.runpytest_inprocess("--xraynoise-json=out.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert read_tests(repo.path / "out.json")["test_it[gaussian]"]["outcome"] == "failed"


def test_a_fixture_that_hides_ours(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        f"""{HEAD}
@pytest.fixture
def robustness():
    return "mine"

{BROKEN}
def test_it(robustness): ...
"""
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "a fixture called 'robustness' of your own hides" in stdout(result)


def test_a_marker_in_pytest_param(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        f"""{HEAD}
@robust(noise="poisson", severities=[1], max_auroc_drop=0.9)
@pytest.mark.parametrize("x", [pytest.param(1, marks={BROKEN[1:]})])
def test_both(x): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks={BROKEN[1:]}), 2])
def test_only(x): ...
"""
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=2, passed=1)
    assert "not in pytest.param(marks=...)" in stdout(result)


def test_a_marker_that_a_fixture_adds(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        f"""{HEAD}
@pytest.fixture(autouse=True)
def late(request):
    request.node.add_marker({BROKEN[1:]})

def test_it(): ...
"""
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "@robust has no effect here" in stdout(result)


@pytest.mark.parametrize(
    ("options", "autoload"), [(["-p", "no:xraynoise"], ""), ([], "1")], ids=["off", "no autoload"]
)
def test_the_plugin_is_off(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    autoload: str,
) -> None:
    if autoload:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", autoload)
    pytester.makepyfile(f"{HEAD}{BROKEN}\ndef test_it(): ...\n")
    result = pytester.runpytest_subprocess(*options)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "pytest runs without the plugin xraynoise" in stdout(result)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("return lambda images: images.mean((1, 2, 3)) * float('nan')", "NaN or infinite"),
        ("raise FileNotFoundError('weights.pt')", "weights.pt"),
    ],
)
def test_xfail_is_about_limits_not_about_trouble(
    repo: pytest.Pytester, model: str, expected: str
) -> None:
    repo.makepyfile(
        f"""{HEAD}
@pytest.fixture
def broken():
    {model}

@pytest.mark.xfail(strict=True, reason="it breaks")
@robust(noise="poisson", model="broken", max_auroc_drop=0.01)
def test_it(): ...
"""
    )
    result = repo.runpytest_inprocess(
        "--xraynoise-json=out.json", "--junit-xml=out.xml", "--xraynoise-report=out.html"
    )
    result.assert_outcomes(errors=1)
    assert expected in stdout(result)
    test = read_tests(repo.path / "out.json")["test_it[poisson]"]
    assert (test["outcome"], test["verdict"], test["noise"]) == ("error", "error", "poisson")
    assert expected in test["message"]
    assert expected in test["headline"]
    assert 'name="xraynoise.verdict" value="error"' in Path(repo.path, "out.xml").read_text()
    assert expected in Path(repo.path, "out.html").read_text()


def test_an_xfail_in_a_fixture_stays_one(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        f"""{HEAD}
@pytest.fixture
def xray_model():
    pytest.xfail("not trained yet")

@robust(noise="poisson", max_auroc_drop=0.01)
def test_it(): ...
"""
    )
    repo.runpytest_inprocess().assert_outcomes(xfailed=1)


HOLDS = '@robust(noise="gaussian", severities=[1], max_auroc_drop=0.9)'


@pytest.mark.parametrize("mode", [(), ("-n", "2")])
def test_a_failed_subtest_is_a_failed_test_in_every_report(
    repo: pytest.Pytester, mode: tuple[str, ...]
) -> None:
    pytest.importorskip("_pytest.subtests", reason="pytest before 9 has no subtests")
    repo.makepyfile(
        f"""{HEAD}
{HOLDS}
def test_it(robustness, subtests):
    with subtests.test("one"):
        assert robustness.ids
    with subtests.test("two"):
        assert robustness.metric("auroc").drop(severity=1) < -1, "not this much"
"""
    )
    result = repo.runpytest_inprocess("--xraynoise-json=out.json", "--xraynoise-save", *mode)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    test = read_tests(repo.path / "out.json")["test_it[gaussian]"]
    assert test["outcome"] == "failed"
    assert test["message"].startswith("a subtest failed: AssertionError: not this much")
    assert not (repo.path / ".xraynoise").exists()


@pytest.mark.parametrize("mode", [(), ("-n", "2", "--dist=loadgroup")])
def test_a_failed_teardown_is_a_failed_test_in_every_report(
    repo: pytest.Pytester, mode: tuple[str, ...]
) -> None:
    repo.makepyfile(
        f"""{HEAD}
@pytest.fixture
def falls():
    yield
    raise RuntimeError("disk full")

@pytest.mark.parametrize("which", ["a #1", "b"])
{HOLDS}
def test_it(falls, which): ...
"""
    )
    result = repo.runpytest_inprocess("--xraynoise-json=out.json", "--xraynoise-save", *mode)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    tests = read_tests(repo.path / "out.json")
    assert len(tests) == 2
    for test in tests.values():
        assert test["outcome"] == "failed"
        assert test["message"] == "its teardown failed: RuntimeError: disk full"
    assert stdout(result).count("(its teardown failed)") == 2
    assert not (repo.path / ".xraynoise").exists()


def test_a_setting_that_ci_ignores_is_no_gate(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.makeini("[pytest]\nxraynoise_save = main")
    repo.makepyfile(f'{HEAD}\n@robust(noise="gaussian", severities=[1])\ndef test_it(): ...')
    for word in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(word, raising=False)
    repo.runpytest_inprocess().assert_outcomes(passed=1)
    monkeypatch.setenv("CI", "true")
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)
