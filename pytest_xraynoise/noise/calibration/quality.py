"""What is doubtful about a fit, in sentences."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.noise.calibration.fit import BlockTable, Parameters
    from pytest_xraynoise.noise.calibration.result import Estimate, Level, Spectrum

Floats: TypeAlias = npt.NDArray[np.float64]

FEW_LEVELS = 4
SHORT_SPAN = 10.0
SURE = 1e-3
"""Chance below which a deviation is taken as real."""
CURVED = 0.02
"""Relative deviation from a line that matters."""
WRONG_SHAPE = 0.05
FEW_DN = 1.0
MANY_DEFECTS = 0.001


def level_warnings(levels: Sequence[Level], dark_pairs: int) -> list[str]:
    """Too few exposures, or too close together."""
    span = levels[-1].mean / levels[0].mean
    distinct = 1 + sum(1.05 * a.mean < b.mean for a, b in itertools.pairwise(levels))
    if distinct >= FEW_LEVELS and (span >= SHORT_SPAN or dark_pairs):
        return []
    return [
        f"{distinct} exposure level{'s' * (distinct != 1)} over a factor of {span:.3g}: linearity "
        f"cannot be judged well; {FEW_LEVELS} or more over a factor of {SHORT_SPAN:g} or more are "
        "better"
    ]


def linearity_warnings(table: BlockTable, levels: Sequence[Level]) -> list[str]:
    """Random variance against mean that is no line, or mean against kerma that is none."""
    found = []
    n = len(table.mean)
    variance, mean = table.random.mean(axis=0), table.mean.mean(axis=0)
    error = table.random.std(axis=0, ddof=1) / np.sqrt(n)
    if len(mean) > 2 and (error > 0).all():
        rest, chance = _line(mean, variance, error)
        worst = float(np.abs(rest / variance).max())
        if chance < SURE and worst > CURVED:
            found.append(
                f"the photon transfer curve is not a line (variance off by up to {worst:.1%}): the "
                "response may be nonlinear, near saturation, or the images processed"
            )
    stated = [(level.kerma, level.mean) for level in levels if level.kerma is not None]
    if len(stated) > 1:
        ratio = np.array([mean / kerma for kerma, mean in stated])
        spread = float(np.abs(ratio / ratio.mean() - 1).max())
        if spread > CURVED:
            found.append(
                f"mean signal is not proportional to kerma (off by up to {spread:.1%}): check the "
                "offset, the kerma of each pair and their order"
            )
    return found


def _line(mean: Floats, variance: Floats, error: Floats) -> tuple[Floats, float]:
    """Residuals of a weighted line, and the chance of such a chi-square."""
    from scipy import stats

    design = np.stack([mean, np.ones_like(mean)], axis=1)
    found, *_ = np.linalg.lstsq(design / error[:, None], variance / error, rcond=None)
    rest = variance - design @ found
    return rest, float(stats.chi2.sf(((rest / error) ** 2).sum(), len(mean) - 2))


def shape_warnings(spectrum: Spectrum, replicates: Parameters) -> list[str]:
    """A noise spectrum that the scintillator's form does not describe."""
    frequency = np.asarray(spectrum.frequency)
    low = frequency <= spectrum.used
    measured, fitted = (np.asarray(v)[low] for v in (spectrum.measured, spectrum.fitted))
    relative = replicates.slopes[:, low] / replicates.slopes[:, low].mean(axis=0)
    sure = np.abs(measured / fitted - 1) > 4 * relative.std(axis=0)
    off = np.abs(measured / fitted - 1)
    if not (sure & (off > WRONG_SHAPE)).any():
        return []
    return [
        f"the noise spectrum departs from 1 / (1 + H f^2)^2 by up to {off.max():.0%} below half "
        "the Nyquist frequency: gain and H are less certain than their intervals say"
    ]


def image_warnings(
    clipped: Sequence[tuple[str, float]], defects: float, smallest_noise: float, integers: bool
) -> list[str]:
    """Clipped pixels, defects, and noise below the steps of the digitiser."""
    found = [
        f"{name}: {share:.2%} of its pixels are clipped" for name, share in clipped if share > 0
    ]
    if defects > MANY_DEFECTS:
        found.append(f"up to {defects:.2%} of the pixels are defects and were left out")
    if integers and smallest_noise < FEW_DN:
        found.append(
            f"noise of {smallest_noise:.2g} DN at the lowest exposure is below the digitiser's "
            "steps: rounding is no longer independent of the signal"
        )
    return found


def resolution_warnings(readout: Estimate, structural: Estimate) -> list[str]:
    """Terms that chance alone could explain."""
    found = []
    if readout.low <= 0:
        found.append(
            f"readout noise is not told apart from none (at most {readout.high:.3g} DN): add lower "
            "exposures, or two or more dark frames"
        )
    if structural.low <= 0:
        found.append(
            f"structural noise is not told apart from none (at most {structural.high:.2%} of the "
            "mean)"
        )
    return found
