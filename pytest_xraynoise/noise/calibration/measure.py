"""What a pair of flat fields tells, block by block.

The scaled difference of a pair holds no fixed pattern: half its variance, and half its spectrum,
are the random noise of one image. The covariance of a pair holds no random noise: it is the
structural variance, var(F) - var(F1 - F2) / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.noise.calibration.defects import defects, filled
from pytest_xraynoise.noise.calibration.spectrum import Bands, block_spectra

if TYPE_CHECKING:
    from pytest_xraynoise.noise.calibration.layout import Layout

Floats: TypeAlias = npt.NDArray[np.float64]

PLANE = 3
"""Degrees of freedom of a block that its plane takes."""


@dataclass(frozen=True, slots=True)
class PairBlocks:
    """One exposure level, for each of n blocks.

    Attributes:
        mean: (n,) DN above the offset; 0 for dark frames.
        spectra: (n, bands) DN^2, of the random noise of one image.
        random: (n,) DN^2, variance of the random noise of one image.
        structural: (n,) DN^2, variance of the fixed pattern; 0 for dark frames.
        defects: share of the pixels that were left out.
    """

    mean: Floats
    spectra: Floats
    random: Floats
    structural: Floats
    defects: float


def measure_pair(
    first: Floats, second: Floats, means: tuple[float, float] | None, layout: Layout, bands: Bands
) -> PairBlocks:
    """Measure a pair.

    Args:
        first: (H, W) region in DN, offset subtracted.
        second: the other one.
        means: their means; None for dark frames, which are not scaled to each other.
        layout: of the blocks.
        bands: of a block's spectrum.
    """
    dark = means is None
    if means is not None:
        # A percent more exposure in one image would leave a percent of the pattern.
        both = (means[0] + means[1]) / 2
        first, second = first * (both / means[0]), second * (both / means[1])
    a, b = layout.blocks(first), layout.blocks(second)
    bad = defects(a, b)
    a, b = filled(a, bad), filled(b, bad)
    good = a[0].size - bad.sum(axis=(1, 2))
    free = np.maximum(good - PLANE, 1)
    difference = (a - b) / math.sqrt(2)
    spectra = bands.average(block_spectra(difference))
    flat = detrended(difference)
    mean = (a.mean(axis=(1, 2)) + b.mean(axis=(1, 2))) / 2
    pattern = (detrended(a) * detrended(b)).sum(axis=(1, 2)) / free
    return PairBlocks(
        mean=np.zeros_like(mean) if dark else mean,
        spectra=spectra * (a[0].size / np.maximum(good, 1))[:, None],
        random=(flat**2).sum(axis=(1, 2)) / free,
        structural=np.zeros_like(mean) if dark else pattern,
        defects=float(bad.mean()),
    )


def detrended(blocks: Floats) -> Floats:
    """The blocks less the plane that fits each best: shading of the field is no structure."""
    side = blocks.shape[-1]
    slope = np.arange(side) - (side - 1) / 2
    slope = slope / math.sqrt(float((slope**2).sum()) * side)
    level = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    down, across = level.sum(axis=2) @ slope, level.sum(axis=1) @ slope
    return np.asarray(
        level - down[:, None, None] * slope[:, None] - across[:, None, None] * slope[None]
    )
