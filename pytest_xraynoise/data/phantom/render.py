"""Path lengths -> exposure at the detector -> the log image that a reader sees."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.data.phantom import materials
from pytest_xraynoise.data.phantom.frame import FIELD_CM, Array
from pytest_xraynoise.data.phantom.texture import interpolation

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.anatomy import Chest

LATITUDE = 2.4
"""Decades of exposure between black and white of the display image."""

_SCATTER = 0.07  # scatter that passes the grid, as a fraction of the local mean primary
_SCATTER_CM = 4.0


def exposure(chest: Chest, technique: float = 1.0) -> Array:
    """Noise-free relative exposure, (H, W) float32; 1 where nothing attenuates the full beam.

    Beer-Lambert with one effective energy, ``exp(-sum mu t)``, then focal spot and pixel blur,
    then scatter as a broad Gaussian of the primary.
    """
    fluid = np.minimum(chest.fluid, chest.lung)
    lung = chest.lung - fluid
    soft = chest.body - chest.gas - lung
    integral = np.float32(materials.SOFT) * np.maximum(soft, 0)
    integral += np.float32(materials.LUNG) * lung
    integral += np.float32(materials.BONE - materials.SOFT) * chest.bone
    primary = _blur(np.exp(-integral))
    scattered = (1 - _SCATTER) * primary + _SCATTER * _scatter(primary)
    return np.asarray(technique * scattered, dtype=np.float32)


def display(relative_exposure: Array, latitude: float = LATITUDE) -> Array:
    """For-presentation image ``p = -log10(E) / latitude``, clipped to [0, 1].

    White is little exposure. E = 1 is 0 (black), E = 10**-latitude is 1 (white).
    """
    p = np.log10(relative_exposure) * np.float32(-1 / latitude)
    return np.asarray(np.clip(p, 0, 1), dtype=np.float32)


def _blur(image: Array) -> Array:
    """Binomial blur of one pixel, edges repeated."""
    padded = np.pad(image, 1, mode="edge")
    rows = padded[:-2] + padded[2:] + 4 * padded[1:-1]
    return np.asarray((rows[:, :-2] + rows[:, 2:] + 4 * rows[:, 1:-1]) * np.float32(1 / 36))


def _scatter(primary: Array) -> Array:
    spread = _spread(primary.shape[0])
    return np.asarray(spread @ primary @ spread.T, dtype=np.float32)


@lru_cache(maxsize=16)
def _spread(size: int) -> Array:
    """Gaussian blur as a matrix (size, size), on 24 cells since nothing finer survives it."""
    cells = 24
    basis = interpolation(size, cells + 3)
    share = basis / basis.sum(axis=0, keepdims=True)
    place = np.arange(cells + 3) * (FIELD_CM / cells)
    kernel = np.exp(-0.5 * ((place[:, None] - place[None, :]) / _SCATTER_CM) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    return np.asarray(basis @ kernel @ share.T, dtype=np.float32)
