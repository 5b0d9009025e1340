"""What a ladder costs beside the bare forward passes that it cannot do without.

    python benchmarks/ladder_cost.py [ROUNDS]

A ladder of five severities needs six forward passes. In each round the same images go through the
model six times as tensors in memory, then through ``evaluate``; the median of the ratios is told.
"""

from __future__ import annotations

import statistics
import sys
import time

import timm
import torch

from pytest_xraynoise import evaluate

SAMPLES, BATCH, RUNGS = 32, 16, 6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print("| model | image | ladder / (6 x forward) |")
    print("| --- | --- | --- |")
    for name, size in (("resnet18", 224), ("resnet18", 512)):
        model = timm.create_model(name, pretrained=False, in_chans=1, num_classes=1).eval()
        images = torch.rand(SAMPLES, 1, size, size)
        targets = torch.arange(SAMPLES) % 2
        forward(model, images[:BATCH])
        ladder(model, images[:BATCH], targets[:BATCH])
        ratios = []
        for _ in range(rounds):
            bare = forward(model, images)
            ratios.append(ladder(model, images, targets) / bare)
        print(f"| {name} | {size} | {statistics.median(ratios):.3f} |", flush=True)


def forward(model: torch.nn.Module, images: torch.Tensor) -> float:
    start = time.perf_counter()
    with torch.no_grad():
        for _ in range(RUNGS):
            for batch in images.split(BATCH):
                model(batch)
    return time.perf_counter() - start


def ladder(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> float:
    start = time.perf_counter()
    evaluate(model, (images, targets), noise="poisson", batch_size=BATCH, device="cpu")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
