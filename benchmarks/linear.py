"""Whether a ladder's cost is linear in samples and in rungs, and its memory flat in samples.

    python benchmarks/linear.py [--rounds 5] [--counts 250 1000 4000] [--peaks 1000 4000 16000]

A tiny model on images of 128 x 128 that are made when they are asked for, so what is seen is the
engine. In each round every size takes the same number of samples, as 16 ladders of 250 or one of
4,000, so that all take about as long; what is told are medians over the rounds of processor time.
Set MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ to 1073741824, or what is seen is how glibc
gives memory back and gets it again.
Intervals are by DeLong's method, whose cost is n log n. Peak memory is of a process of its own for
each size, above what it holds before the ladder; the scores kept are told beside it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--counts", type=int, nargs="+", default=[250, 1000, 4000])
    parser.add_argument("--peaks", type=int, nargs="*", default=[1000, 4000, 16000])
    parser.add_argument("--peak", type=int, help="only the memory of one size, in MiB")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print(peak(given.peak))
        return
    seconds(64)
    samples(sorted(given.counts), given.rounds)
    rungs(sorted(given.counts)[0], given.rounds)
    print("\n| samples | peak of memory above before, MiB | scores kept, MiB |")
    print("| ---: | ---: | ---: |")
    for count in given.peaks:
        script = [sys.executable, __file__, f"--peak={count}"]
        memory = float(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
        print(f"| {count} | {memory:.1f} | {count * 6 * 8 / 2**20:.2f} |", flush=True)


def samples(counts: list[int], rounds: int) -> None:
    """The slope at each size, from as many ladders of it as make the largest size's samples."""
    most = counts[-1]
    slopes: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        spent = {count: sum(seconds(count) for _ in range(most // count)) for count in counts}
        few, more = counts[:2]
        # A ladder costs a fixed part and one for each sample. The two smallest sizes tell the
        # fixed part, so they agree by construction: the question is whether the others do.
        fixed = (spent[few] - spent[more]) / (most // few - most // more)
        for count in counts:
            slopes[count].append((spent[count] - fixed * (most // count)) / most)
    base = slopes[counts[0]]
    print("| samples | ladders | ms a sample | to that of the smallest |")
    print("| ---: | ---: | ---: | ---: |")
    for count in counts:
        ratios = [mine / first for mine, first in zip(slopes[count], base, strict=True)]
        cost = 1000 * statistics.median(slopes[count])
        print(f"| {count} | {most // count} | {cost:.3f} | {statistics.median(ratios):.3f} |")


def rungs(count: int, rounds: int) -> None:
    """What a further rung costs, early and late in a ladder."""
    ratios, spent = [], {number: [] for number in (1, 3, 5)}
    for _ in range(rounds):
        took = {number: sum(seconds(count, number) for _ in range(4)) for number in spent}
        for number, value in took.items():
            spent[number].append(value)
        ratios.append((took[5] - took[3]) / (took[3] - took[1]))
    told = ", ".join(f"{statistics.median(values):.2f}" for values in spent.values())
    print(f"\n1, 3 and 5 rungs: {told} s (four ladders of {count} samples)")
    print(f"a rung from 3 to 5 / from 1 to 3: {statistics.median(ratios):.3f}", flush=True)


if __name__ == "__main__":
    main()
