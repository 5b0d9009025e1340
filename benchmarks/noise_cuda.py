"""Noise on a CUDA device: its speed through the public API, and whether its bits are the CPU's.

    python benchmarks/noise_cuda.py [--seconds 1]

Batches are those of `noise_speed.py`, and larger ones that fill a large GPU. Rates count calls that
follow each other and one wait at the end, as a pass over a dataset does. Bytes are compared with a
copy on the device, and torch's own noise is torch.poisson + randn + clamp, or normal + clamp.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable

import torch
from noise_speed import PHOTONS, SIGMA, radiographs, torch_poisson_gaussian

from pytest_xraynoise import noise

Job = Callable[[], object]


def rate(job: Job, pixels: int, seconds: float) -> float:
    """Gpixel/s of calls that follow each other."""
    job()
    torch.cuda.synchronize()
    calls, spent = 1, 0.0
    while True:
        began = time.perf_counter()
        for _ in range(calls):
            job()
        torch.cuda.synchronize()
        spent = time.perf_counter() - began
        if spent >= seconds:
            return calls * pixels / spent / 1e9
        calls = max(calls + 1, int(calls * min(10.0, 1.2 * seconds / max(spent, 1e-6))))


def same_bits(images: torch.Tensor) -> int:
    """How many images were compared; raises where one bit differs."""
    compared = 0
    ids = list(range(len(images)))
    for kind in ("poisson", "gaussian", "poisson+gaussian"):
        for severity in range(1, 6):
            here = noise.add(images, kind, severity=severity, ids=ids).images
            there = noise.add(images.cuda(), kind, severity=severity, ids=ids).images.cpu()
            if not torch.equal(here, there):
                raise SystemExit(f"{kind} at severity {severity} differs from the CPU")
            compared += len(images)
    return compared


def table(images: torch.Tensor, seconds: float) -> list[str]:
    pixels, ids = images.numel(), list(range(len(images)))
    copy = rate(images.clone, pixels, seconds)
    rows = [f"| copy on the device | {copy:,.1f} | | | |"]

    def row(name: str, kind: str, torchs: Job, **strength: float) -> str:
        rung = noise.make_rung(kind, 1, strength)
        ready = noise.prepare(images, kind, ids=ids)
        whole = rate(lambda: noise.add(images, kind, ids=ids, **strength), pixels, seconds)
        fused = rate(lambda: ready.at(rung), pixels, seconds)
        normed = rate(lambda: ready.at(rung, normalise=(0.5, 0.25)), pixels, seconds)
        plain = rate(torchs, pixels, seconds)
        return f"| {name} | {fused:,.1f} | {normed:,.1f} | {whole:,.1f} | {fused / plain:.1f}x |"

    jobs: list[tuple[str, str, Job, dict[str, float]]] = [
        (
            f"poisson+gaussian, {photons:,.0f} photons at white",
            "poisson+gaussian",
            functools.partial(torch_poisson_gaussian, images, photons),
            {"photons": photons, "sigma": SIGMA},
        )
        for photons in PHOTONS
    ]
    jobs += [
        ("poisson, 60 photons", "poisson", lambda: torch_poisson(images), {"photons": 60.0}),
        ("gaussian", "gaussian", lambda: torch.normal(images, 0.1).clamp_(0, 1), {"sigma": 0.1}),
    ]
    return rows + [row(name, kind, plain, **strength) for name, kind, plain, strength in jobs]


def torch_poisson(images: torch.Tensor) -> torch.Tensor:
    return (torch.poisson(images * 60) / 60).clamp_(0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.3, help="for each figure")
    given = parser.parse_args()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    began = time.perf_counter()
    noise.add(radiographs(1).cuda(), "poisson+gaussian", severity=1)
    torch.cuda.synchronize()
    print(f"First call: {time.perf_counter() - began:.1f} s")
    print(f"{same_bits(radiographs(4, 509))} images equal the CPU's, bit for bit\n")
    for count, side in ((16, 512), (64, 1024)):
        print(f"| {count} x {side} x {side} | Gpixel/s | normalised | with checks | to torch |")
        print("| --- | ---: | ---: | ---: | ---: |")
        print("\n".join(table(radiographs(count, side).cuda(), given.seconds)), flush=True)
        print()


if __name__ == "__main__":
    main()
