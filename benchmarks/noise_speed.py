"""Speed of noise through the public API, against torch and against the field's other tools.

All ratios are taken in one run on one machine, on one thread and on two::

    python benchmarks/noise_speed.py            # a table in Markdown
    python benchmarks/noise_speed.py --peers    # other tools too, those that are installed

The batch is 16 grey images of 512 x 512 like a chest radiograph: a smooth body between 0.1 and 0.9
in a border of 0. A peer does the nearest job that it has: on float images
where it can, else on 8 bits, at about the same strength (60 photons at white, sigma 0.1).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import time
from collections.abc import Callable

import numpy as np
import torch

from pytest_xraynoise import noise

PHOTONS = (5.0, 50.0, 1_500.0, 20_000.0)
SIGMA = 0.02
Job = Callable[[], object]


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


def against_torch(images: torch.Tensor) -> list[str]:
    """Rows of the first table."""
    pixels = images.numel()
    ids = list(range(len(images)))
    copy = rate(images.clone, pixels)
    rows = [f"| float32 copy of the batch | {copy:,.0f} | | |"]
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
            f"| {name}, a further rung | {further:,.0f} | | {further / copy:.2f} of a copy |"
        )
    plain = rate(lambda: torch.normal(images, 0.1).clamp_(0, 1), pixels)
    ours = rate(lambda: noise.add(images, "gaussian", sigma=0.1, ids=ids), pixels)
    rows.append(f"| gaussian | {ours:,.0f} | {plain:,.0f} | {ours / plain:.1f}x |")
    return rows


def peers() -> dict[str, dict[str, Callable[[torch.Tensor], Job]]]:
    """Other tools by package: what each does for Poisson and for Gaussian noise."""

    def torchvision_gaussian(images: torch.Tensor) -> Job:
        from torchvision.transforms import v2

        transform = v2.GaussianNoise(sigma=0.1)
        return lambda: transform(images)

    def kornia_gaussian(images: torch.Tensor) -> Job:
        from kornia.augmentation import RandomGaussianNoise

        transform = RandomGaussianNoise(std=0.1, p=1.0)
        return lambda: transform(images).clamp_(0, 1)

    def monai_gaussian(images: torch.Tensor) -> Job:
        from monai.transforms import RandGaussianNoise

        transform = RandGaussianNoise(prob=1.0, std=0.1, sample_std=False)
        return lambda: [transform(image).clamp_(0, 1) for image in images]

    def skimage_noise(mode: str) -> Callable[[torch.Tensor], Job]:
        def build(images: torch.Tensor) -> Job:
            from skimage.util import random_noise

            arrays = [image[0].numpy() for image in images]
            extra = {"var": 0.01} if mode == "gaussian" else {}
            return lambda: [random_noise(array, mode=mode, **extra) for array in arrays]

        return build

    def albumentations_noise(name: str) -> Callable[[torch.Tensor], Job]:
        def build(images: torch.Tensor) -> Job:
            import albumentations
            import cv2

            cv2.setNumThreads(torch.get_num_threads())

            arrays = [image[0].numpy() for image in images]
            settings = {"ShotNoise": {"scale_range": (0.02, 0.02)}}.get(
                name, {"std_range": (0.1, 0.1), "mean_range": (0.0, 0.0)}
            )
            transform = getattr(albumentations, name)(p=1.0, **settings)
            return lambda: [transform(image=array) for array in arrays]

        return build

    def imagecorruptions_noise(name: str) -> Callable[[torch.Tensor], Job]:
        def build(images: torch.Tensor) -> Job:
            from imagecorruptions import corrupt

            arrays = [(image[0].numpy() * 255).astype(np.uint8) for image in images]
            return lambda: [corrupt(array, corruption_name=name, severity=1) for array in arrays]

        return build

    def nrtk_gaussian(images: torch.Tensor) -> Job:
        from nrtk.impls.perturb_image.photometric.noise import GaussianNoisePerturber

        arrays = [(image[0].numpy() * 255).astype(np.uint8) for image in images]
        perturb = GaussianNoisePerturber(var=0.01)
        return lambda: [perturb(image=array) for array in arrays]

    return {
        "torchvision": {"gaussian": torchvision_gaussian},
        "kornia": {"gaussian": kornia_gaussian},
        "monai": {"gaussian": monai_gaussian},
        "scikit-image": {
            "poisson": skimage_noise("poisson"),
            "gaussian": skimage_noise("gaussian"),
        },
        "albumentations": {
            "poisson": albumentations_noise("ShotNoise"),
            "gaussian": albumentations_noise("GaussNoise"),
        },
        "imagecorruptions": {
            "poisson": imagecorruptions_noise("shot_noise"),
            "gaussian": imagecorruptions_noise("gaussian_noise"),
        },
        "nrtk": {"gaussian": nrtk_gaussian},
    }


def against_peers(images: torch.Tensor) -> list[str]:
    """Rows of the second table; a peer that cannot be loaded is named with its reason."""
    pixels = images.numel()
    rows = []
    for kind, strength in (("poisson", {"photons": 60.0}), ("gaussian", {"sigma": 0.1})):
        ours = rate(lambda k=kind, s=strength: noise.add(images, k, **s), pixels)  # type: ignore[misc]
        rows.append(f"| pytest-xraynoise | {kind} | {ours:,.0f} | |")
        for package, jobs in peers().items():
            if kind not in jobs:
                rows.append(f"| {package} | {kind} | has none | |")
                continue
            try:
                theirs = rate(jobs[kind](images), pixels)
            except Exception as error:  # a peer may fail in any way; the table says how
                rows.append(f"| {package} | {kind} | did not run: {str(error)[:60]} | |")
                continue
            version = importlib.metadata.version(package)
            rows.append(f"| {package} {version} | {kind} | {theirs:,.1f} | {ours / theirs:.1f}x |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", action="store_true", help="time other installed tools too")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
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
        print("\n".join(against_torch(images)), end="\n\n")
        if arguments.peers:
            print(f"| tool, {threads} thread{'s'[: threads > 1]} | noise | Mpixel/s | we are |")
            print("| --- | --- | --- | --- |")
            print("\n".join(against_peers(images)), end="\n\n")


if __name__ == "__main__":
    main()
