"""Peak memory of a ladder does not grow with the number of samples."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="this system does not tell the peak of a process")

SIDE = 128
SCRIPT = """
import resource
import sys

import torch

from pytest_xraynoise import evaluate

side, few, many = (int(word) for word in sys.argv[2:])
masks = sys.argv[1] == "dice"


class Images(torch.utils.data.Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        image = torch.full((1, side, side), 0.4 + 0.002 * (index % 101))
        if not masks:
            return image, index % 2
        mask = torch.zeros(side, side, dtype=torch.long)
        mask[10:50, 10:60] = 1
        return image, mask


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, images):
        found = self.layer(images).mean(1, keepdim=True)
        return found if masks else found.mean((1, 2, 3))


def peak_after(count):
    torch.manual_seed(0)
    evaluate(
        Model().eval(), Images(count), noise="poisson", metrics=[sys.argv[1]], device="cpu",
        batch_size=16,
    )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


before = peak_after(few)
print(peak_after(many) - before)
"""


@pytest.mark.parametrize("metric", ["auroc", "dice"])
def test_flat_in_samples(metric: str) -> None:
    few, many = 256, 3000
    words = [metric, *map(str, (SIDE, few, many))]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True
    )
    unit = 1 if sys.platform == "darwin" else 1024
    grown = int(ended.stdout) * unit
    images = (many - few) * SIDE * SIDE * 4
    # Scores, ids and intervals are below 1 KiB a sample; an image is 64 KiB.
    assert grown < images / 5, (
        f"{grown / 2**20:.0f} MiB more for {images / 2**20:.0f} MiB of images"
    )
