"""Train a model of the zoo, or a denoiser, on clean or noisy images; small, seeded, resumable."""

from pytest_xraynoise.training.loading import load, load_card, load_denoiser
from pytest_xraynoise.training.recipe import Recipe
from pytest_xraynoise.training.run import Trained, train, train_denoiser
from pytest_xraynoise.training.words import open_data, task_of

__all__ = [
    "Recipe",
    "Trained",
    "load",
    "load_card",
    "load_denoiser",
    "open_data",
    "task_of",
    "train",
    "train_denoiser",
]
