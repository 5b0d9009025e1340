"""From fitted numbers and their replicates to a calibration in units."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.noise.calibration import quality as doubt
from pytest_xraynoise.noise.calibration.fit import LOW, Parameters
from pytest_xraynoise.noise.calibration.intervals import interval
from pytest_xraynoise.noise.calibration.result import Calibration, Estimate, Level, Spectrum
from pytest_xraynoise.noise.calibration.spectrum import scintillator_bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.noise.calibration.fit import BlockTable, Plan
    from pytest_xraynoise.noise.calibration.layout import Layout

Floats: TypeAlias = npt.NDArray[np.float64]
Quantity: TypeAlias = Callable[[Parameters], Floats]


def calibration_of(
    table: BlockTable,
    found: Parameters,
    replicates: Parameters,
    plan: Plan,
    *,
    kerma: Sequence[float] | None,
    incident: float | None,
    pixel_pitch: float | None,
    quality: str,
    rounding: float,
    confidence: float,
    layout: Layout,
    doubts: Sequence[str],
    sources: tuple[str, ...],
) -> Calibration:
    """Put a fit into units, with intervals and doubts.

    Args:
        table: flats in order of their mean, then dark frames.
        found: the fit.
        replicates: its bootstrap replicates.
        plan: the fit's weights.
        kerma: uGy for each pair of flats.
        incident: quanta per pixel and uGy.
        pixel_pitch: mm.
        quality: radiation quality.
        rounding: DN^2 that rounding adds to the readout variance.
        confidence: of the intervals.
        layout: of the blocks.
        doubts: warnings so far.
        sources: names of the flats, in the table's order.
    """

    def estimate(quantity: Quantity, unit: str) -> Estimate:
        low, high = interval(quantity(replicates), layout.count, confidence)
        return Estimate(float(quantity(found)), low, high, unit)

    def readout(fitted: Parameters) -> Floats:
        return _root(fitted.readout - rounding)

    area, unit = (1.0, "pixel2") if pixel_pitch is None else (pixel_pitch**2, "mm2")
    levels = _levels(table, found, plan, kerma)
    spectrum = _spectrum(found, plan)
    quanta = efficiency = None
    if kerma is not None:
        response = float(np.mean([level.mean / (level.kerma or 1.0) for level in levels]))
        quanta = estimate(lambda p: response / p.gain, "detected quanta per pixel and uGy")
        if incident is not None:
            at_entry = response / incident
            efficiency = estimate(lambda p: at_entry / p.gain, "of the incident quanta")
    in_dn = estimate(readout, "DN rms")
    structural = estimate(lambda p: _root(p.structural), "of the mean, rms")
    dark_pairs = table.mean.shape[1] - len(levels)
    return Calibration(
        gain=estimate(lambda p: p.gain, "DN per detected quantum"),
        readout=in_dn,
        readout_quanta=estimate(lambda p: readout(p) / p.gain, "detected quanta rms"),
        structural=structural,
        blur=estimate(lambda p: np.maximum(p.spread, 0.0) * area, unit),
        quanta_per_ugy=quanta,
        efficiency=efficiency,
        pixel_pitch=pixel_pitch,
        quality=quality,
        levels=levels,
        spectrum=spectrum,
        warnings=(
            *doubt.level_warnings(levels, dark_pairs),
            *doubt.linearity_warnings(table, levels),
            *doubt.shape_warnings(spectrum, replicates),
            *doubt.resolution_warnings(in_dn, structural),
            *doubts,
        ),
        confidence=confidence,
        blocks=layout.count,
        block_side=layout.side,
        dark_frames=plan.dark_frames,
        sources=sources,
    )


def _root(variance: Floats) -> Floats:
    return np.sqrt(np.maximum(variance, 0.0))


def _levels(
    table: BlockTable, found: Parameters, plan: Plan, kerma: Sequence[float] | None
) -> tuple[Level, ...]:
    mean = table.mean.mean(axis=0)
    random, structural = table.random.mean(axis=0), table.structural.mean(axis=0)
    structural = structural - plan.dark_noise(found.readout)
    spectra, form, low = table.spectra.mean(axis=0), plan.forms[1], plan.low
    weights = plan.bands.modes[low] * form
    above = ((spectra[:, low] - found.readout) * weights).sum(axis=-1) / (weights * form).sum()
    return tuple(
        Level(
            mean=float(mean[i]),
            kerma=None if kerma is None else kerma[i],
            total=float(random[i] + structural[i]),
            random=float(random[i]),
            structural=float(structural[i]),
            nps_zero=float(above[i] + found.readout),
        )
        for i in range(len(mean))
        if mean[i] > 0
    )


def _spectrum(found: Parameters, plan: Plan) -> Spectrum:
    frequency = plan.bands.frequency
    true = (1 + float(found.spread) * frequency**2) ** -2.0
    seen = scintillator_bands(float(found.spread), plan.bands)
    measured = found.slopes / found.gain * (true / seen)  # what a block smooths, taken back
    return Spectrum(
        frequency=tuple(map(float, frequency)),
        measured=tuple(map(float, measured)),
        fitted=tuple(map(float, true)),
        used=LOW,
    )
