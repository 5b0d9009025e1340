"""Ladders on an image made of plain values, for the picture and the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.report.ladder_row import LadderRow, Measured
from pytest_xraynoise.report.ladder_view import Panel, View
from pytest_xraynoise.results import Rung

Image = npt.NDArray[np.float32]


def measured(severity: int, reading: str = "", **figures: float | None) -> Measured:
    photons = 60.0 / max(severity, 1)
    rung = Rung(
        severity,
        photons if severity else None,
        "photons at white",
        reading or f"{photons:g} photons at white; about 1/{severity}00 of an exposure",
        {"photons": photons} if severity else {},
    )
    known = {"noise_sd": 0.05 * severity, "mid_grey_sd": 0.1, "snr": 5.0, "clipped": 0.004}
    told = {**known, "mean_shift": -0.0021, **figures}
    return Measured(rung, **told)  # type: ignore[arg-type]


def row(severities: Sequence[int] = (0, 1, 2, 3), noise: str = "poisson") -> LadderRow:
    return LadderRow(noise, "imagenet-c", "counting noise", [measured(s) for s in severities])


def noisy(shape: tuple[int, int], count: int, seed: int = 0) -> list[Image]:
    generator = np.random.default_rng(seed)
    return [generator.random(shape, dtype=np.float32) for _ in range(count)]


def panels(view: View, count: int) -> list[Panel]:
    return [view.panel(image) for image in noisy(view.shape, count)]
