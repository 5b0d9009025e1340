"""Small models trained on the chest phantom, for examples that need a model which works.

They are trained on clean images: noise is what the examples find them unprepared for. The first
call trains for a minute or two on a laptop's CPU; later calls read the cache.

    classifier = trained_classifier()         # (N, 1, 112, 112) in [0, 1] -> (N, 6) logits
    segmenter = trained_segmenter()           # the same -> (N, 3, 112, 112) logits
    held_out = validation_classification()    # phantoms that training never saw
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional

import pytest_xraynoise.data.phantom as phantom_package
from pytest_xraynoise.data.phantom import (
    ChestPhantom,
    PhantomClassification,
    PhantomSegmentation,
)
from pytest_xraynoise.models import zoo

CACHE = Path(".xraynoise-cache")
SIZE = 112
TRAIN_SEED, VALIDATION_SEED = 2024, 7

Progress = Callable[[str], None]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_log = logging.getLogger("phantom_models")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights."""

    name: str
    architecture: str
    labels: tuple[str, ...]
    items: int
    epochs: int
    rate: float
    batch: int = 32
    size: int = SIZE
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)


CLASSIFIER = Recipe(
    name="phantom-classifier",
    architecture="resnet",
    labels=ChestPhantom.labels,
    items=2000,
    epochs=13,
    rate=4e-3,
    batch=16,
    # Maximum pooling keeps a nodule of a few pixels from being averaged away.
    options={"stem_width": 12, "channels": (24, 48, 96, 192), "global_pool": "max"},
)
SEGMENTER = Recipe(
    name="phantom-segmenter",
    architecture="unet",
    labels=ChestPhantom.mask_labels,
    items=240,
    epochs=10,
    rate=4e-3,
    batch=16,
    options={
        "encoder_name": "tu-resnet10t",
        "encoder_depth": 4,
        "decoder_channels": (48, 24, 16, 8),
        "stem_width": 12,
        "channels": (24, 48, 96, 192),
    },
)


def validation_classification(n: int = 240) -> PhantomClassification:
    """Held-out phantoms with multi-hot findings."""
    return ChestPhantom(n, size=SIZE, seed=VALIDATION_SEED, cache=n).classification()


def validation_segmentation(n: int = 48) -> PhantomSegmentation:
    """Held-out phantoms with masks of both lungs and the heart."""
    return ChestPhantom(n, size=SIZE, seed=VALIDATION_SEED, cache=n).segmentation()


def trained_classifier(
    cache_dir: str | os.PathLike[str] = CACHE, progress: Progress = _log.info
) -> nn.Module:
    """A classifier of the six findings, from the cache or trained now."""
    return _cached(CLASSIFIER, Path(cache_dir), train_classifier, progress)


def trained_segmenter(
    cache_dir: str | os.PathLike[str] = CACHE, progress: Progress = _log.info
) -> nn.Module:
    """A segmenter of left lung, right lung and heart, from the cache or trained now."""
    return _cached(SEGMENTER, Path(cache_dir), train_segmenter, progress)


def is_trained(recipe: Recipe, cache_dir: str | os.PathLike[str] = CACHE) -> bool:
    """Whether the cache has a model of this recipe, code and phantom."""
    return _card(recipe, Path(cache_dir)).exists()


def train_classifier(
    recipe: Recipe = CLASSIFIER, progress: Progress = _log.info
) -> tuple[nn.Module, dict[str, Any]]:
    """Train on clean phantoms; return the model and its AUROC on held-out ones."""
    training = ChestPhantom(recipe.items, size=recipe.size, seed=TRAIN_SEED).classification()
    images, targets = _tensors(training, "target")
    loss = functional.binary_cross_entropy_with_logits
    model = _fit(recipe, images, targets, loss, progress)
    images, targets = _tensors(validation_classification(), "target")
    scores = _predict(model, images).numpy()
    aurocs = [
        float(roc_auc_score(targets[:, k].numpy(), scores[:, k])) for k in range(len(recipe.labels))
    ]
    measured = {
        "auroc": float(np.mean(aurocs)),
        "auroc_by_label": dict(zip(recipe.labels, aurocs, strict=True)),
    }
    return model, measured


def train_segmenter(
    recipe: Recipe = SEGMENTER, progress: Progress = _log.info
) -> tuple[nn.Module, dict[str, Any]]:
    """Train on clean phantoms; return the model and its Dice on held-out ones."""
    training = ChestPhantom(recipe.items, size=recipe.size, seed=TRAIN_SEED).segmentation()
    images, masks = _tensors(training, "mask")
    model = _fit(recipe, images, masks, _overlap_loss, progress)
    images, masks = _tensors(validation_segmentation(), "mask")
    found = (_predict(model, images) > 0).float()
    shared, total = (found * masks).sum((2, 3)), found.sum((2, 3)) + masks.sum((2, 3))
    dice = (2 * shared / total.clamp(min=1)).mean(0).tolist()
    measured = {
        "dice": float(np.mean(dice)),
        "dice_by_label": dict(zip(recipe.labels, dice, strict=True)),
    }
    return model, measured


