"""Whether a ladder's cost is linear in samples and in rungs, and its memory flat in samples.

    python benchmarks/linear.py [--repeats 3] [--counts 250 500 1000 2000 4000]

A tiny model on images of 128 x 128 that are made when they are asked for, so what is seen is the
engine. The slope between two sizes is seconds a sample; were the cost linear, all would be alike.
Other work on the machine only adds to processor time, so the least of several runs is told.
Intervals are by DeLong's method, whose cost is n log n. Peak memory is of a process of its own for
each size, above what it holds before the ladder; the scores kept are told beside it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import torch

from pytest_xraynoise import evaluate

SIDE = 128


class Made(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """Images that exist while they are used."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        level = 0.4 + 0.1 * (index % 2) + 0.1 * ((index * 7919) % 101) / 101
        return torch.full((1, SIDE, SIDE), level), index % 2


class Tiny(torch.nn.Module):
    """A convolution and a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 8, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.layer(images)).mean((1, 2, 3)) * 10


def seconds(count: int, rungs: int = 5) -> float:
    """Processor time of one ladder."""
    torch.manual_seed(0)
    model, data = Tiny().eval(), Made(count)
    severities = list(range(1, rungs + 1))
    start = time.process_time()
    evaluate(model, data, noise="poisson", severities=severities, metrics=["auroc"], device="cpu")
    return time.process_time() - start


def peak(count: int) -> float:
    """Mebibytes that a ladder added to the peak of this process."""
    seconds(32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds(count)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=[250, 500, 1000, 2000, 4000])
    parser.add_argument("--peak", type=int, help="only the memory of one size, in MiB")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print(peak(given.peak))
        return
    seconds(64)
    print("| samples | seconds | slope to the next, ms a sample | memory, MiB | scores, MiB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    found: dict[int, list[float]] = {count: [] for count in given.counts}
    for _ in range(given.repeats):
        for count in given.counts:
            found[count].append(seconds(count))
    spent = {count: min(values) for count, values in found.items()}
    slopes = []
    for count, after in zip(given.counts, [*given.counts[1:], None], strict=True):
        slope = "" if after is None else 1000 * (spent[after] - spent[count]) / (after - count)
        slopes.append(slope)
        told = f"{slope:.3f}" if after else ""
        script = [sys.executable, __file__, f"--peak={count}"]
        memory = float(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
        kept = count * 6 * 8 / 2**20
        print(f"| {count} | {spent[count]:.2f} | {told} | {memory:.1f} | {kept:.2f} |", flush=True)
    first, last = given.counts[0], given.counts[-1]
    middle = given.counts[len(given.counts) // 2]
    low = (spent[middle] - spent[first]) / (middle - first)
    high = (spent[last] - spent[middle]) / (last - middle)
    print(f"\nslope from {middle} to {last} / slope from {first} to {middle}: {high / low:.3f}\n")
    print("| rungs | seconds |\n| ---: | ---: |")
    by_rung = {}
    for rungs in (1, 2, 3, 4, 5):
        by_rung[rungs] = min(seconds(middle, rungs) for _ in range(given.repeats))
        print(f"| {rungs} | {by_rung[rungs]:.2f} |")
    early, late = (by_rung[3] - by_rung[1]) / 2, (by_rung[5] - by_rung[3]) / 2
    print(f"\nseconds a rung from 3 to 5 / from 1 to 3: {late / early:.3f}")


if __name__ == "__main__":
    main()
