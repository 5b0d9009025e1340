"""``--xraynoise-profile``: named sets of settings, built in and from pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.plugin.profiles import BUILT_IN, profile
from pytest_xraynoise.plugin.settings import BY_NAME, resolve
from tests.plugin.conftest import read_tests, stdout

PYPROJECT = """
[tool.xraynoise.profiles.nightly]
samples = 20
seed = 9
batch_size = "auto"

[tool.xraynoise.profiles.quick]
samples = 12
"""

HOLDS = ("-k", "test_holds", "--xraynoise-json=out.json")


def settings(repo: pytest.Pytester, *options: str) -> dict[str, object]:
    repo.runpytest_inprocess(*HOLDS, *options).assert_outcomes(passed=1, deselected=6)
    return read_tests(repo.path / "out.json")["test_holds[poisson]"]["settings"]  # type: ignore[no-any-return]


def test_built_in_profiles_hold_settings_that_can_be_read() -> None:
    assert set(BUILT_IN) == {"quick", "full"}
    for texts in BUILT_IN.values():
        for name in texts:
            resolve(name, profile=texts)
    assert resolve("samples", profile=BUILT_IN["quick"]) == 200
    assert resolve("samples", profile=BUILT_IN["full"], ini="50") is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return tmp_path


def test_own_profiles(folder: Path) -> None:
    assert profile("nightly", [folder]) == {"samples": "20", "seed": "9", "batch_size": "auto"}
    assert profile("full", [folder]) == BUILT_IN["full"]


def test_an_own_profile_hides_the_built_in_one(folder: Path) -> None:
    assert profile("quick", [folder]) == {"samples": "12"}


def test_the_first_folder_with_a_pyproject_counts(folder: Path, tmp_path: Path) -> None:
    empty, other = tmp_path / "empty", tmp_path / "other"
    for each in (empty, other):
        each.mkdir()
    (other / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    assert profile("nightly", [empty, folder])["seed"] == "9"
    with pytest.raises(SpecError, match="unknown profile 'nightly'"):
        profile("nightly", [empty, other, folder])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.xraynoise.profiles.mine]\nsample = 3",
            "unknown setting 'sample'; did you mean 'samples'",
        ),
        ("[tool.xraynoise.profiles.mine]\nprofile = 'quick'", "unknown setting 'profile'"),
        ("[tool.xraynoise.profiles.mine]\nsamples = [3]", "samples is a list; expected a text"),
        ("[tool.xraynoise.profiles]\nmine = 3", "profiles.mine] is no table"),
        ("[tool.xraynoise]\nprofiles = 3", "profiles is no table"),
        ("[tool]\nxraynoise = 3", "profiles is no table"),
        ("[tool.xraynoise.profiles.nine]", "unknown profile 'mine'; did you mean 'nine'"),
        ("[tool.xraynoise", "cannot read profiles from"),
    ],
)
def test_bad_profiles(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as error:
        profile("mine", [tmp_path])
    assert message in str(error.value)
    assert "pyproject.toml" in str(error.value)


def test_without_a_file_the_known_ones_are_told() -> None:
    with pytest.raises(
        SpecError, match=r"unknown profile 'quik'; did you mean 'quick'.*full, quick"
    ):
        profile("quik", [])


def test_switches_are_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.xraynoise.profiles.mine]\ncompile = true\n", encoding="utf-8"
    )
    assert resolve("compile", profile=profile("mine", [tmp_path])) is True


def test_every_setting_but_the_profile_may_stand_in_one(tmp_path: Path) -> None:
    lines = "\n".join(f'{name} = "x"' for name in BY_NAME if name != "profile")
    text = f"[tool.xraynoise.profiles.mine]\n{lines}\n"
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert set(profile("mine", [tmp_path])) == set(BY_NAME) - {"profile"}


def test_a_run_with_a_profile(mixed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed.path.joinpath("pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    said = settings(mixed, "--xraynoise-profile=nightly", "--xraynoise-report=out.html")
    assert (said["profile"], said["samples"], said["seed"]) == ("nightly", 20, 9)
    html = mixed.path.joinpath("out.html").read_text(encoding="utf-8")
    assert "<dt>profile</dt><dd><bdi>nightly</bdi>" in html
    assert "profile" not in settings(mixed)
    assert settings(mixed, "--xraynoise-profile=nightly", "--xraynoise-seed=4")["seed"] == 4
    monkeypatch.setenv("XRAYNOISE_SEED", "3")
    assert settings(mixed, "--xraynoise-profile=nightly")["seed"] == 3
    monkeypatch.setenv("XRAYNOISE_PROFILE", "quick")
    assert settings(mixed)["samples"] == 12


def test_the_ini_file_names_one_and_yields_to_it(mixed: pytest.Pytester) -> None:
    mixed.path.joinpath("pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    mixed.makeini("[pytest]\nxraynoise_profile = nightly\nxraynoise_samples = 30")
    assert settings(mixed)["samples"] == 20
    assert settings(mixed, "--xraynoise-profile=full")["samples"] == 40


def test_a_marker_wins_and_by_hand_it_counts_too(repo: pytest.Pytester) -> None:
    repo.path.joinpath("pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], samples=10, max_auroc_drop=0.5)
        def test_marker(robustness):
            assert len(robustness.ids) == 10
            assert robustness.settings["seed"] == 9

        def test_by_hand(xraynoise, xray_model, xray_dataset):
            result = xraynoise.evaluate(xray_model, xray_dataset, severities=[1])
            assert len(result.ids) == 20
            assert result.settings["profile"] == "nightly"
        """
    )
    repo.runpytest_inprocess("--xraynoise-profile=nightly").assert_outcomes(passed=2)


@pytest.mark.parametrize("option", ["--xraynoise-profile=nigtly", "--xraynoise-profile=typo"])
def test_trouble_is_told_before_the_run(mixed: pytest.Pytester, option: str) -> None:
    text = PYPROJECT + "[tool.xraynoise.profiles.typo]\nsede = 1\n"
    mixed.path.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
    result = mixed.runpytest_inprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    shown = stdout(result)
    assert "did you mean 'nightly'" in shown or "did you mean 'seed'" in shown
    assert "Traceback" not in shown
