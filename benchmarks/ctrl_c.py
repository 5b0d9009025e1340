"""How long after Ctrl-C the reports are there, and how long until the process has ended.

python benchmarks/ctrl_c.py [--rounds 5] [-- PYTEST OPTIONS, such as -n2]
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = """
import time

import pytest, torch
from pytest_xraynoise import robust

@pytest.fixture(scope="session")
def xray_dataset():
    return torch.rand(40, 1, 32, 32), torch.arange(40) % 2

@pytest.fixture(scope="session")
def xray_model():
    return lambda images: images.mean((1, 2, 3)) * 10 - 5

@pytest.fixture
def slow():
    def model(images):
        open("running", "w").close()
        time.sleep(60)
    return model

@robust(noise="poisson", max_auroc_drop=0.99)
def test_done(): ...

@robust(noise="poisson", model="slow", max_auroc_drop=0.99)
def test_interrupted(): ...

@robust(noise="gaussian", max_auroc_drop=0.99)
def test_left(): ...
"""


def pressed(folder: Path, options: list[str]) -> tuple[float, float]:
    """Seconds to the reports, and to the end."""
    for name in ("running", "out.json", "out.html"):
        (folder / name).unlink(missing_ok=True)
    words = ["--xraynoise-json=out.json", "--xraynoise-report=out.html", *options]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (folder / "running").exists():
        time.sleep(0.05)
        if run.poll() is not None:
            raise SystemExit("pytest ended before a ladder ran")
    time.sleep(0.5)
    start = time.perf_counter()
    os.killpg(run.pid, signal.SIGINT)  # what a terminal does
    reports = float("nan")
    while run.poll() is None:
        if reports != reports and all(
            (folder / name).exists() for name in ("out.json", "out.html")
        ):
            reports = time.perf_counter() - start
        time.sleep(0.005)
    return reports, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "test_it.py").write_text(TESTS)
        rounds = [pressed(Path(name), given.options) for _ in range(given.rounds)]
    reports, end = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"| {' '.join(given.options) or 'one process'} | {reports:.2f} s | {end:.2f} s |")


if __name__ == "__main__":
    main()
