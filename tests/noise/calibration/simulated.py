"""Flat fields of a detector that is known in every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Raw: TypeAlias = npt.NDArray[np.uint16]
Floats: TypeAlias = npt.NDArray[np.float64]

QUANTA = (20.0, 60.0, 200.0, 600.0, 2000.0)
"""Detected quanta per pixel of five exposures."""
OFFSET = 100.0


@dataclass(frozen=True)
class Panel:
    """Poisson quanta -> scintillator 1 / (1 + H f^2) -> gain of each pixel -> readout -> DN."""

    gain: float = 5.0  # DN per detected quantum
    readout: float = 7.5  # DN rms
    structural: float = 0.01  # of the mean
    blur: float = 0.2026  # mm2
    pitch: float = 0.139  # mm
    side: int = 256

    def spread(self, counts: Floats) -> Floats:
        """Behind the scintillator; the image is periodic, far beyond the reach of the blur."""
        rows = np.fft.fftfreq(self.side, self.pitch)[:, None]
        columns = np.fft.rfftfreq(self.side, self.pitch)[None]
        mtf = 1 / (1 + self.blur * (rows**2 + columns**2))
        return np.fft.irfft2(np.fft.rfft2(counts) * mtf, s=counts.shape)

    def flats(self, rng: np.random.Generator, quanta: Sequence[float] = QUANTA) -> list[Raw]:
        """Two flat fields for each exposure, all with the same fixed pattern."""
        shape = (self.side, self.side)
        pattern = 1 + self.structural * rng.standard_normal(shape)
        made = []
        for expected in quanta:
            for _ in range(2):
                signal = self.spread(rng.poisson(expected, shape).astype(np.float64))
                made.append(self.digitised(self.gain * pattern * signal, rng))
        return made

    def darks(self, rng: np.random.Generator, count: int) -> list[Raw]:
        """Frames without exposure."""
        nothing = np.zeros((self.side, self.side))
        return [self.digitised(nothing, rng) for _ in range(count)]

    def digitised(self, signal: Floats, rng: np.random.Generator) -> Raw:
        """Offset and readout noise added, rounded to whole DN of 16 bits."""
        read = OFFSET + signal + self.readout * rng.standard_normal(signal.shape)
        return np.clip(np.rint(read), 0, 65535).astype(np.uint16)
