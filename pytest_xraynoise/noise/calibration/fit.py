"""Gain, readout noise, structural noise and scintillator blur, by weighted least squares.

Model of the random noise at mean signal M and spatial frequency f, in DN^2:

    NPS(f) = g M / (1 + h f^2)^2 + r

with g DN per detected quantum, r the white readout variance, h the blur in pixel^2. Two steps keep
what is sure apart from what is modelled:

1. At every frequency NPS is linear in M, with an intercept r that all frequencies share. No shape
   is assumed. High frequencies, where the scintillator leaves few quanta, say most about r.
2. The slopes at low frequency, to half the Nyquist frequency, are extrapolated to g at f = 0 by the
   scintillator's form. Pixel variance would understate g: blur lowers it and not NPS(0).

The structural variance is (s M)^2. Everything works on arrays of replicates at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import DataError
from pytest_xraynoise.noise.calibration.spectrum import Bands, scintillator_bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.noise.calibration.measure import PairBlocks

Floats: TypeAlias = npt.NDArray[np.float64]

LOW = 0.25
"""Cycles per pixel up to which slopes are extrapolated; beyond, aliasing raises the spectrum."""
LEAST_SPREAD = -0.9
ROUNDS = 5
STEPS = 4
SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class BlockTable:
    """All pairs, block by block; blocks at one place belong together in every pair.

    Attributes:
        mean, structural, random: (n, levels).
        spectra: (n, levels, bands).
    """

    mean: Floats
    structural: Floats
    random: Floats
    spectra: Floats

    @classmethod
    def of(cls, pairs: Sequence[PairBlocks]) -> BlockTable:
        """Stack pairs."""
        return cls(
            mean=np.stack([pair.mean for pair in pairs], axis=1),
            structural=np.stack([pair.structural for pair in pairs], axis=1),
            random=np.stack([pair.random for pair in pairs], axis=1),
            spectra=np.stack([pair.spectra for pair in pairs], axis=1),
        )

    def averaged(self, weights: Floats) -> Moments:
        """Weighted means over the blocks; ``weights`` (..., n) add up to 1."""
        n, levels, bands = self.spectra.shape
        spectra = weights @ self.spectra.reshape(n, -1)
        return Moments(
            mean=weights @ self.mean,
            square=weights @ self.mean**2,
            structural=weights @ self.structural,
            random=weights @ self.random,
            spectra=spectra.reshape(*weights.shape[:-1], levels, bands),
        )


@dataclass(frozen=True, slots=True)
class Moments:
    """Means over blocks of what a :class:`BlockTable` holds, and of the squared mean."""

    mean: Floats
    square: Floats
    structural: Floats
    random: Floats
    spectra: Floats


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is fitted; arrays (...) over replicates.

    Attributes:
        gain: g, DN per detected quantum.
        readout: r, DN^2; chance may bring it below 0.
        structural: s^2, as a fraction of the mean, squared; chance may bring it below 0.
        spread: h, pixel^2.
        slopes: (..., bands) d NPS / d M.
    """

    gain: Floats
    readout: Floats
    structural: Floats
    spread: Floats
    slopes: Floats


