"""Smooth random fields that look the same at every image size."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Array


@lru_cache(maxsize=64)
def interpolation(size: int, knots: int) -> Array:
    """Matrix (size, knots) of a cubic B-spline over ``knots`` equally spaced values."""
    place = (np.arange(size) + 0.5) / size * (knots - 3) + 1
    distance = np.abs(place[:, None] - np.arange(knots)[None, :])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


def field(rng: np.random.Generator, size: int, cells: int) -> Array:
    """Random field (size, size) of about unit variance, with ``cells`` features a side."""
    knots = cells + 3
    basis = interpolation(size, knots)
    values = rng.standard_normal((knots, knots), dtype=np.float32)
    return np.asarray(basis @ values @ basis.T, dtype=np.float32) * np.float32(2.1)


def fractal(rng: np.random.Generator, size: int, octaves: tuple[int, ...]) -> Array:
    """Sum of fields, each with half the amplitude of the one before; about unit variance."""
    weights = 0.6 ** np.arange(len(octaves))
    weights /= np.sqrt(np.sum(weights**2))
    total = np.zeros((size, size), dtype=np.float32)
    for weight, cells in zip(weights, octaves, strict=True):
        total += np.float32(weight) * field(rng, size, cells)
    return total
