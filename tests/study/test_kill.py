"""A study that is killed at any point goes on, and ends with the numbers of one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pytest_xraynoise.cli import main
from pytest_xraynoise.report.json import read_json

WORDS = [
    "study",
    *("--tasks", "segmentation"),
    *("--models", "unet"),
    *("--noises", "gaussian"),
    *("--trainings", "clean"),
    *("--denoisers", "dncnn"),
    *("--image-size", "32"),
    *("--epochs", "4"),
    *("--train-samples", "48"),
    *("--samples", "24"),
    *("--device", "cpu"),
    "--out",
]


def _under_way(folder: Path) -> bool:
    """Whether a training is beyond its first checkpoint."""
    try:
        return bool(torch.load(folder / "checkpoint.pt", weights_only=True)["step"] > 0)
    except (OSError, RuntimeError):
        return False


POINTS: dict[str, Callable[[Path], bool]] = {
    "the model is trained": lambda out: _under_way(out / "models" / "unet-clean"),
    "a ladder was written": lambda out: any((out / "ladders").glob("*.json")),
    "the denoiser is trained": lambda out: _under_way(out / "models" / "dncnn-segmentation"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study") / "whole"
    assert main([*WORDS, str(out)]) == 0
    return out


def _numbers(out: Path) -> list[Any]:
    return [
        (test.nodeid, [(rung.rung, rung.metrics) for rung in test.result.rungs])
        for test in read_json(out / "results.json").tests
        if test.result is not None
    ]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("point", POINTS)
def test_it_goes_on_where_it_was(point: str, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "pytest_xraynoise.cli", *WORDS, str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    while not POINTS[point](out) and running.poll() is None and time.monotonic() - began < 120:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it was killed before it was done"
    assert not (out / "results.json").exists()
    assert main([*WORDS, str(out)]) == 0
    assert len(_numbers(out)) == 2
    assert _numbers(out) == _numbers(undisturbed)
