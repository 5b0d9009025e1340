"""A cluster that somebody else started: used by its address, and left alive."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray")

SCRIPT = """
import ray
import torch
from pytest_xraynoise import evaluate

def bright(images):
    return images.mean((1, 2, 3)) * 20 - 7

targets = (torch.arange(40) % 2).float()
images = torch.rand(40, 1, 8, 8) * 0.3 + 0.2 + 0.05 * targets.view(-1, 1, 1, 1)
for address in ("127.0.0.1:PORT", None, "auto"):
    result = evaluate(bright, (images, targets), engine="ray", ray_address=address, batch_size=4,
                      severities=[1], metrics=["auroc"])
    assert len(result.ids) == 40
    assert not ray.is_initialized()
    print(result.settings["device"])
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        free = int(one.getsockname()[1])
    words = f"start --head --port={free} --num-cpus=2 --include-dashboard=false --block"
    command = [sys.executable, "-m", "ray.scripts.scripts", *words.split()]
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    with (tmp_path / "head.txt").open("w") as log:
        head = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and "block forever" not in Path(log.name).read_text():
            time.sleep(0.2)
        yield free
        assert head.poll() is None, "the head node was taken down"
    finally:
        head.terminate()
        head.wait(30)


@pytest.mark.slow
def test_it_is_used_and_goes_on(port: int, tmp_path: Path) -> None:
    environment = os.environ | {
        "RAY_ADDRESS": f"127.0.0.1:{port}",
        "RAY_AUTH_MODE": "disabled",
        "OMP_NUM_THREADS": "1",
    }
    for _ in range(2):  # the second finds it as the first did
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT.replace("PORT", str(port))],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split("\n")[:3] == ["cpu x 2 (Ray)"] * 3
