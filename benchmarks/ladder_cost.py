"""What a ladder costs beside the bare forward passes that it cannot do without.

    python benchmarks/ladder_cost.py [MODEL ...] [--sizes 224 512] [--samples 32] [--rounds 5]

A ladder of five severities needs six forward passes. In each round the same images go through the
model six times as tensors in memory, then through ``evaluate`` (or the other way round, in turn);
the median of the ratios is told, by the clock and by processor time, which other work on the
machine disturbs less (set OMP_WAIT_POLICY=PASSIVE, or waiting threads count as work). The ladder
includes noise, scores, metrics, intervals and pictures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from pytest_xraynoise import evaluate

BATCH, RUNGS = 16, 6


def resnet18() -> torch.nn.Module:
    import timm

    model: torch.nn.Module = timm.create_model("resnet18", in_chans=1, num_classes=1)
    return model


def densenet121() -> torch.nn.Module:
    import timm

    model: torch.nn.Module = timm.create_model("densenet121", in_chans=1, num_classes=1)
    return model


def unet() -> torch.nn.Module:
    import segmentation_models_pytorch as smp

    model: torch.nn.Module = smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=1)
    return model


MODELS: dict[str, Callable[[], torch.nn.Module]] = {
    "resnet18": resnet18,
    "densenet121": densenet121,
    "unet": unet,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=list(MODELS), choices=[*MODELS, []])
    parser.add_argument("--sizes", nargs="+", type=int, default=[224, 512])
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {given.samples} images")
    print("| model | image | bare forward passes | ladder / (6 x forward) | by processor time |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in given.models:
        model = MODELS[name]().eval()
        for size in given.sizes:
            rounds = measured(model, size, given.samples, given.rounds, name == "unet")
            bare = statistics.median(bare.clock for bare, _ in rounds)
            clock = statistics.median(mine.clock / bare.clock for bare, mine in rounds)
            work = statistics.median(mine.work / bare.work for bare, mine in rounds)
            print(f"| {name} | {size} | {bare:.2f} s | {clock:.3f} | {work:.3f} |", flush=True)


class Spent(NamedTuple):
    """Seconds by the clock, and of all processors."""

    clock: float
    work: float


def spent(action: Callable[[], object]) -> Spent:
    clock, work = time.perf_counter(), time.process_time()
    action()
    return Spent(time.perf_counter() - clock, time.process_time() - work)


def measured(
    model: torch.nn.Module, size: int, samples: int, rounds: int, masks: bool
) -> list[tuple[Spent, Spent]]:
    """The bare passes and the ladder, round by round."""
    draw = torch.Generator().manual_seed(0)
    coarse = torch.rand(samples, 1, 16, 16, generator=draw)  # as smooth as radiographs are
    images = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)
    targets = (images[:, 0] > 0.5).long() if masks else torch.arange(samples) % 2
    forward(model, images[:2])
    ladder(model, images[:2], targets[:2])
    found = []
    for number in range(rounds):
        bare = None if number % 2 else spent(lambda: forward(model, images))
        mine = spent(lambda: ladder(model, images, targets))
        found.append((bare or spent(lambda: forward(model, images)), mine))
    return found


def forward(model: torch.nn.Module, images: torch.Tensor) -> None:
    with torch.no_grad():
        for _ in range(RUNGS):
            for batch in images.split(BATCH):
                model(batch)


def ladder(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> None:
    evaluate(model, (images, targets), noise="poisson", batch_size=BATCH, device="cpu")


if __name__ == "__main__":
    main()
