"""Speed of noise through the public API, against torch and against the field's other tools.

All ratios are taken in one run on one machine, on one thread and on two::

    python benchmarks/noise_speed.py            # a table in Markdown
    python benchmarks/noise_speed.py --peers    # other tools too (the extra `benchmark`)

The batch is 16 grey images of 512 x 512 like a chest radiograph: a smooth body between 0.1 and 0.9
in a border of 0. What the other tools do is in `noise_peers.py`.
"""

from __future__ import annotations

import argparse
import functools
import platform
import time
from collections.abc import Callable

import noise_peers
import torch

from pytest_xraynoise import noise

PHOTONS = (5.0, 50.0, 1_500.0, 20_000.0)
SIGMA = 0.02
Job = Callable[[], object]
Rate = Callable[[Job, int], float]


def radiographs(count: int = 16, side: int = 512) -> torch.Tensor:
    """(count, 1, side, side) float32 in [0, 1]."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    body = 0.9 - 0.4 * torch.exp(-((x.abs() - 0.45) ** 2 / 0.08 + y**2 / 0.4))
    body = body - 0.35 * (1 + torch.sin(9 * y)) * torch.exp(-(x**2) / 0.5) / 2
    image = torch.where((x.abs() < 0.92) & (y.abs() < 0.96), body.clamp(0.1, 0.9), 0.0)
    return image.expand(count, 1, side, side).contiguous()


def rate(job: Job, pixels: int, seconds: float = 1.0) -> float:
    """Best of repeated runs, in Mpixel/s."""
    job()
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - began)
    return pixels / best / 1e6


def torch_poisson_gaussian(images: torch.Tensor, photons: float) -> torch.Tensor:
    """What one writes without a library."""
    counts = torch.poisson(images * photons) / photons
    return (counts + torch.randn_like(images) * SIGMA).clamp_(0, 1)


def against_torch(images: torch.Tensor, rate: Rate) -> list[str]:
    """Rows of the first table."""
    pixels = images.numel()
    ids = list(range(len(images)))
    copy = rate(images.clone, pixels)
    moved = torch.empty(2, *images.shape)  # 8 bytes a pixel read, 8 written
    result = torch.empty_like(moved)
    same = rate(lambda: result.copy_(moved), pixels)
    rows = [
        f"| float32 copy of the batch | {copy:,.0f} | | |",
        f"| copy of as many bytes as a further rung moves | {same:,.0f} | | |",
    ]
    for photons in PHOTONS:
        plain = rate(lambda n=photons: torch_poisson_gaussian(images, n), pixels)  # type: ignore[misc]
        ours = rate(
            lambda n=photons: noise.add(  # type: ignore[misc]
                images, "poisson+gaussian", photons=n, sigma=SIGMA, ids=ids
            ),
            pixels,
        )
        rung = noise.make_rung("poisson+gaussian", 1, {"photons": photons, "sigma": SIGMA})
        ready = noise.prepare(images, "poisson+gaussian", ids=ids)
        further = rate(lambda p=ready, r=rung: p.at(r), pixels)  # type: ignore[misc]
        name = f"poisson+gaussian, {photons:,.0f} photons at white"
        rows.append(f"| {name} | {ours:,.0f} | {plain:,.0f} | {ours / plain:.1f}x |")
        rows.append(
            f"| {name}, a further rung | {further:,.0f} | | {further / copy:.2f} of a copy, "
            f"{further / same:.2f} of one of the same bytes |"
        )
    plain = rate(lambda: torch.normal(images, 0.1).clamp_(0, 1), pixels)
    ours = rate(lambda: noise.add(images, "gaussian", sigma=0.1, ids=ids), pixels)
    rows.append(f"| gaussian | {ours:,.0f} | {plain:,.0f} | {ours / plain:.1f}x |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", action="store_true", help="time other installed tools too")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure (default: 1)")
    arguments = parser.parse_args()
    timed = functools.partial(rate, seconds=arguments.seconds)
    images = radiographs()
    began = time.perf_counter()
    noise.add(images[:1], "poisson+gaussian", severity=1)
    first = time.perf_counter() - began
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}")
    print(f"First call: {first:.1f} s (kernels compiled, or loaded from the cache on disk)\n")
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        print(f"| {threads} thread{'s'[: threads > 1]} | Mpixel/s | torch | ratio |")
        print("| --- | --- | --- | --- |")
        print("\n".join(against_torch(images, timed)), end="\n\n")
        if arguments.peers:
            tool = f"tool, {threads} thread{'s'[: threads > 1]}"
            print(f"| {tool} | noise | sd at mid grey | Mpixel/s | we are |")
            print("| --- | --- | --- | --- | --- |")
            print("\n".join(noise_peers.table(images, timed)), end="\n\n")


if __name__ == "__main__":
    main()
