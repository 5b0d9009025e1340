"""``--xraynoise-precision``, ``-channels-last``, ``-compile`` and ``-workers``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.conftest import read_tests, stdout

SEEING = """
import os
import pytest
import torch
from pytest_xraynoise import robust


class Seeing(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 1, 1)
        torch.nn.init.ones_(self.conv.weight)
        torch.nn.init.zeros_(self.conv.bias)

    def forward(self, images):
        features = self.conv(images)
        print("dtype", features.dtype)
        return 40 * (features.float().mean((1, 2, 3)) - 0.46)


class Items(torch.utils.data.Dataset):
    def __init__(self, images, targets):
        self.images, self.targets, self.here = images, targets, os.getpid()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if os.getpid() != self.here:
            open(f"worker-{{os.getpid()}}", "w").close()
        return self.images[index], int(self.targets[index])


@pytest.fixture
def xray_model():
    return Seeing()


@pytest.fixture
def xray_dataset():
    from conftest import make_data
    return Items(*make_data(20))


@robust(noise="poisson", severities=[1], max_auroc_drop=0.9, {words})
def test_it(): ...


def test_by_hand(xraynoise, xray_model, xray_dataset):
    result = xraynoise.evaluate(xray_model, xray_dataset, severities=[1])
    print("by hand", result.settings["precision"], result.settings["loader_workers"])
"""


def run(
    repo: pytest.Pytester, *options: str, words: str = ""
) -> tuple[pytest.RunResult, dict[str, Any]]:
    repo.makepyfile(SEEING.format(words=words))
    result = repo.runpytest_inprocess(
        "--xraynoise-json=out.json", "--xraynoise-device=cpu", "-s", *options
    )
    return result, read_tests(repo.path / "out.json")["test_it[poisson]"].get("settings") or {}


@pytest.mark.parametrize(
    ("options", "words", "used", "dtype"),
    [
        ((), "", "fp32", "float32"),
        (("--xraynoise-precision=bf16",), "", "bf16", "bfloat16"),
        (("--xraynoise-precision=bf16",), "precision='fp16'", "fp16", "float16"),
        (("--xraynoise-precision=bf16",), "precision='fp32'", "fp32", "float32"),
    ],
)
def test_precision(
    repo: pytest.Pytester, options: tuple[str, ...], words: str, used: str, dtype: str
) -> None:
    result, settings = run(repo, *options, words=words)
    result.assert_outcomes(passed=2)
    assert settings["precision"] == used
    assert f"dtype torch.{dtype}" in stdout(result)
    said = options[0].partition("=")[2] if options else "fp32"
    assert f"by hand {said}" in stdout(result)


def test_ini_and_environment_say_it_too(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.makeini("[pytest]\nxraynoise_precision = fp16\nxraynoise_channels_last = on")
    _, settings = run(repo)
    assert (settings["precision"], settings["channels_last"]) == ("fp16", True)
    monkeypatch.setenv("XRAYNOISE_PRECISION", "bf16")
    _, settings = run(repo, "--xraynoise-channels-last=off")
    assert (settings["precision"], settings["channels_last"]) == ("bf16", False)


def test_channels_last_by_itself_and_by_the_marker(repo: pytest.Pytester) -> None:
    import torch

    onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    result, settings = run(repo)
    result.assert_outcomes(passed=2)
    assert settings["channels_last"] is onednn
    assert run(repo, "--xraynoise-channels-last=auto")[1]["channels_last"] is onednn
    assert run(repo, words="channels_last=False")[1]["channels_last"] is False
    options = ("--xraynoise-channels-last=off",)
    assert run(repo, *options, words="channels_last=True")[1]["channels_last"] is True
    assert run(repo, *options, words="channels_last='auto'")[1]["channels_last"] is onednn


def test_loader_workers(repo: pytest.Pytester) -> None:
    result, settings = run(repo)
    assert settings["loader_workers"] is None
    assert not list(repo.path.glob("worker-*"))
    result, settings = run(repo, "--xraynoise-workers=2")
    result.assert_outcomes(passed=2)
    assert settings["loader_workers"] == 2
    assert len(list(repo.path.glob("worker-*"))) == 4  # two for each evaluation
    assert "by hand fp32 2" in stdout(result)


def test_compile_is_an_opt_in_of_marker_and_command_line(
    repo: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch, "compile", lambda model: model)
    assert run(repo)[1]["compile"] is False
    assert run(repo, "--xraynoise-compile")[1]["compile"] is True
    assert run(repo, "--xraynoise-compile", words="compile=False")[1]["compile"] is False
    assert run(repo, words="compile=True")[1]["compile"] is True


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--xraynoise-precision=bf61", "unknown precision 'bf61'; did you mean 'bf16'"),
        ("--xraynoise-workers=-1", "whole number from 0"),
        ("--xraynoise-workers=auto", "whole number from 0"),
        ("--xraynoise-channels-last=maybe", "expected auto, on or off"),
        ("--xraynoise-compile=tests", "write it out: =on"),
    ],
)
def test_bad_settings_are_told_before_the_run(
    repo: pytest.Pytester, option: str, says: str
) -> None:
    result = repo.runpytest_inprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert says in stdout(result)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("precision='bf61'", "*unknown precision 'bf61'; did you mean 'bf16'*"),
        ("precison='bf16'", "*unknown word 'precison'; did you mean 'precision'*"),
        ("compile='on'", "*compile='on': expected True or False*"),
    ],
)
def test_a_bad_word_is_told_at_collection(repo: pytest.Pytester, words: str, says: str) -> None:
    repo.makepyfile(SEEING.format(words=words))
    result = repo.runpytest_inprocess("--collect-only")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([says])
