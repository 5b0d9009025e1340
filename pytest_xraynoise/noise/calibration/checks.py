"""What makes flat fields useless for photon transfer, told before any fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from pytest_xraynoise.noise.calibration.reading import Flat

Floats: TypeAlias = npt.NDArray[np.float64]

MOST_CLIPPED = 0.01
"""Share of pixels at the end of the range from which an image is of no use."""
FEWEST_CLIPPED = 10
PILE = 4
"""So many times the pixels of the next value at the last one: a range that ends, not a tail."""
UNEQUAL = 0.1
"""Largest relative difference of the means of a pair."""


def check_shapes(flats: list[Flat]) -> None:
    """All images must come from one detector.

    Raises:
        DataError: different shapes.
    """
    first = flats[0]
    for flat in flats[1:]:
        if flat.pixels.shape != first.pixels.shape:
            raise DataError(
                f"{flat.name!r} has shape {flat.pixels.shape} but {first.name!r} has "
                f"{first.pixels.shape}; expected flat fields of one detector"
            )


def clipped_share(flat: Flat, region: Floats) -> float:
    """Share of the region's pixels that pile up at its lowest or highest value.

    Raises:
        DataError: a constant image, or one with more than 1% of its pixels at an end.
    """
    values, counts = np.unique(region, return_counts=True)
    if len(values) == 1:
        raise DataError(
            f"{flat.name!r} is constant ({values[0]:g} everywhere); expected a flat field with its "
            "noise, as it came from the detector"
        )
    share = 0.0
    for end, beside, what in ((-1, -2, "saturated"), (0, 1, "cut off")):
        if counts[end] >= FEWEST_CLIPPED and counts[end] > PILE * counts[beside]:
            part = counts[end] / region.size
            if part > MOST_CLIPPED:
                raise DataError(
                    f"{flat.name!r} is {what}: {part:.1%} of its pixels are {values[end]:g}; "
                    "expected an exposure within the detector's range"
                )
            share += part
    return float(share)


def check_pair(first: Flat, second: Flat, a: Floats, b: Floats) -> tuple[float, float]:
    """Means of a pair above the offset.

    Args:
        first: for messages.
        second: the same.
        a: region of the first in DN, offset subtracted.
        b: region of the second.

    Raises:
        DataError: the same image twice, nothing above the offset, or two exposures.
    """
    if np.array_equal(a, b):
        raise DataError(
            f"{first.name!r} and {second.name!r} hold the same pixels; expected two exposures "
            "taken one after the other"
        )
    means = float(a.mean()), float(b.mean())
    for flat, mean in zip((first, second), means, strict=True):
        if mean <= 0:
            raise DataError(
                f"{flat.name!r} has a mean of {mean:.4g} DN after subtraction of the offset; "
                "expected more than 0: check the offset or the dark frames"
            )
    if abs(means[0] - means[1]) > UNEQUAL * max(means):
        raise DataError(
            f"{first.name!r} and {second.name!r} are taken as a pair but their means are "
            f"{means[0]:.4g} and {means[1]:.4g} DN; expected two flat fields of the same exposure, "
            "one after the other in the list"
        )
    return means
