"""Two models in two workers of pytest-xdist against one process, with one thread each.

    python benchmarks/two_workers.py [--samples 96] [--rounds 3]

The whole command is timed: imports, collection, reports and all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFTEST = """
import pytest, timm, torch

def made(seed):
    torch.manual_seed(seed)
    return timm.create_model("resnet18", in_chans=1, num_classes=1).eval()

@pytest.fixture(scope="session")
def first():
    return made(0)

@pytest.fixture(scope="session")
def second():
    return made(1)

@pytest.fixture(scope="session")
def xray_dataset():
    draw = torch.Generator().manual_seed(0)
    return torch.rand({samples}, 1, 224, 224, generator=draw), torch.arange({samples}) % 2
"""
TESTS = """
from pytest_xraynoise import robust

@robust(noise=["poisson", "gaussian"], model="first", max_auroc_drop=0.99)
def test_first(): ...

@robust(noise=["poisson", "gaussian"], model="second", max_auroc_drop=0.99)
def test_second(): ...
"""


def run(folder: Path, *options: str) -> float:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, **threads},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "conftest.py").write_text(CONFTEST.format(samples=given.samples))
        (folder / "test_two.py").write_text(TESTS)
        pairs = [(run(folder), run(folder, "-n2")) for _ in range(given.rounds)]
    one, two = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / two for one, two in pairs)
    print("| samples | one process | two workers | times faster |")
    print("| ---: | ---: | ---: | ---: |")
    print(f"| {given.samples} | {one:.1f} s | {two:.1f} s | {ratio:.2f} |")


if __name__ == "__main__":
    main()
