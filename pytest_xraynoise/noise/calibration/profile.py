"""A calibration as a detector profile, and as the TOML text of one."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise.detectors import Detector

if TYPE_CHECKING:
    from pytest_xraynoise.noise.calibration.result import Calibration, Estimate

ELECTRONS_PER_QUANTUM = 1000.0
"""Assumed, as in the built-in profiles: flat fields show quanta and DN, not electrons."""


def fitted_detector(
    fit: Calibration,
    name: str,
    *,
    efficiency: float | None = None,
    electrons_per_quantum: float = ELECTRONS_PER_QUANTUM,
) -> Detector:
    """The profile of a calibrated detector.

    Args:
        fit: from :func:`calibrate`.
        name: what reports will call it.
        efficiency: detected share of the incident quanta, for a calibration without kerma.
        electrons_per_quantum: only its product with the readout noise in quanta matters.

    Raises:
        SpecError: no pixel pitch, no efficiency or two, an efficiency above 1, or a bad name.
    """
    if not name or not name.isprintable():
        raise SpecError(f"name={name!r}: expected printable characters")
    if not (math.isfinite(electrons_per_quantum) and electrons_per_quantum > 0):
        raise SpecError(f"electrons per quantum {electrons_per_quantum!r}: expected above 0")
    if fit.pixel_pitch is None:
        raise SpecError(
            "a detector profile needs the pixel pitch in mm: calibrate with pixel_pitch "
            "(--pixel-pitch)"
        )
    return Detector(
        name=name,
        pixel_pitch=fit.pixel_pitch,
        efficiency=_efficiency(fit, efficiency),
        gain=electrons_per_quantum,
        readout=fit.readout_quanta.value * electrons_per_quantum,
        mtf=fit.blur.value,
        quality=fit.quality,
        source=(
            f"fitted to {len(fit.levels)} pairs of flat fields, "
            f"{electrons_per_quantum:g} electrons per quantum assumed"
        ),
        structural=fit.structural.value,
    )


def _efficiency(fit: Calibration, stated: float | None) -> float:
    if (stated is None) == (fit.efficiency is None):
        raise SpecError(
            "a detector profile needs the efficiency: give the detector air kerma of each pair "
            "(--kerma, --levels), or else the efficiency (--efficiency)"
            if stated is None
            else "the efficiency follows from the kerma; give one of the two"
        )
    value = fit.efficiency.value if fit.efficiency is not None else stated
    if value is None or not 0 < value <= 1:
        cause = "" if stated is not None else " from the kerma, pixel pitch and radiation quality"
        raise SpecError(
            f"an efficiency of {value:.4g}{cause}; expected above 0, up to 1: check these numbers"
        )
    return value


def profile_toml(panel: Detector, fit: Calibration) -> str:
    """A profile file: what :func:`noise.load_detector` reads, and the intervals for people.

    Args:
        panel: from :func:`fitted_detector`.
        fit: the calibration behind it.
    """
    key = json.dumps(panel.name, ensure_ascii=False)
    source = json.dumps(panel.source, ensure_ascii=False)
    quality = json.dumps(panel.quality)
    lines = [
        "# Detector profile, fitted to flat fields. Units as in the profiles that are built in:",
        "# mm, share of the incident quanta, electrons per quantum (assumed), electrons rms,",
        "# mm2, share of the mean signal.",
        "",
        f"[{key}]",
        f"pixel_pitch = {panel.pixel_pitch!r}",
        f"efficiency = {_number(panel.efficiency)}",
        f"gain = {panel.gain!r}",
        f"readout = {_number(panel.readout)}",
        f"mtf = {_number(panel.mtf)}",
        f"structural = {_number(panel.structural)}",
        f"quality = {quality}",
        f"source = {source}",
        "",
        f"# Value and {fit.confidence:.0%} interval; for people, not read by the simulation.",
        f"[{key}.fit]",
        *(f"{name} = {_row(value)}" for name, value in fit.estimates().items()),
        f"levels_dn = [{', '.join(_number(level.mean) for level in fit.levels)}]",
        f"dark_frames = {fit.dark_frames}",
        f"warnings = {json.dumps(list(fit.warnings), ensure_ascii=False)}",
    ]
    return "\n".join(lines) + "\n"


def _row(value: Estimate) -> str:
    numbers = ", ".join(
        f"{name} = {_number(part)}"
        for name, part in (("value", value.value), ("low", value.low), ("high", value.high))
    )
    return f"{{ {numbers}, unit = {json.dumps(value.unit)} }}"


def _number(value: float) -> str:
    """Six digits; TOML wants a point or an exponent in a float."""
    text = f"{value:.6g}"
    return text if any(mark in text for mark in ".en") else f"{text}.0"
