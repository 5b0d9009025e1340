"""What a ladder costs beside the bare forward passes that it cannot do without.

    python benchmarks/ladder_cost.py [MODEL ...] [--sizes 224 512] [--samples 32] [--rounds 5]
    python benchmarks/ladder_cost.py resnet50 unet34 --device cuda --precision bf16 --batch 64
    python benchmarks/ladder_cost.py resnet50 --device cuda --files 12

A ladder of five severities needs six forward passes. In each round the clean images and those of
the five rungs go through the model as tensors in memory (noisy images take some models longer than
smooth ones); the clean ones through ``evaluate`` with the model left in the memory format that it
has, so that both sides run the same kernels; and through ``evaluate`` as it comes, which brings
convolutions into NHWC. The order changes from round to round. The median of the ratios is told, by
the clock and by processor time, which other work on the machine disturbs less (set
OMP_WAIT_POLICY=PASSIVE, or waiting threads count as work). The ladder includes noise, scores,
metrics, intervals and pictures. On a GPU the bare passes have their images
on the device already, and the ladder has them in the memory of the host. With ``--files`` the
ladder decodes PNG files of 1,024 pixels a side and resizes them, in so many loader workers.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pytest_xraynoise import evaluate, noise

NOISE = "poisson"
SIDE = 1024


def classifier(name: str) -> torch.nn.Module:
    import timm

    model: torch.nn.Module = timm.create_model(name, in_chans=1, num_classes=1)
    return model


def unet(encoder: str) -> torch.nn.Module:
    import segmentation_models_pytorch as smp

    model: torch.nn.Module = smp.Unet(encoder, encoder_weights=None, in_channels=1, classes=1)
    return model


MODELS: dict[str, Callable[[], torch.nn.Module]] = {
    "resnet18": lambda: classifier("resnet18"),
    "densenet121": lambda: classifier("densenet121"),
    "unet": lambda: unet("resnet18"),
    "resnet50": lambda: classifier("resnet50"),
    "unet34": lambda: unet("resnet34"),
}


class Given(NamedTuple):
    """How a model is run on both sides."""

    device: str
    precision: str
    batch: int | None
    files: int

    @property
    def bare_batch(self) -> int:
        return self.batch or 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["resnet18", "densenet121", "unet"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[224, 512])
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--batch", type=int, default=16, help="0: what the engine finds, beside 64")
    parser.add_argument("--files", type=int, default=0, help="loader workers that decode files")
    given = parser.parse_args()
    how = Given(given.device, given.precision, given.batch or None, given.files)
    where = torch.cuda.get_device_name() if given.device == "cuda" else "CPU"
    print(f"torch {torch.__version__}, {where}, {torch.get_num_threads()} threads")
    columns = "model | image | batch | images | bare passes | ladder / (6 x forward) | CPU time"
    print(f"| {columns} | as it comes | CPU time |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in given.models:
        model = MODELS[name]().eval().to(given.device)
        for size in given.sizes:
            rounds = measured(model, size, given.samples, given.rounds, "unet" in name, how)
            bare = statistics.median(one.bare.clock for one in rounds)
            words = (
                f"| {name} | {size} | {given.batch or 'auto'} | {given.samples} | {bare:.2f} s |"
            )
            for which in ("same_format", "as_it_comes"):
                pairs = [(one.bare, getattr(one, which)) for one in rounds]
                clock = statistics.median(mine.clock / bare.clock for bare, mine in pairs)
                work = statistics.median(mine.work / bare.work for bare, mine in pairs)
                words += f" {clock:.3f} | {work:.3f} |"
            print(words, flush=True)


class Spent(NamedTuple):
    """Seconds by the clock, and of all processors."""

    clock: float
    work: float


class Round(NamedTuple):
    """What each side took in one round."""

    bare: Spent
    same_format: Spent
    as_it_comes: Spent


def spent(action: Callable[[], object]) -> Spent:
    clock, work = time.perf_counter(), time.process_time()
    action()
    return Spent(time.perf_counter() - clock, time.process_time() - work)


def measured(
    model: torch.nn.Module, size: int, samples: int, rounds: int, masks: bool, how: Given
) -> list[Round]:
    """The bare passes and the ladders, round by round."""
    draw = torch.Generator().manual_seed(0)
    coarse = torch.rand(samples, 1, 16, 16, generator=draw)  # as smooth as radiographs are
    images = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)
    targets = (images[:, 0] > 0.5).long() if masks else torch.arange(samples) % 2
    prepared = noise.prepare(images, NOISE, ids=range(samples))
    rungs = [images, *(prepared.at(rung).images for rung in noise.ladder(NOISE).rungs)]
    there = [batch.to(how.device) for batch in rungs]
    with tempfile.TemporaryDirectory() as folder:
        data: Any = (images, targets)
        if how.files:
            data = files(Path(folder), size, samples)
        forward(model, [batch[:2] for batch in there], how)
        sides = {
            "bare": lambda: forward(model, there, how),
            "same_format": lambda: ladder(model, data, how, channels_last=False),
            "as_it_comes": lambda: ladder(model, data, how),
        }
        for words in ({"channels_last": False}, {}):
            ladder(model, (images[:64], targets[:64]), how, **words)
        found = []
        for number in range(rounds):
            order = list(sides)
            order = order[number % 3 :] + order[: number % 3]
            took = {side: spent(sides[side]) for side in order}
            found.append(Round(**took))
    return found


def files(folder: Path, size: int, samples: int) -> torch.utils.data.Dataset[Any]:
    """PNG files, each of them read for several samples where there are more than 256."""
    from straight_script import Files, write_files

    write_files(folder, min(samples, 256), SIDE)
    return Files(folder, size, samples)


def forward(model: torch.nn.Module, rungs: list[torch.Tensor], how: Given) -> None:
    half = torch.autocast(how.device, torch.bfloat16, enabled=how.precision == "bf16")
    with torch.no_grad(), half:
        for images in rungs:
            for batch in images.split(how.bare_batch):
                model(batch)
    if how.device == "cuda":
        torch.cuda.synchronize()


def ladder(model: torch.nn.Module, data: Any, how: Given, **words: Any) -> None:
    evaluate(
        model,
        data,
        noise=NOISE,
        batch_size=how.batch or "auto",
        device=how.device,
        precision=how.precision,
        loader_workers=how.files,
        **words,
    )


if __name__ == "__main__":
    main()
