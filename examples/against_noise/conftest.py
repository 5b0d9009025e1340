"""Three small models, trained in seconds: a segmenter, the same with noise, a denoiser."""

from __future__ import annotations

import phantom_models
import pytest
import torch

from pytest_xraynoise import ChestPhantom, training
from pytest_xraynoise.data.phantom import PhantomSegmentation

SIZE = 64
NOISE = ("gaussian", "poisson")


@pytest.fixture(scope="session")
def training_films() -> PhantomSegmentation:
    """Phantoms to train on."""
    return ChestPhantom(240, size=SIZE, seed=2024, cache=240).segmentation()


@pytest.fixture(scope="session")
def held_out_films() -> PhantomSegmentation:
    """Phantoms that no model was trained on."""
    return ChestPhantom(64, size=SIZE, seed=7, cache=64).segmentation()


@pytest.fixture(scope="session")
def plain_unet(training_films: PhantomSegmentation) -> torch.nn.Module:
    """A U-Net trained on clean images."""
    with phantom_models.one_thread():
        return module(training.train("unet", training_films, epochs=8, bar=False))


@pytest.fixture(scope="session")
def robust_unet(training_films: PhantomSegmentation) -> torch.nn.Module:
    """The same U-Net, the same epochs; four images in five had noise."""
    with phantom_models.one_thread():
        return module(training.train("unet", training_films, epochs=8, robust=NOISE, bar=False))


@pytest.fixture(scope="session")
def denoiser(training_films: PhantomSegmentation) -> torch.nn.Module:
    """A small DnCNN that was trained to find the noise in such images."""
    with phantom_models.one_thread():
        return module(
            training.train_denoiser(
                training_films,
                masks=True,
                epochs=6,
                robust=NOISE,
                options={"depth": 5, "width": 16},
                bar=False,
            )
        )


def module(trained: training.Trained) -> torch.nn.Module:
    """The network alone."""
    network: torch.nn.Module = trained.model
    return network
