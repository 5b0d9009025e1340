"""A calibration as lines of text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_xraynoise.noise.calibration.result import Calibration, Estimate

_WORDS = {
    "gain": "gain",
    "readout": "readout noise",
    "readout_quanta": "",
    "structural": "structural noise",
    "blur": "blur H",
    "quanta_per_ugy": "sensitivity",
    "efficiency": "efficiency",
}


def table_lines(fit: Calibration) -> list[str]:
    """Values, intervals and units, and what they come from."""
    rows = [("", "value", f"{fit.confidence:.0%} interval", "")]
    for name, value in fit.estimates().items():
        rows.append((_WORDS[name], *_numbers(value), value.unit))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        f"{word:<{widths[0]}}  {value:>{widths[1]}}  {interval:>{widths[2]}}  {unit}".rstrip()
        for word, value, interval, unit in rows
    ]
    lowest, highest = fit.levels[0].mean, fit.levels[-1].mean
    dark = f", {fit.dark_frames} dark frames" if fit.dark_frames else ""
    return [
        *lines,
        f"{len(fit.levels)} pairs of flat fields from {_dn(lowest)} to {_dn(highest)} DN{dark}; "
        f"{fit.blocks} blocks of {fit.block_side} x {fit.block_side} pixels",
    ]


def _dn(mean: float) -> str:
    return f"{mean:.3g}" if mean < 100 else f"{mean:,.0f}"


def _numbers(value: Estimate) -> tuple[str, str]:
    """Digits to the second one of the interval's length."""
    width = value.high - value.low
    digits = 3 if width <= 0 else min(max(1 - math.floor(math.log10(width)), 0), 9)
    texts = [f"{part:.{digits}f}" for part in (value.value, value.low, value.high)]
    return texts[0], f"{texts[1]} to {texts[2]}"
