"""Time of a forward pass by batch size, on one thread: why a run on the CPU does not grow its own.

python benchmarks/batch_size.py [--model resnet18] [--size 224]
"""

from __future__ import annotations

import argparse
import time

import timm
import torch

SIZES = (1, 4, 8, 16, 32, 64)
IMAGES = 64


def milliseconds(model: torch.nn.Module, batch: int, side: int) -> float:
    """The best time of an image in batches of ``batch``."""
    images = torch.rand(batch, 1, side, side)
    model(images)
    best = float("inf")
    for _ in range(max(3, IMAGES // batch)):
        began = time.perf_counter()
        model(images)
        best = min(best, (time.perf_counter() - began) / batch)
    return best * 1000


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18", help="a model of timm")
    parser.add_argument("--size", type=int, default=224, help="pixels of a side")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = timm.create_model(options.model, in_chans=1, num_classes=2).eval()
    print("| batch | ms an image |\n| ---: | ---: |")
    with torch.no_grad():
        for batch in SIZES:
            print(f"| {batch} | {milliseconds(model, batch, options.size):.1f} |")


if __name__ == "__main__":
    main()
