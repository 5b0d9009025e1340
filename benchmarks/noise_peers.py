"""The other tools that make noise, each doing the nearest job that it has.

The job: 16 grey images of 512 x 512 in [0, 1], counting noise of 60 photons at white, or white
noise of 0.1 of full scale. A tool works on float32 images where it can, on 8 bits where it must.
What it really does at mid grey is measured beside its speed, because not every tool can be told a
strength.
"""

from __future__ import annotations

import importlib.metadata
import os
import warnings
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise import noise

PHOTONS = 60.0
SIGMA = 0.1
Images = Iterable[torch.Tensor | npt.NDArray[np.generic]]
Job = Callable[[], Images]
Build = Callable[[torch.Tensor], Job]
Rate = Callable[[Callable[[], object], int], float]


def floats(images: torch.Tensor) -> list[npt.NDArray[np.float32]]:
    return [image[0].numpy() for image in images]


def bytes_(images: torch.Tensor) -> list[npt.NDArray[np.uint8]]:
    return [(image[0].numpy() * 255).round().astype(np.uint8) for image in images]


def ours(kind: str, **strength: float) -> Build:
    def build(images: torch.Tensor) -> Job:
        return lambda: noise.add(images, kind, **strength).images

    return build


def torchvision_gaussian(images: torch.Tensor) -> Job:
    from torchvision.transforms import v2

    transform = v2.GaussianNoise(sigma=SIGMA, clip=True)
    return lambda: transform(images)


def kornia_gaussian(images: torch.Tensor) -> Job:
    from kornia.augmentation import RandomGaussianNoise

    transform = RandomGaussianNoise(std=SIGMA, p=1.0)
    return lambda: transform(images).clamp_(0, 1)


def monai_gaussian(images: torch.Tensor) -> Job:
    from monai.transforms import RandGaussianNoise  # one image a call, as a data loader uses it

    transform = RandGaussianNoise(prob=1.0, std=SIGMA, sample_std=False)
    return lambda: [transform(image).clamp_(0, 1) for image in images]


def skimage_gaussian(images: torch.Tensor) -> Job:
    from skimage.util import random_noise

    arrays = floats(images)
    return lambda: [random_noise(array, mode="gaussian", var=SIGMA**2) for array in arrays]


def skimage_poisson(images: torch.Tensor) -> Job:
    """Its photons at white are the number of distinct grey values, up to a power of two: 64."""
    from skimage.util import random_noise

    arrays = [np.round(array * np.float32(63)) / np.float32(63) for array in floats(images)]
    return lambda: [random_noise(array, mode="poisson") for array in arrays]


def albumentations_noise(name: str, **settings: tuple[float, float]) -> Build:
    def build(images: torch.Tensor) -> Job:
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the network
        import albumentations
        import cv2

        cv2.setNumThreads(torch.get_num_threads())
        arrays = floats(images)
        transform = getattr(albumentations, name)(p=1.0, **settings)
        return lambda: [transform(image=array)["image"] for array in arrays]

    return build


def imagecorruptions_noise(name: str) -> Build:
    """Severity 1: 60 photons, or sigma 0.08; it turns grey into three channels by itself."""

    def build(images: torch.Tensor) -> Job:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old names of SciPy and setuptools in its import
            from imagecorruptions import corrupt

        arrays = bytes_(images)
        return lambda: [corrupt(array, corruption_name=name, severity=1) for array in arrays]

    return build


def nrtk_gaussian(images: torch.Tensor) -> Job:
    from nrtk.impls.perturb_image.photometric.noise import GaussianNoisePerturber

    arrays = floats(images)
    perturber = GaussianNoisePerturber(var=SIGMA**2)
    return lambda: [perturber.perturb(image=array)[0] for array in arrays]


OURS: Mapping[str, Build] = {
    "poisson": ours("poisson", photons=PHOTONS),
    "gaussian": ours("gaussian", sigma=SIGMA),
}
PEERS: Mapping[str, Mapping[str, Build]] = {
    "torchvision": {"gaussian": torchvision_gaussian},
    "kornia": {"gaussian": kornia_gaussian},
    "monai": {"gaussian": monai_gaussian},
    "scikit-image": {"poisson": skimage_poisson, "gaussian": skimage_gaussian},
    "albumentations": {
        # Counts in linear light, behind a gamma of 2.2: less noise in the displayed mid greys.
        "poisson": albumentations_noise("ShotNoise", scale_range=(1 / PHOTONS, 1 / PHOTONS)),
        "gaussian": albumentations_noise(
            "GaussNoise", std_range=(SIGMA, SIGMA), mean_range=(0.0, 0.0)
        ),
    },
    "imagecorruptions": {
        "poisson": imagecorruptions_noise("shot_noise"),
        "gaussian": imagecorruptions_noise("gaussian_noise"),
    },
    "nrtk": {"gaussian": nrtk_gaussian},
}


def at_mid_grey(images: torch.Tensor, job: Job) -> float:
    """Standard deviation of what a job adds to the pixels between 0.45 and 0.55."""
    clean = images[:, 0].numpy()
    made = []
    for image in job():
        array = np.squeeze(np.asarray(image))
        scale = 255.0 if array.dtype == np.uint8 else 1.0
        made.append((array[..., 0] if array.ndim == 3 else array) / scale)
    grey = (clean > 0.45) & (clean < 0.55)
    return float((np.stack(made) - clean)[grey].std())


def version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


def table(images: torch.Tensor, rate: Rate) -> list[str]:
    """Rows of the table; a tool that does not install, load or run is named with its reason."""
    pixels = images.numel()
    rows = []
    for kind, build in OURS.items():
        job = build(images)
        mine = rate(job, pixels)
        sd = at_mid_grey(images, job)
        rows.append(f"| {version('pytest-xraynoise')} | {kind} | {sd:.3f} | {mine:,.0f} | |")
        for package, builders in PEERS.items():
            name = version(package)
            if kind not in builders:
                rows.append(f"| {name} | {kind} | | has none | |")
                continue
            try:
                job = builders[kind](images)
                sd, theirs = at_mid_grey(images, job), rate(job, pixels)
            except Exception as error:  # a peer may fail in any way; the table says how
                reason = " ".join(f"{type(error).__name__}: {error}".split())[:80]
                rows.append(f"| {name} | {kind} | | did not run: {reason} | |")
                continue
            rows.append(f"| {name} | {kind} | {sd:.3f} | {theirs:,.1f} | {mine / theirs:.1f}x |")
    return rows
