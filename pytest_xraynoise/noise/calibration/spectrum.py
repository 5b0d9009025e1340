"""Noise power spectra of blocks, and what a block does to a spectrum.

Frequencies are in cycles per pixel. A spectrum is normalised so that white noise has its variance
as value at every frequency: in DN^2, without the pixel's area (IEC 62220-1:2003, 6.3, with it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

PADDING = 4
"""The autocovariance is computed on a grid so many times as long as a block."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Rings of spatial frequency, one step of the block's spectrum wide.

    Both axes are left out. That takes out the mean and every trend that is a function of the row
    plus a function of the column, row and column noise included, without bias elsewhere.

    Attributes:
        side: pixels of the block's side.
        members: (side * (side // 2 + 1), bands) 1 where a frequency belongs to a band, else 0.
        modes: (bands,) independent frequencies.
        frequency: (bands,) their mean, cycles per pixel.
    """

    side: int
    members: Floats
    modes: Floats
    frequency: Floats

    def average(self, spectrum: Floats) -> Floats:
        """Mean of (..., side, side // 2 + 1) spectra in each band, (..., bands)."""
        flat = spectrum.reshape(*spectrum.shape[:-2], -1)
        return np.asarray(flat @ self.members / self.modes)


def bands_of(side: int) -> Bands:
    """The bands of a block of ``side`` pixels."""
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    radius = np.hypot(rows, columns)
    # Half a plane: the others are complex conjugates. The last column conjugates itself.
    used = (rows != 0) & (columns != 0) & (columns < 0.5)
    ring = np.rint(radius * side).astype(int)
    numbers = np.unique(ring[used])
    members = np.stack([(used & (ring == n)).ravel() for n in numbers], axis=1).astype(np.float64)
    modes = members.sum(axis=0)
    return Bands(side, members, modes, radius.ravel() @ members / modes)


def block_spectra(blocks: Floats) -> Floats:
    """Periodograms |FFT|^2 / pixels of (n, side, side) blocks, (n, side, side // 2 + 1)."""
    return np.asarray(np.abs(np.fft.rfft2(blocks)) ** 2 / blocks[0].size)


def scintillator_bands(spread: float, bands: Bands) -> Floats:
    """What blocks show on average of noise with the spectrum 1 / (1 + h f^2)^2.

    The periodogram of a block is the true spectrum smoothed, since lag t is seen by side - t pixels
    only (Bartlett 1950, DOI 10.1093/biomet/37.1-2.1). With 32 pixels that takes 5% from NPS(0)
    behind caesium iodide, so a fit must compare with the smoothed form.

    Args:
        spread: h in pixel^2, above -1.
        bands: of the block.

    Returns:
        (bands,) with 1 for white noise.
    """
    side, size = bands.side, PADDING * bands.side
    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    spectrum = (1 + spread * (rows**2 + columns**2)) ** -2.0
    covariance = np.fft.irfft2(spectrum, s=(size, size))
    lags = np.arange(-side + 1, side)
    seen = 1 - np.abs(lags) / side
    weighted = covariance[np.ix_(lags, lags)] * seen[:, None] * seen[None]
    folded = np.zeros((side, side))
    np.add.at(folded, (lags[:, None] % side, lags[None] % side), weighted)
    return bands.average(np.fft.rfft2(folded).real)
