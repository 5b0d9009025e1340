"""A ladder on PNG files against the script that one would write without the plugin.

    python benchmarks/straight_script.py [--noise gaussian] [--samples 48] [--rounds 3]
    python benchmarks/straight_script.py --device cuda --samples 512 --loader-workers 12

The files are written first: 8-bit grey PNG of 1,024 pixels a side, decoded and resized to 224 by
the dataset, as a user's are. The script, for each severity of the ladder: loop over the DataLoader,
which decodes; noise image by image with albumentations (the fastest peer of ``noise_speed.py``; its
ShotNoise stands for Poisson noise); forward; scikit-learn. Both use resnet18 in batches of 16, the
same dataset and as many loader workers; ``evaluate`` computes intervals and pictures besides.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, Dataset

from pytest_xraynoise import evaluate, noise

BATCH, SIZE = 16, 224


class Files(Dataset[tuple[torch.Tensor, int]]):
    """PNG files, resized; each of them several times where there are fewer than samples."""

    def __init__(self, folder: Path, size: int, samples: int) -> None:
        self.paths = sorted(folder.glob("*.png"))
        self.size, self.samples = size, samples

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path = self.paths[index % len(self.paths)]
        small = Image.open(path).resize((self.size, self.size), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.asarray(small, np.float32)[None] / 255), index % 2


def write_files(folder: Path, count: int, side: int) -> None:
    """Images as smooth as radiographs and as noisy, so that they compress as such do."""
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(rng.integers(40, 200, (24, 24), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float32)
        grey = np.clip(smooth + rng.normal(0, 3, (side, side)), 0, 255).astype(np.uint8)
        Image.fromarray(grey).save(folder / f"{number:04d}.png")


def peer(kind: str, value: float) -> Any:
    """One transform of albumentations at the strength of a rung."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the network
    import albumentations
    import cv2

    cv2.setNumThreads(torch.get_num_threads())
    if kind == "gaussian":
        return albumentations.GaussNoise(std_range=(value, value), mean_range=(0.0, 0.0), p=1.0)
    return albumentations.ShotNoise(scale_range=(1 / value, 1 / value), p=1.0)


def script(model: torch.nn.Module, loader: DataLoader[Any], kind: str, device: str) -> float:
    start = time.perf_counter()
    (parameter,) = {name for rung in noise.ladder(kind).rungs for name in rung.parameters}
    for rung in (None, *noise.ladder(kind).rungs):
        transform = None if rung is None else peer(kind, rung.parameters[parameter])
        scores, targets = [], []
        with torch.no_grad():
            for images, target in loader:
                given = images
                if transform is not None:
                    made = [transform(image=image[0].numpy())["image"] for image in images]
                    given = torch.from_numpy(np.stack(made)[:, None])
                scores.append(torch.sigmoid(model(given.to(device))).squeeze(1).cpu())
                targets.append(target)
        roc_auc_score(torch.cat(targets), torch.cat(scores))
    return time.perf_counter() - start


def ladder(model: torch.nn.Module, loader: DataLoader[Any], kind: str, device: str) -> float:
    start = time.perf_counter()
    evaluate(model, loader, noise=kind, device=device)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", choices=["gaussian", "poisson"], default="gaussian")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--loader-workers", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    model = timm.create_model("resnet18", in_chans=1, num_classes=1).eval().to(given.device)
    how = (given.noise, given.device)
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), min(given.samples, 256), given.side)
        data = Files(Path(folder), SIZE, given.samples)
        loader = DataLoader(data, BATCH, num_workers=given.loader_workers)
        ladder(model, loader, *how)
        pairs = [
            (script(model, loader, *how), ladder(model, loader, *how)) for _ in range(given.rounds)
        ]
    ratio = statistics.median(theirs / mine for theirs, mine in pairs)
    theirs, mine = (statistics.median(column) for column in zip(*pairs, strict=True))
    where = torch.cuda.get_device_name() if given.device == "cuda" else "CPU"
    print(f"torch {torch.__version__}, {where}, {torch.get_num_threads()} threads")
    print("| noise | file | samples | loader workers | script | ladder | times faster |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    words = f"| {given.noise} | {given.side} | {given.samples} | {given.loader_workers} "
    print(f"{words}| {theirs:.2f} s | {mine:.2f} s | {ratio:.2f} |")


if __name__ == "__main__":
    main()