def _overlap_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Cross-entropy plus soft Dice."""
    p = torch.sigmoid(logits)
    dice = (2 * (p * masks).sum((0, 2, 3)) + 1) / ((p + masks).sum((0, 2, 3)) + 1)
    return functional.binary_cross_entropy_with_logits(logits, masks) + (1 - dice).mean()


def _tensors(
    dataset: PhantomClassification | PhantomSegmentation, target: str
) -> tuple[torch.Tensor, torch.Tensor]:
    items: list[dict[str, Any]] = [dict(dataset[k]) for k in range(len(dataset))]
    return (
        torch.from_numpy(np.stack([item["image"] for item in items])),
        torch.from_numpy(np.stack([item[target] for item in items])),
    )


def _model(recipe: Recipe) -> nn.Module:
    model = zoo.build(recipe.architecture, labels=recipe.labels, **recipe.options)
    model.xraynoise_name = f"{recipe.architecture}, trained on phantoms"  # what reports call it
    return model.to(memory_format=torch.channels_last)


def _fit(
    recipe: Recipe, images: torch.Tensor, targets: torch.Tensor, loss: Loss, progress: Progress
) -> nn.Module:
    """AdamW under a one-cycle schedule; the caller's random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = _model(recipe).train()
        steps = len(images) // recipe.batch
        optimiser = torch.optim.AdamW(model.parameters(), recipe.rate, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, recipe.rate, total_steps=steps * recipe.epochs, pct_start=0.2
        )
        for epoch in range(recipe.epochs):
            total = 0.0
            for chosen in torch.randperm(len(images))[: steps * recipe.batch].chunk(steps):
                batch, wanted = _augment(images[chosen], targets[chosen])
                value = loss(model(batch), wanted)
                optimiser.zero_grad()
                value.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
                total += float(value.detach())
            if (epoch + 1) % 4 == 0 or epoch + 1 == recipe.epochs:
                done = f"epoch {epoch + 1} of {recipe.epochs}"
                progress(f"{recipe.name}: {done}, loss {total / steps:.3f}")
    return model.eval()


def _augment(images: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Another exposure and another contrast for each image, and a shift for the batch. No noise."""
    n = len(images)
    gain, offset = 1 + 0.1 * torch.randn(n, 1, 1, 1), 0.05 * torch.randn(n, 1, 1, 1)
    shift = torch.randint(-4, 5, (2,)).tolist()
    images = torch.roll(images * gain + offset, shift, (2, 3))
    if targets.ndim == 4:
        targets = torch.roll(targets, shift, (2, 3))
    return images.contiguous(memory_format=torch.channels_last), targets


@torch.no_grad()
def _predict(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return torch.cat([model(batch) for batch in torch.split(images, 64)])


def _key(recipe: Recipe) -> str:
    """Changes with the recipe, with this file, with the zoo and with the phantom."""
    folders = (Path(phantom_package.__file__).parent, Path(zoo.__file__).parent)
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    for source in [Path(__file__), *sorted(p for f in folders for p in f.glob("*.py"))]:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _card(recipe: Recipe, cache_dir: Path) -> Path:
    """The file that names a model's weights; others belong to another recipe, code or phantom."""
    return cache_dir / f"{recipe.name}-{_key(recipe)}.json"


def _cached(
    recipe: Recipe,
    cache_dir: Path,
    train: Callable[[Recipe, Progress], tuple[nn.Module, dict[str, Any]]],
    progress: Progress,
) -> nn.Module:
    card = _card(recipe, cache_dir)
    with _alone(cache_dir / f"{recipe.name}.lock"):
        model = _read(recipe, card, progress)
        if model is None:
            progress(f"{recipe.name}: training on {recipe.items} phantoms, once")
            start = time.perf_counter()
            with one_thread():
                model, measured = train(recipe, progress)
            seconds = round(time.perf_counter() - start, 1)
            progress(f"{recipe.name}: {json.dumps(measured)} after {seconds} s")
            _write(
                card, model, {"key": _key(recipe), **asdict(recipe), **measured, "seconds": seconds}
            )
    return model.eval()


def _read(recipe: Recipe, card: Path, progress: Progress) -> nn.Module | None:
    """The cached model; None when there is none or its files are damaged."""
    if not card.exists():
        return None
    model = _model(recipe)
    try:
        weights = card.with_name(json.loads(card.read_text("utf-8"))["weights"]).read_bytes()
        model.load_state_dict(load(weights))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        progress(f"{recipe.name}: the cached model is damaged ({error}); training again")
        return None
    return model


def _write(card: Path, model: nn.Module, settings: dict[str, Any]) -> None:
    """Weights under their own hash first, then the card that names them: whole or not at all."""
    weights = save({name: value.contiguous() for name, value in model.state_dict().items()})
    name = f"{card.stem}-{hashlib.sha256(weights).hexdigest()[:8]}.safetensors"
    _replace(card.with_name(name), weights)
    text = json.dumps({**settings, "weights": name}, indent=2)
    _replace(card, text.encode())


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(content)
    beside.replace(path)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Train on one thread: the same weights on any number of cores, and no slower on busy ones.

    Small layers gain half from a second core that is free, and lose twentyfold to one that is not;
    so does the rendering of phantoms, which calls BLAS.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process trains while the others wait for its result (where the system has flock)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
