"""Path lengths of rays through simple solids, and smooth steps between them. All in cm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Array


def positive_sqrt(x: npt.NDArray[np.floating]) -> Array:
    """Square root, and 0 where the argument is negative (a ray that misses)."""
    return np.asarray(np.sqrt(np.maximum(x, np.float32(0))), dtype=np.float32)


def step(x: Array, width: float) -> Array:
    """Smooth 0 to 1 as ``x`` goes from ``-width / 2`` to ``width / 2``."""
    t = np.clip(x * np.float32(1 / width) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def ellipse_level(
    u: Array, v: Array, centre: tuple[float, float], axes: tuple[float, float], angle: float = 0.0
) -> Array:
    """Squared radius in units of the ellipse: below 1 inside, above 1 outside."""
    du, dv = u - np.float32(centre[0]), v - np.float32(centre[1])
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    a = (cos * du + sin * dv) * np.float32(1 / axes[0])
    b = (cos * dv - sin * du) * np.float32(1 / axes[1])
    return np.asarray(a * a + b * b, dtype=np.float32)


def ellipsoid(level: Array, depth: float) -> Array:
    """Chord along the beam of an ellipsoid with that :func:`ellipse_level` and full depth."""
    return positive_sqrt(1 - level) * np.float32(depth)


def tube(distance: Array, radius: Array | float, wall: float) -> Array:
    """Chord through the wall of a hollow tube, in units of its radius.

    Args:
        distance: of the ray from the tube's axis, cm.
        radius: outer radius, cm.
        wall: part of the radius that is wall, 0 to 1.
    """
    s = np.square(distance / np.asarray(radius, dtype=np.float32))
    inner = np.float32(1 - wall)
    marrow = 0.75  # cancellous bone is about a quarter cortical by mass
    return 2 * (positive_sqrt(1 - s) - np.float32(marrow) * positive_sqrt(inner * inner - s))
