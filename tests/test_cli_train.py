"""``xraynoise train``: what is printed and written, and a kill in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pytest_xraynoise import training
from pytest_xraynoise.cli import main

_SMALL = ["--image-size", "32", "--samples", "24", "--batch-size", "8"]


def test_a_denoiser_and_a_bar_only_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "run")
    words = ["train", "--denoiser", "--task", "segmentation", *_SMALL, "--steps", "2", "--out", out]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("dncnn: PSNR ")
    assert main(words) == 2
    assert "holds a finished run; go on with it by --resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["resnt"], "unknown model 'resnt'; did you mean 'resnet'?"),
        ([], "a model of the zoo or --denoiser"),
        (["resnet", "--denoiser"], "one of them"),
        (["resnet", "--task", "segmentation"], "'resnet' is for classification"),
        (["resnet", "--data", "fantom"], "did you mean 'phantom'?"),
        (["resnet", "--data", "folder:/nowhere"], "/nowhere"),
        (["resnet", "--robust", "poison"], "did you mean 'poisson'?"),
        (["resnet", "--consistency", "1"], "consistency needs noise"),
        (["resnet", "--epoch", "0"], "epochs=0"),
        (["resnet", "--imagesize", "64"], "did you mean --image-size?"),
    ],
)
def test_bad_words(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *words, "--out", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    words = [
        "train",
        "--denoiser",
        *_SMALL,
        "--steps",
        "1",
        "--out",
        str(tmp_path / "file" / "run"),
    ]
    assert main(words) == 2
    assert "cannot make the folder" in capsys.readouterr().err


def test_a_kill_and_another_start_give_the_weights_of_one_run(tmp_path: Path) -> None:
    words = ["resnet", *_SMALL, "--epochs", "30", "--robust", "poisson", "--consistency", "1"]
    one, other = tmp_path / "one", tmp_path / "other"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest_xraynoise.cli", "train", *words, "--out"]
    running = subprocess.Popen([*command, str(one)], env=environment)
    started = time.monotonic()
    while not _epochs(one) and time.monotonic() - started < 120:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it was killed before it was done"
    assert _epochs(one)
    assert not (one / "model.json").exists()
    assert main(["train", *words, "--out", str(one), "--resume"]) == 0
    assert main(["train", *words, "--out", str(other)]) == 0
    a, b = training.load(one).state_dict(), training.load(other).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not list(one.glob(".*")) or all(path.suffix == ".tmp" for path in one.glob(".*"))


def _epochs(folder: Path) -> bool:
    """Whether a checkpoint beyond the first one is there."""
    path = folder / "checkpoint.pt"
    try:
        return bool(torch.load(path, weights_only=True)["step"] > 0)
    except (OSError, RuntimeError):
        return False