@dataclass(frozen=True, slots=True)
class Plan:
    """The weights of a fit, which its replicates share.

    Attributes:
        bands: of the blocks.
        weights: (levels, bands) of spectra, one over their variance.
        pattern_weights: (levels,) of structural variances.
        dark_frames: how many were averaged into the offset; their noise is in every image alike.
        at, step, forms: scintillator spectra in the low bands at at - step, at and at + step.
    """

    bands: Bands
    weights: Floats
    pattern_weights: Floats
    dark_frames: int
    at: float
    step: float
    forms: tuple[Floats, Floats, Floats]

    @property
    def low(self) -> npt.NDArray[np.bool_]:
        """Which bands are extrapolated from."""
        return self.bands.frequency <= LOW

    def solve(self, moments: Moments) -> Parameters:
        """The parameters that fit ``moments`` best under these weights."""
        readout, slopes = _intercept(moments, self.weights)
        certainty = (self.weights * moments.mean[..., None] ** 2).sum(axis=-2)
        gain, spread = self._extrapolate(slopes[..., self.low], certainty[..., self.low])
        pattern = moments.structural - self.dark_noise(readout)[..., None]
        part = (self.pattern_weights * pattern * moments.square).sum(axis=-1)
        whole = (self.pattern_weights * moments.square**2).sum(axis=-1)
        return Parameters(gain, readout, part / whole, spread, slopes)

    def dark_noise(self, readout: Floats) -> Floats:
        """DN^2 that the averaged dark frames add to every image alike."""
        return np.maximum(readout, 0.0) / self.dark_frames if self.dark_frames else 0.0 * readout

    def _extrapolate(self, slopes: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Gauss-Newton for slopes = gain * form(spread), the form quadratic about ``at``."""
        below, here, above = self.forms
        rise, bend = (above - below) / 2, (above + below) / 2 - here
        place = np.zeros(slopes.shape[:-1])
        gain = (weights * slopes * here).sum(axis=-1) / (weights * here**2).sum(axis=-1)
        for _ in range(STEPS):
            x = place[..., None]
            form = here + x * rise + x * x * bend
            by_place = gain[..., None] * (rise + 2 * x * bend)
            rest = slopes - gain[..., None] * form
            aa, ab, bb, ra, rb = (
                (weights * product).sum(axis=-1)
                for product in (form**2, form * by_place, by_place**2, rest * form, rest * by_place)
            )
            scale = aa * bb - ab * ab
            gain = gain + (bb * ra - ab * rb) / scale
            place = np.clip(place + (aa * rb - ab * ra) / scale, -1.5, 1.5)
        return gain, self.at + self.step * place


def fit(moments: Moments, bands: Bands, dark_frames: int) -> tuple[Parameters, Plan]:
    """Fit, with weights from the fit itself, and keep them for replicates.

    The variance of a mean periodogram is its expectation squared over the modes, so weights come
    from fitted spectra: those from measured ones would favour what chance made small.

    Raises:
        DataError: noise that does not grow with the signal.
    """
    spectra = np.broadcast_to(moments.spectra.mean(axis=-1, keepdims=True), moments.spectra.shape)
    spread = _first_spread(moments, bands, spectra)
    for _ in range(ROUNDS):
        plan = _plan(moments, bands, spectra, spread, dark_frames)
        found = plan.solve(moments)
        if not (np.isfinite(found.gain) and found.gain > 0):
            raise DataError(
                "the noise of these flat fields does not grow with their mean; expected raw images "
                "of several exposures, without scaling or noise reduction"
            )
        spread = max(float(found.spread), LEAST_SPREAD)
        form = (1 + spread * bands.frequency**2) ** -2.0
        model = found.gain * moments.mean[:, None] * form + max(float(found.readout), 0)
        spectra = np.maximum(model, 1e-3 * moments.spectra.mean(axis=-1, keepdims=True))
    return found, plan


def _plan(moments: Moments, bands: Bands, spectra: Floats, spread: float, dark_frames: int) -> Plan:
    step = max(0.5, 0.25 * abs(spread))
    low = bands.frequency <= LOW
    below, here, above = (
        scintillator_bands(max(spread + shift, LEAST_SPREAD), bands)[low]
        for shift in (-step, 0.0, step)
    )
    noise = moments.random**2 + 2 * moments.random * np.maximum(moments.structural, 0)
    return Plan(
        bands=bands,
        weights=bands.modes / spectra**2,
        pattern_weights=np.where(moments.square > 0, 1 / np.maximum(noise, SMALL), 0.0),
        dark_frames=dark_frames,
        at=spread,
        step=step,
        forms=(below, here, above),
    )


def _intercept(moments: Moments, weights: Floats) -> tuple[Floats, Floats]:
    """Readout variance (...) shared by all bands, and the slope of each band (..., bands)."""
    mean = moments.mean[..., None]
    products = weights * moments.spectra
    squares = (weights * mean * mean).sum(axis=-2)
    firsts = (weights * mean).sum(axis=-2)
    crossed = (products * mean).sum(axis=-2)
    rest = (weights.sum(axis=-2) - firsts**2 / squares).sum(axis=-1)
    readout = (products.sum(axis=-2) - firsts * crossed / squares).sum(axis=-1) / rest
    return readout, (crossed - readout[..., None] * firsts) / squares


def _first_spread(moments: Moments, bands: Bands, spectra: Floats) -> float:
    """A start: slope^(-1/2) is a line in f^2."""
    _, slopes = _intercept(moments, bands.modes / spectra**2)
    low = (bands.frequency <= LOW) & (slopes > 0)
    if low.sum() < 2:
        return 0.0
    squared = bands.frequency[low] ** 2
    tilt, level = np.polyfit(squared, slopes[low] ** -0.5, 1, w=np.sqrt(bands.modes[low]))
    return float(max(tilt / level, 0.0)) if level > 0 else 0.0
