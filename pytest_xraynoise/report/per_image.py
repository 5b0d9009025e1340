"""The Dice of every image at every severity: what a mean over images hides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.rung_words import captions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.results import LadderResult

    Array = npt.NDArray[np.float64]

MOST_DOTS = 100
"""Dots at each severity: enough to show a distribution, few enough for hundreds of tests a page."""

_TAIL = 0.1


@dataclass(frozen=True, slots=True)
class Column:
    """The images at one severity.

    Attributes:
        dots: (at most :data:`MOST_DOTS`,) Dice of the images that are drawn, worst first.
        median: over all images.
        worst_decile: mean of the lowest tenth of all images; of 25 images the two worst and half of
            the third, as in the metric ``dice_worst_decile``. Below ten images the worst one.
    """

    severity: int
    noise: str
    dots: tuple[float, ...]
    median: float
    worst_decile: float


@dataclass(frozen=True, slots=True)
class PerImage:
    """The strip plot: its columns, how many images there are, and how many are drawn."""

    columns: tuple[Column, ...]
    images: int
    drawn: int
    labels: int


def per_image(result: LadderResult) -> PerImage | None:
    """Read the Dice of each image, its mean over the labels that it has.

    Where there are more images than dots, images are drawn evenly by their rank, the worst and the
    best always among them; median and tenth are always over all of them.

    Returns:
        None for anything but a segmentation, and for a result stored without its scores.
    """
    import numpy as np

    known = set(result.severities) <= set(result._scores)
    if result.task != "segmentation" or not known or len(result.rungs) < 2:
        return None
    names, columns, images = captions(result), [], 0
    for severity in result.severities:
        values = np.sort(_by_image(result.scores(severity=severity)))
        if not len(values):
            return None
        images = max(images, len(values))
        drawn = values[_evenly(len(values))]
        columns.append(
            Column(
                severity,
                names[severity],
                tuple(map(float, drawn)),
                float(np.median(values)),
                _lowest(values),
            )
        )
    drawn_most = max(len(column.dots) for column in columns)
    return PerImage(tuple(columns), images, drawn_most, len(result.labels))


def jitter(count: int) -> Array:
    """Offsets in [-1, 1] that keep dots beside each other apart, the same every time.

    The additive recurrence of the golden ratio: any run of consecutive terms is spread evenly.
    """
    import numpy as np

    spread: Array = 2 * np.modf(np.arange(1, count + 1) * (math.sqrt(5) - 1) / 2)[0] - 1
    return spread


def _by_image(dice: Array) -> Array:
    """Mean over the labels that an image has; images without any are left out."""
    import numpy as np

    rows = dice.reshape(len(dice), -1)
    rows = rows[~np.isnan(rows).all(axis=1)]
    mean: Array = np.nanmean(rows, axis=1) if len(rows) else np.empty(0)
    return mean


def _evenly(count: int) -> npt.NDArray[np.intp]:
    import numpy as np

    if count <= MOST_DOTS:
        return np.arange(count)
    return np.round(np.linspace(0, count - 1, MOST_DOTS)).astype(np.intp)


def _lowest(values: Array) -> float:
    """Mean of the lowest tenth of sorted values, the last of them in part."""
    import numpy as np

    tail = max(1.0, _TAIL * len(values))
    share = np.clip(tail - np.arange(len(values)), 0.0, 1.0)
    return float((share * values).sum() / share.sum())
