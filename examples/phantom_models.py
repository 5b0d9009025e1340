"""Small models trained on the chest phantom, for examples that need a model which works.

They are trained on clean images: noise is what the examples find them unprepared for. The first
call trains for a minute or two on a laptop's CPU, and goes on where it was if it is stopped; later
calls read what it left.

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
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits
from torch import nn

from pytest_xraynoise import training
from pytest_xraynoise.data import phantom
from pytest_xraynoise.data.phantom import (
    ChestPhantom,
    PhantomClassification,
    PhantomSegmentation,
)
from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import zoo
from pytest_xraynoise.training.words import VALIDATION_SEED

CACHE = Path(".xraynoise-cache")
SIZE = 112

Progress = Callable[[str], None]
_log = logging.getLogger("phantom_models")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights."""

    architecture: str
    task: str
    samples: int
    words: dict[str, Any] = field(default_factory=dict)


CLASSIFIER = Recipe(
    "resnet",
    "classification",
    samples=2000,
    # Maximum pooling keeps a nodule of a few pixels from being averaged away.
    words={"epochs": 13, "options": {"global_pool": "max"}},
)
SEGMENTER = Recipe("unet", "segmentation", samples=240, words={"epochs": 10})


def validation_classification(n: int = 240) -> PhantomClassification:
    """Held-out phantoms with multi-hot findings."""
    return _held_out(n).classification()


def validation_segmentation(n: int = 48) -> PhantomSegmentation:
    """Held-out phantoms with masks of both lungs and the heart."""
    return _held_out(n).segmentation()


def _held_out(n: int) -> ChestPhantom:
    return ChestPhantom(n, size=SIZE, seed=VALIDATION_SEED, cache=n)


def trained_classifier(
    cache_dir: str | os.PathLike[str] = CACHE, progress: Progress = _log.info
) -> nn.Module:
    """A classifier of the six findings, read or trained now."""
    return _trained(CLASSIFIER, Path(cache_dir), progress)


def trained_segmenter(
    cache_dir: str | os.PathLike[str] = CACHE, progress: Progress = _log.info
) -> nn.Module:
    """A segmenter of left lung, right lung and heart, read or trained now."""
    return _trained(SEGMENTER, Path(cache_dir), progress)


def is_trained(recipe: Recipe, cache_dir: str | os.PathLike[str] = CACHE) -> bool:
    """Whether there is a model of this recipe, code and phantom."""
    return (_folder(recipe, Path(cache_dir)) / "model.json").exists()


def _trained(recipe: Recipe, cache_dir: Path, progress: Progress) -> nn.Module:
    folder = _folder(recipe, cache_dir)
    with _alone(cache_dir / f"{folder.name}.lock"):
        model = _read(recipe, cache_dir, progress)
        if model is None:
            progress(f"{recipe.architecture}: training on {recipe.samples} phantoms, once")
            model = _train(recipe, folder, progress)
    model.xraynoise_name = f"{recipe.architecture}, trained on phantoms"  # what reports call it
    return model


def _read(recipe: Recipe, cache_dir: Path, progress: Progress) -> Any:
    """The model that is there; None when there is none, or its files are damaged."""
    if not is_trained(recipe, cache_dir):
        return None
    folder = _folder(recipe, cache_dir)
    try:
        return training.load(folder)
    except ModelError as error:
        progress(f"{recipe.architecture}: {error}; training again")
        shutil.rmtree(folder)
        return None


def _train(recipe: Recipe, folder: Path, progress: Progress) -> Any:
    with one_thread():
        data, held_out = training.open_data(
            "phantom", task=recipe.task, image_size=SIZE, samples=recipe.samples
        )
        trained = training.train(
            recipe.architecture,
            data,
            held_out,
            out=folder,
            resume=True,
            image_size=SIZE,
            device="cpu",
            bar=False,
            **recipe.words,
        )
    found = trained.card["validation"]
    seconds = round(trained.card["seconds"])
    progress(f"{recipe.architecture}: {found['metric']} {found['value']:.3f} after {seconds} s")
    return trained.model


def _folder(recipe: Recipe, cache_dir: Path) -> Path:
    """Another one for another recipe, phantom, zoo or training."""
    digest = hashlib.sha256(json.dumps([asdict(recipe), SIZE], sort_keys=True).encode())
    for package in (phantom, zoo, training):
        for source in sorted(Path(package.__file__).parent.glob("*.py")):
            digest.update(source.read_bytes())
    return cache_dir / f"{recipe.architecture}-{digest.hexdigest()[:16]}"


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
